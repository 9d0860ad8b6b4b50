/** Who vouches for an artefact, and whether his signature holds: the server judges it anew each time. */
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { language } from '../../app/session.ts'
import { fill, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Notice } from '../../parts/notice.tsx'
import { bundleOf } from '../readers/artefact.ts'
import { isAbout, type Verdict, type Vouching, verdictOf, vouchingOf } from '../readers/signature.ts'
import { WrongAnswer } from './notices.tsx'
import type { PartProps } from './part-props.ts'

/** The part. */
export function Signatures({ which, resource }: PartProps) {
  const { signatures, tabs } = texts().catalogue
  const query = new URLSearchParams({ target: `${which.type}/${which.id}`, _count: '50', _sort: '-recorded' })
  const path = `/Provenance?${query}`
  const asked = useReply(path, (signal) => ask(path, { signal }))
  const version = resource.child('meta').text('versionId')
  return (
    <section aria-label={tabs.signatures}>
      <h2>{signatures.records}</h2>
      <Await asked={asked}>
        {(value) => {
          const bundle = bundleOf(value)
          if (!bundle) return <WrongAnswer />
          const found = bundle.resources.filter((each) => each.text('resourceType') === 'Provenance').map(vouchingOf)
          const isOf = (each: Vouching) => each.targets.some((target) => isAbout(target, { ...which, shown: version }))
          return <Records own={found.filter(isOf)} others={found.filter((each) => !isOf(each))} />
        }}
      </Await>
    </section>
  )
}

function Records({ own, others }: { own: Vouching[]; others: Vouching[] }) {
  const { signatures } = texts().catalogue
  return (
    <>
      {own.length === 0 && (
        <div class="card empty">
          <p class="notice-head">{signatures.none}</p>
          <p>{signatures.noneHint}</p>
        </div>
      )}
      {own.map((each) => (
        <Record key={each.id} record={each} />
      ))}
      {others.length > 0 && (
        <>
          <h3>{signatures.ofOther}</h3>
          <ul>
            {others.map((each) => (
              <li key={each.id}>
                {shownDate(each.recorded, language.value)} <bdi>{each.agents.join(', ').slice(0, 300)}</bdi>{' '}
                <code>{each.targets.join(', ').slice(0, 300)}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function Record({ record }: { record: Vouching }) {
  const { signatures } = texts().catalogue
  return (
    <section class="card">
      <p>
        {fill(signatures.recorded, { date: shownDate(record.recorded, language.value) })}
        {record.agents.length > 0 && (
          <>
            {' · '}
            <bdi>{fill(signatures.by, { names: record.agents.join(', ').slice(0, 500) })}</bdi>
          </>
        )}
        {record.activity && (
          <>
            {' · '}
            <bdi>{record.activity.slice(0, 200)}</bdi>
          </>
        )}
      </p>
      {record.isSigned ? (
        <Judged id={record.id} />
      ) : (
        <Notice kind="open">
          <p class="notice-head">{signatures.unsigned}</p>
        </Notice>
      )}
    </section>
  )
}

function Judged({ id }: { id: string }) {
  const body = {
    resourceType: 'Parameters',
    parameter: [{ name: 'reference', valueReference: { reference: `Provenance/${id}` } }],
  }
  const asked = useReply(`verify ${id}`, (signal) => ask('/$verify-signature', { method: 'POST', body, signal }))
  return (
    <Await asked={asked} lines={3}>
      {(value) => <VerdictNotice verdict={verdictOf(value)} />}
    </Await>
  )
}

const kinds = { holds: 'good', broken: 'bad', 'no-author': 'open', unclear: 'bad' } as const

function VerdictNotice({ verdict }: { verdict: Verdict }) {
  const { signatures } = texts().catalogue
  return (
    <Notice kind={kinds[verdict.state]}>
      <p class="notice-head">{signatures[verdict.state]}</p>
      {verdict.signers.map((each) => (
        <p key={each.kid}>
          <bdi>
            {fill(signatures.signer, {
              name: [each.name || each.participant, each.issuer].filter(Boolean).join(' · '),
            })}
          </bdi>{' '}
          <code>{each.kid}</code>
        </p>
      ))}
      {verdict.message && <p dir="auto">{verdict.message.slice(0, 1_000)}</p>}
      {verdict.steps.length > 0 && (
        <details open={verdict.state === 'broken'}>
          <summary>{signatures.steps}</summary>
          <ul class="steps">
            {verdict.steps.map(({ name, outcome, detail }) => (
              <li class={`step-${outcome}`}>
                <strong>
                  {name}: {signatures.outcomes[outcome]}
                </strong>{' '}
                <span dir="auto">{detail.slice(0, 500)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Notice>
  )
}
