/** What came of running a rule: what the text in the editor gives, and what the rules that are published say of the same. */

import type { OperationOutcome } from 'fhir/r4.js'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Issues } from '../../parts/fault.tsx'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { Notice } from '../../parts/notice.tsx'
import { decidingDefines } from '../document/deciding.ts'
import { Explanations } from './explanations.tsx'
import { Reasons } from './reasons.tsx'
import type { DefineOutcome, RuleOutcome, RunOutcome, Verdict } from './results.ts'
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

interface RuleOutcomeProps {
  ended: Extract<Ended, { kind: 'rule' | 'unverified' }>
  /** Texts of the rule sets that are open with the rule. */
  plans: readonly string[]
}

/** Both. */
export function RuleOutcomeView({ ended, plans }: RuleOutcomeProps) {
  const { workbench } = texts()
  const { verdict } = ended
  return (
    <>
      {ended.kind === 'unverified' && (
        <Notice kind="bad" icon="unverified" isAlert head={fill(workbench.notRun, { status: ended.verdict.status })}>
          <ul>
            {ended.verdict.failed.map(({ name, detail }) => (
              <li>
                <bdi>{name}</bdi>
                {detail && <span dir="auto">: {detail}</span>}
              </li>
            ))}
          </ul>
          <p>{workbench.notRunHint}</p>
        </Notice>
      )}
      {ended.kind === 'rule' && (
        <>
          <h4>{workbench.ofEditor}</h4>
          <OwnVerdict names={decidingDefines(plans)} run={ended.run} />
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

/** In words, before all detail: what comes of the defines by which the rule sets decide. One that gave nothing is not determined. */
function OwnVerdict({ names, run }: { names: string[]; run: RunOutcome }) {
  const { workbench } = texts()
  if (names.length === 0) return null
  const words = { true: workbench.met, false: workbench.notMet, null: workbench.notDetermined }
  return (
    <div class="own-verdict">
      <strong>{workbench.withThisText}</strong>
      <ul>
        {names.map((name) => {
          const truth = run.defines.find((each) => each.name === name)?.truth ?? 'null'
          return (
            <li key={name}>
              <bdi>{name}</bdi>{' '}
              <span class={`truth truth-${truth}`}>
                <Icon name={icons[truth]} />
                {words[truth]}
              </span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}

/** What decides comes first. */
const byImportance = (a: DefineOutcome, b: DefineOutcome) =>
  Number(a.truth === undefined) - Number(b.truth === undefined)

function Failures({ outcomes }: { outcomes: OperationOutcome[] }) {
  const { workbench } = texts()
  if (outcomes.length === 0) return null
  return (
    <Notice kind="bad" isAlert head={workbench.failedDefines}>
      {outcomes.map(({ issue }) => (
        <Issues issues={issue} />
      ))}
    </Notice>
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
    <Notice kind="bad" isAlert head={workbench.cannotRun}>
      <Issues issues={outcome.issue.filter(({ severity }) => severity !== 'information')} />
    </Notice>
  )
}
