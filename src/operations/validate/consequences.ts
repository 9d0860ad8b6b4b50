/** What only follows from a misspelt name, told apart from what stands on its own. */
import type { Misspelt } from '../../fhir/check/misspelt.ts'
import { isError, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/**
 * What is to be told of a resource with misspelt names: these, and what is found as well when they are put right. What goes by putting them
 * right follows from them; how many errors those are is told.
 * @param found of the resource as it is
 * @param meant of the resource as it is meant
 */
export function withoutConsequences(
  found: readonly Issue[],
  meant: readonly Issue[],
  misspelt: readonly Misspelt[],
): Issue[] {
  const places = new Set(misspelt.map(({ expression }) => expression))
  const isOfName = ({ code, expression }: Issue) =>
    code === 'structure' && expression?.length === 1 && places.has(expression[0] ?? '')
  const [before, after] = [keysOf(found), keysOf(meant)]
  const kept = found.filter((each) => isOfName(each) || after.has(keyOf(each)))
  const gone = found.filter((each) => !isOfName(each) && !after.has(keyOf(each)))
  // A fault whose text tells of the name as well ("It differs in titel, url") is another one when that is put right, and stays one.
  const changed = meant.filter(
    (each) =>
      !before.has(keyOf(each)) && gone.some((other) => other.code === each.code && isError(other) === isError(each)),
  )
  const hidden = gone.filter(isError).length - changed.filter(isError).length
  return [...kept, ...changed, ...(hidden > 0 ? [hiddenOnes(hidden)] : [])]
}

const keyOf = ({ code, severity, expression, details }: Issue): string =>
  JSON.stringify([code, severity, expression, details?.text])

const keysOf = (issues: readonly Issue[]): ReadonlySet<string> => new Set(issues.map(keyOf))

const hiddenOnes = (count: number): Issue =>
  issue('informational', {
    severity: 'information',
    text: `${count === 1 ? '1 error follows' : `${count} errors follow`} from a name that is not known; what is still there when that is put right will be told`,
  })
