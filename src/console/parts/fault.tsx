/** Why there is nothing to show, in words, with what a person can do about it. */

import type { OperationOutcomeIssue } from 'fhir/r4.js'
import type { Fault, FaultKind } from '../api/client.ts'
import { token } from '../app/session.ts'
import { texts } from '../languages/languages.ts'
import { Notice } from './notice.tsx'

function headline(kind: FaultKind): string {
  const { shell } = texts()
  if (kind === 'forbidden') return token.value ? shell.forbiddenHeld : shell.forbidden
  if (kind === 'missing') return shell.notFound
  return kind === 'left' ? shell.unreachable : shell[kind]
}

/** A fault with the server's own words; `again` offers to ask once more. */
export function FaultNotice({ fault, again }: { fault: Fault; again?: () => void }) {
  const { shell } = texts()
  return (
    <Notice kind="bad" isAlert head={headline(fault.kind)}>
      {fault.kind === 'unreachable' && <p>{shell.unreachableHint}</p>}
      <Issues issues={fault.outcome?.issue ?? []} />
      {again && (
        <button type="button" onClick={again}>
          {shell.retry}
        </button>
      )}
    </Notice>
  )
}

/** Issues of an OperationOutcome, one a line, with their places where they have any. */
export function Issues({ issues }: { issues: OperationOutcomeIssue[] }) {
  if (issues.length === 0) return null
  return (
    <ul class="issues">
      {issues.map((issue) => (
        <li class={`issue issue-${issue.severity}`} dir="auto">
          {issue.details?.text ?? issue.diagnostics ?? issue.code}
          {issue.expression && <code dir="ltr"> {issue.expression.join(', ')}</code>}
        </li>
      ))}
    </ul>
  )
}
