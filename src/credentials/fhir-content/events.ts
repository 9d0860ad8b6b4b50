import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Obstacle } from '../credential-format.ts'
import { contradictsItself } from './absent.ts'
import { circumstances, hasModifier, holdsModifier, type Whose } from './holder.ts'
import { resultFault } from './result-codes.ts'

/** Statuses of an Observation whose result stands (FHIR R4, observation-status). */
const FINAL = ['final', 'amended', 'corrected']
/** The other ones: what has one of them is told, and nothing hangs on it. */
const NOT_FINAL = ['registered', 'preliminary', 'cancelled', 'entered-in-error', 'unknown']

const told = (text: string): Obstacle => ({ text, blocks: false })
const blocks = (text: string): Obstacle => ({ text, blocks: true })

/** Why a vaccination does not count; undefined when it does: only what is completed, whole, and says nothing that is not understood. */
export function judgeImmunization(event: JsonObject, whose: Whose): Obstacle | undefined {
  const what = `A vaccination of the ${whose}`
  const other = notUnderstood(event, what, whose === 'summary' ? circumstances : [])
  if (other) return other
  if (event.status !== 'completed') return told(`${what} is not completed and does not count`)
  if (event.isSubpotent !== undefined && event.isSubpotent !== false)
    return told(`${what} is subpotent and does not count`)
  if (event.statusReason !== undefined)
    return blocks(`${what} is completed and says why it was not done, and does not count`)
  return event.subpotentReason === undefined
    ? undefined
    : blocks(`${what} says why it is subpotent and not that it is, and does not count`)
}

/** Why a test result does not count; undefined when it does. */
export function judgeObservation(event: JsonObject, whose: Whose): Obstacle | undefined {
  const what = `A test result of the ${whose}`
  const other = notUnderstood(event, what)
  if (other) return other
  if (NOT_FINAL.some((status) => status === event.status)) return told(`${what} is not final and does not count`)
  // Nobody knows whether it stands; other than a dose too many, a result may say no.
  if (!FINAL.some((status) => status === event.status))
    return blocks(`${what} has no status that FHIR has, and does not count`)
  if (event.dataAbsentReason !== undefined)
    return Object.keys(event).some((name) => /^value[A-Z]/.test(name))
      ? blocks(`${what} says that it is absent, and does not count`)
      : told(`A test of the ${whose} has no result and does not count`)
  if (event.focus !== undefined)
    return blocks(`${what} is about somebody or something else than its person, and does not count`)
  if (event.component !== undefined || event.hasMember !== undefined)
    return blocks(`${what} has further results within, which are not read, and does not count`)
  const fault = resultFault(event)
  return fault === undefined ? undefined : blocks(fault)
}

/** What may change the meaning of an event, or says that a datum of it is not there which is (extension data-absent-reason, at any depth); resources of other types than these may not hide in it. */
export function notUnderstood(
  event: JsonObject,
  what: string,
  mayContain: readonly string[] = [],
): Obstacle | undefined {
  if (hasModifier(event) || holdsModifier(event))
    return blocks(`${what} has an extension that changes its meaning, and does not count`)
  if (event._status !== undefined || event._isSubpotent !== undefined)
    return blocks(`${what} has an extended status, and does not count`)
  if (contradictsItself(event)) return blocks(`${what} says that a datum is absent which it has, and does not count`)
  if (event.contained !== undefined && !containsOnly(event.contained, mayContain))
    return blocks(`${what} contains other resources, and does not count`)
  return undefined
}

/** Whether contained resources are of these types alone. */
export const containsOnly = (contained: Json, types: readonly string[]): boolean =>
  Array.isArray(contained) &&
  contained.length > 0 &&
  contained.every((each) => isJsonObject(each) && types.includes(String(each.resourceType)) && !hasModifier(each))
