/** What stands behind a verdict: the checks, who signed, what was used. */
import { counted, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { locale } from '../input/reader.ts'
import { type Check, checkNames, type Verdict } from '../reply/verdict.ts'
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
        <li class={`check check-${outcome}`}>
          <Icon name={signs[outcome]} />
          <span>
            <bdi>{checkName(name)}</bdi>: {outcomes[outcome]}
            {detail && (
              <span class="hint" dir="auto">
                {detail}
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** Issuer, key, trust list. */
export function IssuerFacts({ verdict: { issuer, format } }: { verdict: Verdict }) {
  const { issuer: words } = texts().verify
  const names = ['name', 'participant', 'keyId', 'keyUsage', 'trustDomain', 'trustList'] as const
  if (!issuer && !format) return null
  return (
    <details class="issuer">
      <summary>{words.head}</summary>
      <dl class="facts">
        {names.map((name) => issuer?.[name] && <Fact label={words[name]}>{issuer[name]}</Fact>)}
        {format && <Fact label={words.format}>{format}</Fact>}
      </dl>
    </details>
  )
}

/** Rule sets, libraries, maps and value sets, each in the version that counted. */
export function Versions({ verdict: { artefacts, evaluationDateTime } }: { verdict: Verdict }) {
  const { versions } = texts().verify
  return (
    <details class="versions">
      <summary>{versions.head}</summary>
      <dl class="facts">
        {evaluationDateTime && <Fact label={versions.clock}>{shownDate(evaluationDateTime, locale())}</Fact>}
      </dl>
      {artefacts.length === 0 && <p>{versions.none}</p>}
      <ul class="plain">
        {artefacts.map(({ type, canonical, hash }) => (
          <li class="code">
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

/** Warnings and errors of the server. */
export function Remarks({ verdict: { issues } }: { verdict: Verdict }) {
  const { remarks } = texts().verify
  if (issues.length === 0) return null
  return (
    <details class="remarks">
      <summary>{remarks}</summary>
      <ul>
        {issues.map(({ text }) => (
          <li dir="auto">{text}</li>
        ))}
      </ul>
    </details>
  )
}
