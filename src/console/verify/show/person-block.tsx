/** Whom the credential is about, large, to be compared with an identity document by eye. */
import { shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import { locale } from '../input/reader.ts'
import type { PersonName } from '../reply/content.ts'
import { isLatin, machineReadableDate, machineReadableName } from '../reply/machine-readable.ts'
import { isLink } from '../reply/reason.ts'
import type { Verdict } from '../reply/verdict.ts'

/** Name and date of birth, as written and as travel documents have them. */
export function PersonBlock({ verdict }: { verdict: Verdict }) {
  const { person } = texts().verify
  const { identity, content, evaluations, linked, isTogether } = verdict
  // Of several that are judged apart, and of links, the persons stand with what is theirs.
  const isElsewhere = isLink(verdict) || linked.length > 0 || (evaluations.length > 0 && !isTogether)
  if (!verdict.subject && isElsewhere) return null
  const subject = verdict.subject ?? {}
  const others = (content?.names ?? []).filter(({ text }) => text !== subject.name)
  const structured = content?.names.find(({ text }) => text === subject.name)
  return (
    <section class="person" aria-labelledby="person-head">
      <h3 id="person-head">
        <Icon name="search" /> {person.head}
      </h3>
      {identity && (
        <p class={`identity identity-${identity}`}>
          <Icon name={identity === 'match' ? 'accepted' : identity === 'close' ? 'warning' : 'rejected'} size={24} />
          {person[identity]}
        </p>
      )}
      <div class="person-facts">
        <div>
          <p class="person-label">{person.name}</p>
          {subject.name ? <Name name={structured ?? { text: subject.name }} /> : <Missing text={person.noName} />}
          {others.length > 0 && (
            <p class="person-also">
              {person.otherNames}: <bdi>{others.map(({ text }) => text).join(' · ')}</bdi>
            </p>
          )}
        </div>
        <div>
          <p class="person-label">{person.born}</p>
          {subject.birthDate ? <Birth date={subject.birthDate} /> : <Missing text={person.noBirth} />}
        </div>
      </div>
      {subject.identifier && (
        <p class="person-also">
          {person.number}: <bdi class="mono">{subject.identifier}</bdi>
        </p>
      )}
    </section>
  )
}

function Name({ name }: { name: PersonName }) {
  const { person } = texts().verify
  const machine = machineReadableName(name)
  return (
    <>
      <p class="person-name" dir="auto">
        {name.text}
      </p>
      {machine ? (
        <>
          {!isLatin(name.text) && (
            <p class="person-latin" dir="ltr">
              {machine.text.replaceAll(/<+/g, ' ')}
            </p>
          )}
          <p class="person-machine">
            <span class="person-label">{person.machineReadable}</span>
            <code dir="ltr">{machine.text}</code>
          </p>
          {!machine.isOrdered && <p class="hint">{person.anyOrder}</p>}
          {machine.isTranscribed && <p class="hint">{person.byEar}</p>}
        </>
      ) : (
        <p class="hint">{person.noLatin}</p>
      )}
    </>
  )
}

function Birth({ date }: { date: string }) {
  const { person } = texts().verify
  const machine = machineReadableDate(date)
  return (
    <>
      <p class="person-name" dir="auto">
        {shownDate(date, locale())}
      </p>
      <p class="person-machine">
        <code dir="ltr">{date}</code>
      </p>
      {machine && (
        <p class="person-machine">
          <span class="person-label">{person.machineReadable}</span>
          <code dir="ltr">{machine}</code>
        </p>
      )}
      {date.length < 10 && (
        <p class="person-missing">
          <Icon name="warning" /> {person.partialBirth}
        </p>
      )}
    </>
  )
}

const Missing = ({ text }: { text: string }) => (
  <p class="person-missing">
    <Icon name="warning" /> {text}
  </p>
)
