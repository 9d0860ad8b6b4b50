/** What came of running a rule: what the text in the editor gives, and what the rules that are published say of the same. */
import type { OperationOutcome } from 'fhir/r4.js'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Issues } from '../../parts/fault.tsx'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { Explanations } from './explanations.tsx'
import { Reasons } from './reasons.tsx'
import type { DefineOutcome, RuleOutcome, Verdict } from './results.ts'
import type { Ended } from './run.ts'
import { ShownValue } from './shown-value.tsx'

const icons: Record<'true' | 'false' | 'null', IconName> = {
  true: 'accepted',
  false: 'rejected',
  null: 'undetermined',
}

/** True, false or null, with its sign. */
function Truth({ truth }: { truth: 'true' | 'false' | 'null' }) {
  const { workbench } = texts()
  const words = { true: workbench.true, false: workbench.false, null: workbench.null }
  return (
    <span class={`truth truth-${truth}`}>
      <Icon name={icons[truth]} />
      {words[truth]}
    </span>
  )
}

/** Both. */
export function RuleOutcomeView({ ended }: { ended: Extract<Ended, { kind: 'rule' | 'unverified' }> }) {
  const { workbench } = texts()
  const { verdict } = ended
  return (
    <>
      {ended.kind === 'unverified' && (
        <div class="notice notice-bad" role="alert">
          <Icon name="unverified" size={24} />
          <div>
            <p class="notice-head">{fill(workbench.notRun, { status: ended.verdict.status })}</p>
            <ul>
              {ended.verdict.failed.map(({ name, detail }) => (
                <li>
                  <bdi>{name}</bdi>
                  {detail && <span dir="auto">: {detail}</span>}
                </li>
              ))}
            </ul>
            <p>{workbench.notRunHint}</p>
          </div>
        </div>
      )}
      {ended.kind === 'rule' && (
        <>
          <h4>{workbench.ofEditor}</h4>
          <Failures outcomes={ended.run.failures} />
          <ul class="defines">
            {[...ended.run.defines].sort(byImportance).map((each) => (
              <Define define={each} />
            ))}
          </ul>
          {ended.run.defines.length === 0 && ended.run.failures.length === 0 && <p>{workbench.noDefines}</p>}
          <Explanations explanation={ended.run.explanation} />
          {ended.run.warnings.map(({ issue }) => (
            <Issues issues={issue} />
          ))}
        </>
      )}
      {ended.kind === 'rule' && verdict && <PublishedVerdict verdict={verdict} />}
    </>
  )
}

/** What decides comes first. */
const byImportance = (a: DefineOutcome, b: DefineOutcome) =>
  Number(a.truth === undefined) - Number(b.truth === undefined)

function Failures({ outcomes }: { outcomes: OperationOutcome[] }) {
  const { workbench } = texts()
  if (outcomes.length === 0) return null
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="warning" size={24} />
      <div>
        <p class="notice-head">{workbench.failedDefines}</p>
        {outcomes.map(({ issue }) => (
          <Issues issues={issue} />
        ))}
      </div>
    </div>
  )
}

function Define({ define: { name, type, truth, value } }: { define: DefineOutcome }) {
  if (truth)
    return (
      <li class="define">
        <bdi class="define-name">{name}</bdi> <Truth truth={truth} />
      </li>
    )
  return (
    <li class="define">
      <details>
        <summary>
          <bdi class="define-name">{name}</bdi>
          {type && (
            <code class="define-type" dir="ltr">
              {shortType(type)}
            </code>
          )}
        </summary>
        <ShownValue value={value} />
      </details>
    </li>
  )
}

const shortType = (type: string): string => {
  const bare = type.replaceAll('System.', '')
  return bare.length > 60 ? `${bare.slice(0, 58)}…` : bare
}

function PublishedVerdict({ verdict }: { verdict: Verdict }) {
  const { workbench } = texts()
  const { decision, rules, outcome } = verdict
  const words = workbench.decisions
  const known = Object.entries(words).find(([name]) => name === decision)?.[1]
  return (
    <section class="published-verdict">
      <h4>{workbench.ofPublished}</h4>
      <p class={`decision decision-${decision}`}>
        <strong>{known ?? decision}</strong>
      </p>
      <ul class="defines">
        {rules.map((rule) => (
          <PublishedRule rule={rule} />
        ))}
      </ul>
      {outcome && (
        <details>
          <summary>{workbench.remarksOfServer}</summary>
          <Issues issues={outcome.issue} />
        </details>
      )}
    </section>
  )
}

function PublishedRule({ rule: { action, plan, result, isInformative, message, evidence } }: { rule: RuleOutcome }) {
  const { workbench } = texts()
  return (
    <li class="define">
      <bdi class="define-name">{action}</bdi> <Truth truth={result} />
      {isInformative && <span class="tag">{workbench.informs}</span>}
      {plan && (
        <code class="define-type" dir="ltr">
          {plan}
        </code>
      )}
      {message && <p dir="auto">{message}</p>}
      {evidence.length > 0 && (
        <details>
          <summary>{workbench.why}</summary>
          <Reasons reasons={evidence} />
        </details>
      )}
    </li>
  )
}

/** Why a text could not be run, in the server's words. */
export function WrongNotice({ outcome }: { outcome: OperationOutcome }) {
  const { workbench } = texts()
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="warning" size={24} />
      <div>
        <p class="notice-head">{workbench.cannotRun}</p>
        <Issues issues={outcome.issue.filter(({ severity }) => severity !== 'information')} />
      </div>
    </div>
  )
}
