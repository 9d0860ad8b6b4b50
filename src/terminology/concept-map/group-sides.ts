import { keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { systemIdentity } from '../request/aliases.ts'
import type { Scope } from '../request/scope.ts'
import type { Group } from './element-index.ts'

/** A group with the sides its codes really are on. */
export interface Sides {
  source: string | undefined
  target: string | undefined
}

/** A judgement about a group, and the code systems it was made over. */
interface Judgement {
  source?: CodeSystemProvider | undefined
  target?: CodeSystemProvider | undefined
  swapped: boolean
}

const judgements = keepPerObject((_: Group): { last?: Judgement } => ({}))

/** Whether source and target of a group are exchanged: every element is unknown in the source and known in the target. */
function isSwapped(group: Group, scope: Scope): boolean {
  const source = systemHere(group.source, scope)
  const target = systemHere(group.target, scope)
  const judgement = judgements(group)
  const known = judgement.last
  if (known && known.source === source && known.target === target) return known.swapped
  const codes = (group.element ?? []).flatMap((each) => each.code ?? [])
  const swapped =
    source !== undefined &&
    target !== undefined &&
    codes.length > 0 &&
    codes.every((code) => source.locate(code) === undefined && target.locate(code) !== undefined)
  judgement.last = { source, target, swapped }
  return swapped
}

const systemHere = (system: string | undefined, scope: Scope): CodeSystemProvider | undefined =>
  system === undefined ? undefined : scope.systemsHere(parseCanonical(system).url)[0]

/** The systems of a group, each on the side where its codes are. */
export function sidesOf(group: Group, scope: Scope): Sides {
  return isSwapped(group, scope)
    ? { source: group.target, target: group.source }
    : { source: group.source, target: group.target }
}

/** Whether a group's side can be the system: the same one, or none that names a code system at all. */
export function fits(side: string | undefined, system: string | undefined): boolean {
  if (side === undefined || system === undefined) return true
  if (systemIdentity(parseCanonical(side).url) === systemIdentity(system)) return true
  return /\/(?:ValueSet|ConceptMap)\//.test(side)
}
