/** What stands behind a verdict: the checks, who signed, what was used. */
import { useState } from 'preact/hooks'
import { checkNames } from '../../../credentials/verdict-words.ts'
import { ask } from '../../api/client.ts'
import { all, parametersOf, text } from '../../api/parameters.ts'
import { useReply } from '../../api/use-reply.ts'
import { counted, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { locale, shownAge } from '../input/reader.ts'
import type { Check, Verdict } from '../reply/verdict.ts'
import { Fact } from './certified.tsx'

const signs: Record<Check['outcome'], IconName> = {
  pass: 'accepted',
  warn: 'warning',
  fail: 'rejected',
  skipped: 'open',
  unknown: 'undetermined',
}

/** The name of a check in the language; its code where it is not known. */
export function checkName(name: string): string {
  const { names } = texts().verify.checks
  const known = checkNames.find((each) => each === name)
  return known ? names[known] : name || '?'
}

/** The checks: those that failed open, the others folded. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  const { checks: words } = texts().verify
  const isBad = ({ outcome }: Check) => outcome === 'fail' || outcome === 'unknown'
  const bad = checks.filter(isBad)
  const others = checks.filter((each) => !isBad(each))
  const notMade = others.filter(({ outcome }) => outcome === 'skipped').length
  const passed = others.filter(({ outcome }) => outcome === 'pass' || outcome === 'warn').length
  return (
    <section class="checks">
      <h3>{words.head}</h3>
      {bad.length > 0 && <CheckList checks={bad} />}
      <details>
        <summary>
          {counted(words.passed, passed, locale())}
          {notMade > 0 && ` · ${counted(words.notMade, notMade, locale())}`}
        </summary>
        <CheckList checks={others} />
      </details>
    </section>
  )
}

function CheckList({ checks }: { checks: readonly Check[] }) {
  const { outcomes } = texts().verify.checks
  return (
    <ul class="plain">
      {checks.map(({ name, outcome, detail }) => (
        <li class={`made-check check-${outcome}`}>
          <Icon name={signs[outcome]} />
          <span>
            <bdi>{checkName(name)}</bdi>: {outcomes[outcome]}
            {detail && (
              <span class="hint" dir="auto" lang="en">
                {detail}
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** Why the key is trusted or not, beside the verdict: another window, for a verdict that is left is gone. */
function KeyLink({ keyId }: { keyId: string }) {
  return (
    <a href={`/trust?keyId=${encodeURIComponent(keyId)}`} target="_blank" rel="noreferrer">
      {keyId}
    </a>
  )
}

/** Issuer, key, trust list. */
export function IssuerFacts({ verdict: { issuer, format } }: { verdict: Verdict }) {
  const { issuer: words } = texts().verify
  const names = ['name', 'participant', 'keyId', 'keyUsage', 'trustDomain', 'trustList'] as const
  const [isOpen, setOpen] = useState(false)
  if (!issuer && !format) return null
  return (
    <details class="issuer" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{words.head}</summary>
      <dl class="told-facts">
        {names.map(
          (name) =>
            issuer?.[name] && (
              <Fact label={words[name]}>{name === 'keyId' ? <KeyLink keyId={issuer[name]} /> : issuer[name]}</Fact>
            ),
        )}
        {isOpen && issuer?.trustList && <ListAge list={issuer.trustList} />}
        {format && <Fact label={words.format}>{format}</Fact>}
      </dl>
    </details>
  )
}

/** How the trust list stands, and when it was read; asked when somebody wants to know. */
function ListAge({ list }: { list: string }) {
  const { issuer: words } = texts().verify
  const asked = useReply(list, (signal) => ask(`/$trust-status?count=0&list=${encodeURIComponent(list)}`, { signal }))
  const status = parametersOf(asked.value) ?? []
  const standing = all(status, 'list').find(({ part }) => text(part, 'name') === list)?.part ?? []
  const readAt = text(standing, 'checkedAt') ?? text(standing, 'readAt')
  const state = listStates.find((each) => each === text(standing, 'state'))
  const now = text(status, 'at')
  if (asked.state === 'waiting' || asked.state === 'slow') return null
  const age = readAt && now ? `${shownAge(new Date(readAt), new Date(now))} (${shownDate(readAt, locale())})` : ''
  const standingText = words.listStates[state ?? 'unknown']
  return <Fact label={words.listAge}>{age ? `${standingText} · ${age}` : standingText}</Fact>
}

const listStates = ['ok', 'stale', 'failed', 'absent'] as const

/** Rule sets, libraries, maps and value sets, each in the version that counted. */
export function Versions({ verdict: { artefacts, evaluationDateTime } }: { verdict: Verdict }) {
  const { versions } = texts().verify
  return (
    <details class="versions">
      <summary>{versions.head}</summary>
      <dl class="told-facts">
        {evaluationDateTime && <Fact label={versions.clock}>{shownDate(evaluationDateTime, locale())}</Fact>}
      </dl>
      {artefacts.length === 0 && <p>{versions.none}</p>}
      <ul class="plain">
        {artefacts.map(({ type, canonical, hash }) => (
          <li class="mono">
            <bdi>
              {type} {canonical}
            </bdi>
            {hash && <small>sha256 {hash.slice(0, 16)}…</small>}
          </li>
        ))}
      </ul>
    </details>
  )
}

/** A rule's message in the language that was asked for; what else the server says is English. */
const isOfAuthor = (text: string): boolean =>
  /^rule "/.test(text) && !/: (?:not determined|the rule was not run): /.test(text)

/** Warnings and errors of the server. */
export function Remarks({ verdict: { issues } }: { verdict: Verdict }) {
  const { remarks } = texts().verify
  if (issues.length === 0) return null
  return (
    <details class="remarks">
      <summary>{remarks}</summary>
      <ul>
        {issues.map(({ text }) => (
          <li dir="auto" {...(!isOfAuthor(text) && { lang: 'en' })}>
            {text}
          </li>
        ))}
      </ul>
    </details>
  )
}
