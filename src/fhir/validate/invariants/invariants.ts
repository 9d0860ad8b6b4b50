/** Invariants: FHIRPath compiled once and bounded; those of R4 that are asked most, or would take long, are written out. */
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { isPrimitive } from '../../elements.ts'
import { FhirError, unprocessable } from '../../error.ts'
import { stepBudget } from '../../fhirpath/budget.ts'
import { compileFhirPath, typed } from '../../fhirpath/fhirpath.ts'
import type { FhirPathFunctions } from '../../fhirpath/host-functions.ts'
import type { Constraint } from '../base-definitions.ts'
import { codesOf } from '../bindings.ts'
import type { Item } from '../items.ts'
import { expressionOf, type Walk } from '../walk.ts'
import { nativeInvariant } from './native-invariants.ts'
import { byPresence } from './presence.ts'

/**
 * Expressions are kept compiled with their functions, so these are the same for all; evaluation never waits, and whose value sets are
 * asked is set before it begins.
 */
let asked: Walk['isIn'] | undefined
const functions: FhirPathFunctions = {
  memberOf(value, valueSet) {
    const answers = (codesOf(value)?.codes ?? []).map(({ code, system }) => asked?.(valueSet, code, system))
    if (answers.includes(true)) return true
    if (answers.includes(undefined)) throw unprocessable(`the value set ${valueSet} is not known here`, 'not-found')
    return false
  },
}

/** Steps of one invariant on one element; a step is a fraction of a microsecond. */
const mostSteps = 200_000

/** Holds one element against one invariant. `by` is the profile that has it, empty for R4 itself. */
export function checkInvariant(walk: Walk, constraint: Constraint, item: Item, by = ''): void {
  const { key, severity, human } = constraint
  const outcome = judge(walk, constraint, item)
  if (outcome === true) return
  const expression = expressionOf(walk)
  const source = by === '' ? '' : ` of ${by}`
  if (outcome === false) {
    walk.report.add('invariant', { severity, text: `${human.replace(/\.$/, '')} (${key}${source})`, expression })
    return
  }
  const once = `invariant ${by} ${key} ${outcome.text}`
  if (walk.unknown.has(once)) return
  walk.unknown.add(once)
  walk.report.add('not-supported', {
    severity: outcome.severity,
    text: `The invariant ${key}${source} was not judged: ${outcome.text}`,
    expression,
  })
}

/** Whether it holds, or why that cannot be told. */
function judge(
  walk: Walk,
  constraint: Constraint,
  item: Item,
): boolean | { text: string; severity: 'warning' | 'information' } {
  const native = nativeInvariant(constraint)
  if (native) return native({ ...item, value: item.value ?? item.extra }, walk)
  if (isJsonObject(item.value)) {
    const answer = byPresence(constraint.expression, item.value, item.type)
    if (answer !== undefined) return answer
  }
  let compiled: ReturnType<typeof compileFhirPath>
  try {
    compiled = compileFhirPath(constraint.expression, functions)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return { text: error.message, severity: 'information' }
  }
  try {
    const { resource, root } = walk.home
    asked = walk.isIn
    const input = inputOf(item)
    const variables = { resource, rootResource: root, context: input, ucum: 'http://unitsofmeasure.org' }
    const found = compiled(input, variables, { clock: walk.now, budget: stepBudget(mostSteps) })
    walk.tick()
    return isTrue(found)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    if (error.status === 422 && isOwnBudget(error)) throw error
    return { text: error.message, severity: 'warning' }
  }
}

/** The budget of the request, not that of one expression. */
const isOwnBudget = ({ message }: FhirError) => message.startsWith('the request is too costly')

/** A resource says its type itself, everything else is told it. */
function inputOf({ value, extra, type }: Item): unknown {
  if (typeof value === 'object' && value !== null && 'resourceType' in value) return value
  if (typeof value === 'number') return value
  return typed(value ?? null, type, isPrimitive(type) && extra ? { extra } : {})
}

/** Empty is not true; one thing that is no Boolean is. */
function isTrue(found: unknown[]): boolean {
  const [first] = found
  return found.length > 1 || (found.length === 1 && first !== false)
}

/** An object as the item that it is. */
export const rootItem = (value: JsonObject, type: string): Item => ({
  value,
  extra: undefined,
  type,
  segment: type,
  index: 0,
})
