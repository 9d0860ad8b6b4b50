import { keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { systemIdentity } from '../request/aliases.ts'
import type { Scope } from '../request/scope.ts'
import { matchesVersion } from '../request/versions.ts'
import type { Group } from './element-index.ts'

/** A group with the sides its codes really are on, and the versions of their systems where it names them. */
export interface Sides {
  readonly source: string | undefined
  readonly target: string | undefined
  readonly sourceVersion: string | undefined
  readonly targetVersion: string | undefined
}

/** A judgement about a group, and the code systems it was made over. */
interface Judgement {
  source?: CodeSystemProvider | undefined
  target?: CodeSystemProvider | undefined
  swapped: boolean
}

/** What is known of a group: the urls of its systems, its sides as they are written and exchanged, and what was judged last. */
interface GroupFacts {
  sourceUrl: string | undefined
  targetUrl: string | undefined
  written: Sides
  exchanged: Sides
  last?: Judgement
}

const factsOf = keepPerObject((group: Group): GroupFacts => {
  const { source, target } = group
  const from = source === undefined ? undefined : parseCanonical(source)
  const to = target === undefined ? undefined : parseCanonical(target)
  const sourceVersion = group.sourceVersion ?? from?.version
  const targetVersion = group.targetVersion ?? to?.version
  return {
    sourceUrl: from?.url,
    targetUrl: to?.url,
    written: { source, target, sourceVersion, targetVersion },
    exchanged: { source: target, target: source, sourceVersion: targetVersion, targetVersion: sourceVersion },
  }
})

/** Whether source and target of a group are exchanged: every element is unknown in the source and known in the target. */
function isSwapped(group: Group, facts: GroupFacts, scope: Scope): boolean {
  const source = systemHere(facts.sourceUrl, scope)
  const target = systemHere(facts.targetUrl, scope)
  const known = facts.last
  if (known && known.source === source && known.target === target) return known.swapped
  const codes = (group.element ?? []).flatMap((each) => each.code ?? [])
  const swapped =
    source !== undefined &&
    target !== undefined &&
    codes.length > 0 &&
    codes.every((code) => source.locate(code) === undefined && target.locate(code) !== undefined)
  facts.last = { source, target, swapped }
  return swapped
}

const systemHere = (url: string | undefined, scope: Scope): CodeSystemProvider | undefined =>
  url === undefined ? undefined : scope.systemsHere(url)[0]

/** The systems of a group, each on the side where its codes are. */
export function sidesOf(group: Group, scope: Scope): Sides {
  const facts = factsOf(group)
  return isSwapped(group, facts, scope) ? facts.exchanged : facts.written
}

/** Whether a group's side can be the system: the same one, or none that names a code system at all. */
export function fits(side: string | undefined, system: string | undefined): boolean {
  if (side === undefined || system === undefined) return true
  if (systemIdentity(parseCanonical(side).url) === systemIdentity(system)) return true
  return /\/(?:ValueSet|ConceptMap)\//.test(side)
}

/** Whether a group's side is of the version that is asked for; what one of the two leaves open fits. */
export function fitsVersion(side: string | undefined, version: string | undefined): boolean {
  return side === undefined || version === undefined || matchesVersion(version, side) || matchesVersion(side, version)
}
