import type { Issue } from '../../fhir/types.ts'
import { otherIssue, txIssue } from '../request/messages.ts'
import type { CodeSystemProvider } from './code-system.ts'

/** Most editions that are named in one text. */
const MOST_NAMED = 5

/** That a version of a code system does not have a code; where a system is published in editions, which other ones here have it. */
export function unknownCodeIssues(
  { head }: CodeSystemProvider,
  { code, system, expression }: { code: string; system: string | undefined; expression: string },
  candidates: readonly CodeSystemProvider[],
): Issue[] {
  const edition = head.edition === undefined ? '' : ` (${head.edition})`
  const unknown = txIssue('Unknown_Code_in_Version', [code, system, head.version, edition], { expression })
  if (head.edition === undefined) return [unknown]
  const others = candidates.filter((each) => each.head.version !== head.version && each.locate(code) !== undefined)
  if (others.length === 0) return [unknown]
  const named = others
    .slice(0, MOST_NAMED)
    .map((each) => `'${each.head.version}' (${each.head.edition ?? each.head.name})`)
  const text = `The code '${code}' is known in another version of the CodeSystem '${system}': ${named.join(', ')}`
  return [unknown, otherIssue('code-invalid', text, { severity: 'information', type: 'invalid-code', expression })]
}

/** What the system itself can say about a text that is no code of it. */
export function explanationOf(
  { explain }: CodeSystemProvider,
  { code, expression }: { code: string; expression: string },
): Issue[] {
  const text = explain?.(code)
  const options = { severity: 'information', type: 'invalid-code', expression } as const
  return text === undefined ? [] : [otherIssue('code-invalid', text, options)]
}
