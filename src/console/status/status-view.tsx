/** Whether all is well: what answers depend on, versions, content, and the numbers of the last hour. */
import type { Bundle, CapabilityStatement, TerminologyCapabilities } from 'fhir/r4.js'
import { ask, fhirBase } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { language } from '../app/session.ts'
import { fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Icon } from '../parts/icon.tsx'
import { Word } from '../parts/word.tsx'
import { countryName } from '../verify/input/countries.ts'
import { LastHour } from './last-hour.tsx'
import { readReadiness } from './read-status.ts'
import { useRounds } from './use-rounds.ts'

/** The view; it asks again every few seconds while it is seen. */
export function View() {
  const { status } = texts()
  const round = useRounds(5_000)
  return (
    <>
      <h1>{status.title}</h1>
      <Readiness round={round} />
      <LastHour round={round} />
      <Content />
      <Software />
      <p class="hint">{status.updated}</p>
    </>
  )
}

function Readiness({ round }: { round: number }) {
  const { status } = texts()
  // What is missing is said with 503: here that is an answer.
  const reply = useReply(`ready ${round}`, async (signal) =>
    readReadiness(await ask<unknown>('//ready', { accept: 'application/json', signal, alsoBusy: true })),
  )
  return (
    <section>
      <Await asked={reply} lines={8} keep>
        {({ isReady, parts }) => (
          <>
            <p class={`card status-head look-${isReady ? 'good' : 'bad'}`} role="status">
              <Icon name={isReady ? 'accepted' : 'unverified'} size={28} />
              <strong>{isReady ? status.ready : status.notReady}</strong>
            </p>
            <h2>{status.parts}</h2>
            <ul class="status-parts">
              {parts.map(({ name, ready, state, detail }) => (
                <li key={name} class={`card look-${ready ? 'good' : 'bad'}`}>
                  <Icon name={ready ? 'accepted' : 'rejected'} size={18} />
                  <div>
                    <strong>
                      <Word table={status.partNames} code={name} />
                    </strong>
                    <p>
                      {ready ? status.there : status.missing} – <PartState state={state} />
                    </p>
                    {detail && (
                      <p class="hint" lang="en" dir="auto">
                        {detail}
                      </p>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          </>
        )}
      </Await>
    </section>
  )
}

/** How a part stands: one of the server's words, or how many of how many. */
function PartState({ state }: { state: string }) {
  const { status } = texts()
  const [, n = '', of = '', what] = /^(\d+) of (\d+) (usable|answer)$/.exec(state) ?? []
  if (what) return <span>{fill(what === 'usable' ? status.usable : status.answering, { n, of })}</span>
  return <Word table={status.states} code={state} />
}

const shownTypes = ['ValueSet', 'CodeSystem', 'ConceptMap', 'StructureMap', 'Library', 'PlanDefinition'] as const

function Content() {
  const { status } = texts()
  return (
    <section>
      <h2>{status.content}</h2>
      <dl class="status-facts">
        {shownTypes.map((type) => (
          <TypeCount key={type} type={type} />
        ))}
      </dl>
      <Systems />
    </section>
  )
}

function TypeCount({ type }: { type: string }) {
  const reply = useReply(type, (signal) => ask<Bundle>(`/${type}?_summary=count`, { signal }))
  const total = reply.value?.total
  return (
    <div>
      <dt>
        <a href={`/catalogue?type=${type}`}>{type}</a>
      </dt>
      <dd>{total === undefined ? '–' : new Intl.NumberFormat(language.value).format(total)}</dd>
    </div>
  )
}

function Systems() {
  const { status } = texts()
  const reply = useReply('systems', (signal) => ask<TerminologyCapabilities>('/metadata?mode=terminology', { signal }))
  return (
    <Await asked={reply} lines={3}>
      {({ codeSystem = [] }) => (
        <details>
          <summary>
            {status.systems} ({codeSystem.length})
          </summary>
          <ul class="status-systems">
            {codeSystem.map(({ uri = '', version = [] }) => (
              <li key={uri}>
                <bdi>{uri}</bdi> <span class="hint">{version.map(({ code }) => code ?? '').join(', ')}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Await>
  )
}

interface Health {
  software?: string
  version?: string
  network?: { state?: string }
  jurisdiction?: string
}

function Software() {
  const { status } = texts()
  const health = useReply('health', (signal) => ask<Health>('//health', { accept: 'application/json', signal }))
  const metadata = useReply('metadata', (signal) => ask<CapabilityStatement>('/metadata', { signal }))
  return (
    <section>
      <h2>{status.software}</h2>
      <Await asked={health} lines={3}>
        {({ software = '', version = '', network, jurisdiction }) => (
          <dl class="status-facts">
            <Fact name={status.version} value={`${software} ${version}`} />
            <Fact name={status.fhirVersion} value={metadata.value?.fhirVersion ?? '–'} />
            <Fact name={status.network} value={network?.state === 'on' ? status.yes : status.no} />
            <Fact name={status.jurisdiction} value={shownCountry(jurisdiction) ?? status.noJurisdiction} />
            <Fact name={status.address} value={`${location.origin}${fhirBase}`} />
          </dl>
        )}
      </Await>
      <h3>{status.interfaces}</h3>
      <ul>
        <li>
          <a href={`${fhirBase}/metadata?_format=json&_pretty=true`} target="_blank" rel="noreferrer">
            CapabilityStatement
          </a>
        </li>
        <li>
          <a href="/openapi.json" target="_blank" rel="noreferrer">
            OpenAPI
          </a>
        </li>
        <li>
          <a href="/health" target="_blank" rel="noreferrer">
            <bdi dir="ltr">/health</bdi>
          </a>
        </li>
        <li>
          <a href="/ready" target="_blank" rel="noreferrer">
            <bdi dir="ltr">/ready</bdi>
          </a>
        </li>
      </ul>
    </section>
  )
}

function shownCountry(code: unknown): string | undefined {
  if (typeof code !== 'string' || code === '') return undefined
  const name = countryName(code, language.value)
  return name === code ? code : `${name} (${code})`
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  )
}
