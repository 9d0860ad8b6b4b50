/** What a rule library says of codes and value sets that the terminology does not have: a condition on one can never hold. */

import { isError, issue } from '../../fhir/error.ts'
import type { Issue, Library, Resource, ValueSet } from '../../fhir/types.ts'
import type { LibraryInspector } from '../../rules/rules.ts'
import { type CheckEnvironment, librariesOf } from './environment.ts'

type Report = Awaited<ReturnType<LibraryInspector['inspect']>>
type Code = Report['codes'][number]
type Place = Code['place']

/** Everything that is wrong with a Library, and remarks on codes that are not in their systems and value sets that are not here. */
export async function checkLibrary(
  library: Library,
  beside: Resource[],
  { rules, terminology }: CheckEnvironment,
): Promise<Issue[]> {
  const { issues, codes, valueSets } = await rules.inspector(librariesOf(beside)).inspect(library)
  const remarks: Issue[] = []
  for (const code of codes) {
    const [found] = await terminology.check(setOf(code), beside)
    if (found?.code === 'code-invalid') remarks.push(remark(code, found, library))
  }
  for (const { canonical, place } of valueSets) {
    const issues = await terminology.check(drawnFrom(canonical), beside)
    if (!issues.some(({ code }) => code === 'not-found')) continue
    const text = `the value set ${canonical} is not here: until it is, what asks for it cannot be answered`
    remarks.push(inText('not-found', text, place, library))
  }
  return [...issues, ...remarks]
}

/** The code as a value set that enumerates it: what is wrong with that is wrong with the code. */
function setOf({ system, version, code }: Code): ValueSet {
  const include = [{ system, ...(version === undefined ? {} : { version }), concept: [{ code }] }]
  return { resourceType: 'ValueSet', status: 'draft', compose: { include } }
}

/** A value set that holds what another one holds: nothing can be said of it unless that one is here. */
const drawnFrom = (canonical: string): ValueSet => ({
  resourceType: 'ValueSet',
  status: 'draft',
  compose: { include: [{ valueSet: [canonical] }] },
})

function remark({ system, code, place }: Code, found: Issue, library: Library): Issue {
  // Of a system that is here in parts nobody can say that it does not have a code.
  const text = isError(found)
    ? `the code ${code} is not in ${system}: what is compared with it never holds`
    : `the code ${code} is not among the codes of ${system} that this server knows`
  return inText('code-invalid', text, place, library)
}

/** A warning on a place of the text. */
function inText(code: 'code-invalid' | 'not-found', text: string, place: Place, { name, url }: Library): Issue {
  const where = place ? { diagnostics: `library ${name ?? url}, line ${place[0]}, column ${place[1]}` } : {}
  return issue(code, { severity: 'warning', text, expression: 'Library.content', ...where })
}
