/** How a text stands: the problems that the server found, each leading to its place. */
import { useEffect } from 'preact/hooks'
import { language } from '../app/session.ts'
import { counted, fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { FaultNotice } from '../parts/fault.tsx'
import { Icon } from '../parts/icon.tsx'
import { say } from '../parts/say.ts'
import type { Check } from './check.ts'
import { draft as held } from './desk.ts'
import { raised } from './document/artefacts.ts'
import { consequencesApart, type Problem } from './document/problems.ts'
import type { Shown } from './editor/code-editor.tsx'

interface ProblemListProps {
  check: Check
  again(): void
  show(place: Shown): void
}

/** The list below an editor. */
export function ProblemList({ check, again, show }: ProblemListProps) {
  const { workbench } = texts()
  const summary = summaryOf(check)
  useEffect(() => {
    if (check.state === 'checked') say(summary)
  }, [check])
  if (check.state === 'failed')
    return (
      <section class="problems" aria-label={workbench.problems}>
        <p class="problems-head">{workbench.notChecked}</p>
        <FaultNotice fault={check.fault} again={again} />
      </section>
    )
  const problems = check.state === 'checked' ? check.problems : check.old
  const isOld = check.state === 'checking'
  const { first, consequences } = consequencesApart(problems)
  const line = (problem: Problem) =>
    problem.isOfVersion ? (
      <VersionHint problem={problem} isOld={isOld} />
    ) : (
      <ProblemLine problem={problem} show={show} isOld={isOld} />
    )
  const needsRaise = check.state === 'checked' && onlyVersion(check.problems)
  return (
    <section class="problems" aria-label={workbench.problems} aria-busy={isOld}>
      <p
        class={`problems-head ${needsRaise ? '' : `problems-${check.state}`} ${check.state === 'checked' && check.isGood ? 'is-good' : ''}`}
      >
        {check.state === 'checked' && <Icon name={check.isGood ? 'accepted' : needsRaise ? 'light' : 'rejected'} />}
        {summary}
      </p>
      {isOld && problems.length > 0 && <p class="hint">{workbench.oldProblems}</p>}
      <ul class={isOld ? 'stale' : ''}>
        {first.map(line)}
        {consequences.length > 0 && (
          <li>
            <details class="consequences">
              <summary>{counted(workbench.consequences, consequences.length, language.value)}</summary>
              <ul>{consequences.map(line)}</ul>
            </details>
          </li>
        )}
      </ul>
    </section>
  )
}

/** Whether nothing but the version stands in the way. */
const onlyVersion = (problems: readonly Problem[]): boolean =>
  problems.some(({ isOfVersion }) => isOfVersion) && problems.every(({ severity }) => severity !== 'error')

/** The one thing that is done by a button. */
function VersionHint({ problem, isOld }: { problem: Problem; isOld: boolean }) {
  const { workbench } = texts()
  return (
    <li>
      <div class="problem problem-hint">
        <span class="problem-words">
          <span class="problem-kind problem-info">{workbench.hint}</span>{' '}
          <span class="problem-text" dir="auto">
            {problem.text}
          </span>
        </span>
        {!isOld && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              if (held.value) held.value = raised(held.value)
              say(workbench.raised)
            }}
          >
            {workbench.raise}
          </button>
        )}
      </div>
    </li>
  )
}

function summaryOf(check: Check): string {
  const { workbench, shell } = texts()
  if (check.state === 'checking') return check.isSlow ? workbench.checkingSlow : workbench.checking
  if (check.state === 'failed') return workbench.notChecked
  const errors = check.problems.filter(({ severity }) => severity === 'error').length
  if (errors > 0) return counted(workbench.errors, errors, language.value)
  if (onlyVersion(check.problems)) return workbench.needsRaise
  if (!check.isGood) return shell.refused
  const more = check.problems.length
  return more > 0
    ? fill(workbench.goodWith, { remarks: counted(workbench.remarks, more, language.value) })
    : workbench.good
}

function ProblemLine({ problem, show, isOld }: { problem: Problem; show(place: Shown): void; isOld: boolean }) {
  const { workbench, shell } = texts()
  const { place, text, severity, elsewhere, element } = problem
  const kinds = { error: workbench.error, warning: workbench.warning, info: workbench.info }
  const where = place ? fill(shell.line, place) : elsewhere ? fill(workbench.inLibrary, { place: elsewhere }) : element
  const words = (
    <>
      <span class={`problem-kind problem-${severity}`}>{kinds[severity]}</span>
      <span class="problem-text" dir="auto">
        {text}
      </span>
      {where && (
        <span class="problem-place">
          <bdi>{where}</bdi>
        </span>
      )}
    </>
  )
  return (
    <li>
      {place && !isOld ? (
        <button type="button" class="problem" onClick={() => show({ ...place })}>
          {words}
        </button>
      ) : (
        <div class="problem">{words}</div>
      )}
    </li>
  )
}
