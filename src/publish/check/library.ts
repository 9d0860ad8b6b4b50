/** What a rule library says of codes that the terminology does not have: a condition on one can never hold. */

import { isError, issue } from '../../fhir/error.ts'
import type { Issue, Library, Resource, ValueSet } from '../../fhir/types.ts'
import type { LibraryInspector } from '../../rules/rules.ts'
import { type CheckEnvironment, librariesOf } from './environment.ts'

type Report = Awaited<ReturnType<LibraryInspector['inspect']>>
type Code = Report['codes'][number]

/** Everything that is wrong with a Library, and remarks on codes that are not in their systems. */
export async function checkLibrary(
  library: Library,
  beside: Resource[],
  { rules, terminology }: CheckEnvironment,
): Promise<Issue[]> {
  const { issues, codes } = await rules.inspector(librariesOf(beside)).inspect(library)
  const remarks: Issue[] = []
  for (const code of codes) {
    const [found] = await terminology.check(setOf(code), beside)
    if (found?.code === 'code-invalid') remarks.push(remark(code, found, library))
  }
  return [...issues, ...remarks]
}

/** The code as a value set that enumerates it: what is wrong with that is wrong with the code. */
function setOf({ system, version, code }: Code): ValueSet {
  const include = [{ system, ...(version === undefined ? {} : { version }), concept: [{ code }] }]
  return { resourceType: 'ValueSet', status: 'draft', compose: { include } }
}

function remark({ system, code, place }: Code, found: Issue, { name, url }: Library): Issue {
  // Of a system that is here in parts nobody can say that it does not have a code.
  const text = isError(found)
    ? `the code ${code} is not in ${system}: what is compared with it never holds`
    : `the code ${code} is not among the codes of ${system} that this server knows`
  const where = place ? { diagnostics: `library ${name ?? url}, line ${place[0]}, column ${place[1]}` } : {}
  return issue('code-invalid', { severity: 'warning', text, expression: 'Library.content', ...where })
}
