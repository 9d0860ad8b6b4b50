/** What a code becomes by a concept map, in either direction. */
import { useState } from 'preact/hooks'
import { useReply } from '../../api/use-reply.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Field } from '../../parts/field.tsx'
import { Notice } from '../../parts/notice.tsx'
import { pathOf } from '../page/addresses.ts'
import { Canonical } from '../page/links.tsx'
import { WrongAnswer } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { mapGroups } from '../readers/concept-map.ts'
import { type Match, type Translated, translatedOf } from '../readers/parameters.ts'
import { splitCanonical } from '../readers/references.ts'
import { askArtefact, type Given } from './ask-artefact.ts'
import { relationWords } from './map-pairs.tsx'

interface Question {
  code: string
  system: string
  isReverse: boolean
}

/** The part. */
export function Translate({ which, resource }: PartProps) {
  const { map, tabs, valueSet } = texts().catalogue
  const [question, setQuestion] = useState<Question>()
  const [isReverse, setReverse] = useState(false)
  const groups = mapGroups(resource)
  const systems = [...new Set(groups.map((each) => splitCanonical(isReverse ? each.target : each.source).url))].filter(
    Boolean,
  )
  return (
    <section aria-label={tabs.translate}>
      <h2>{tabs.translate}</h2>
      <p>{map.translateHint}</p>
      <form
        class="filter-fields"
        onSubmit={(event) => {
          event.preventDefault()
          const data = new FormData(event.currentTarget)
          const text = (name: string) => String(data.get(name) ?? '').trim()
          if (text('code')) setQuestion({ code: text('code'), system: text('system'), isReverse })
        }}
      >
        <Field label={valueSet.code}>
          {(control) => <input {...control} name="code" required autocomplete="off" spellcheck={false} dir="ltr" />}
        </Field>
        <Field label={map.system}>
          {(control) =>
            systems.length > 0 ? (
              <select {...control} name="system" dir="ltr">
                {systems.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            ) : (
              <input {...control} name="system" required autocomplete="off" spellcheck={false} dir="ltr" />
            )
          }
        </Field>
        <label class="check">
          <input type="checkbox" checked={isReverse} onChange={(event) => setReverse(event.currentTarget.checked)} />
          {map.reverse}
        </label>
        <button type="submit">{map.translate}</button>
      </form>
      <div aria-live="polite">
        {question && <Asked key={JSON.stringify(question)} which={which} resource={resource} question={question} />}
      </div>
    </section>
  )
}

/** One question with its answer: another question begins anew, so that no answer is ever seen beside it that is not its own. */
function Asked({ which, resource, question }: PartProps & { question: Question }) {
  const { code, system, isReverse } = question
  const given: Given[] = [
    { name: 'code', valueCode: code },
    { name: 'system', valueUri: system },
    ...(isReverse ? [{ name: 'reverse', valueBoolean: true }] : []),
  ]
  const asked = useReply(pathOf(which), (signal) =>
    askArtefact({ which, resource }, { operation: '$translate', itself: 'conceptMap', given, signal }),
  )
  return (
    <Await asked={asked} lines={3}>
      {(value) => {
        const answer = translatedOf(value)
        return answer ? <Answer answer={answer} question={question} /> : <WrongAnswer />
      }}
    </Await>
  )
}

function Answer({ answer, question }: { answer: Translated; question: Question }) {
  const { map } = texts().catalogue
  if (answer.result === undefined)
    return (
      <Notice kind="bad">
        <p class="notice-head">{map.unclear}</p>
      </Notice>
    )
  return (
    <section class="card" aria-label={map.result}>
      <h3>
        {map.result}: <code>{question.code}</code>
      </h3>
      {answer.matches.length === 0 && <p>{map.noMatch}</p>}
      {answer.matches.length > 0 && (
        <ul class="plain-list">
          {answer.matches.slice(0, 200).map((each) => (
            <MatchLine match={each} code={question.code} />
          ))}
        </ul>
      )}
      {answer.message && <p dir="auto">{answer.message.slice(0, 1_000)}</p>}
    </section>
  )
}

/** The relation is what the match is to the code that was asked, whatever the direction. */
function MatchLine({ match, code }: { match: Match; code: string }) {
  const { map } = texts().catalogue
  return (
    <li>
      <code>{code}</code> <em>{relationWords(match.relation)}</em>{' '}
      {match.coding ? (
        <>
          <strong>
            <bdi>{match.coding.display || match.coding.code}</bdi>
          </strong>{' '}
          <code>{match.coding.code}</code> <Canonical canonical={match.coding.system} />
        </>
      ) : (
        '–'
      )}
      {match.products.map((each) => (
        <span class="under" dir="auto">
          {each.slice(0, 300)}
        </span>
      ))}
      {match.map && <span class="under">{fill(map.by, { map: match.map.slice(0, 500) })}</span>}
    </li>
  )
}
