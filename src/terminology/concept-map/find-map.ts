import { keepPerObject } from '../../base/keep.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import { otherIssue } from '../request/messages.ts'
import type { Need, Scope } from '../request/scope.ts'
import { refuseModifiers } from '../request/understood.ts'
import { matchesVersion } from '../request/versions.ts'
import { isLacking, loaded, type Work } from '../request/work.ts'

/** A concept map by canonical. */
export function conceptMapOf(scope: Scope, canonical: string, version?: string): ConceptMap | undefined {
  const { url, version: own } = parseCanonical(canonical)
  const wanted = own ?? version
  return scope.conceptMaps(url).find((each) => wanted === undefined || matchesVersion(wanted, each.version))
}

/** That a map is not here. */
export function unknownMap(canonical: string, status: number): FhirError {
  const text = `A definition for the concept map '${canonical}' could not be found`
  return new FhirError(status, otherIssue('not-found', text, { type: 'not-found' }))
}

/** `url|version` of a map. */
export const mapCanonical = keepPerObject((map: ConceptMap): string =>
  map.url ? formatCanonical(map.url, map.version) : `#${map.id ?? ''}`,
)

const need = (type: Need['type'], canonical: string | undefined): Need[] =>
  canonical === undefined ? [] : [{ type, url: parseCanonical(canonical).url }]

/** Systems of what the targets of a group depend on: their codes are compared as the systems have it. */
function dependencySystems(group: NonNullable<ConceptMap['group']>[number]): string[] {
  const targets = (group.element ?? []).flatMap((each) => each.target ?? [])
  return targets.flatMap((each) => each.dependsOn ?? []).flatMap((each) => each.system ?? [])
}

/** What a translation by a map asks for, and the maps that it hands codes on to; found once. */
const askedBy = keepPerObject((map: ConceptMap): { needs: readonly Need[]; others: readonly string[] } => {
  const groups = map.group ?? []
  const others = groups.flatMap(({ unmapped }) => (unmapped?.mode === 'other-map' ? (unmapped.url ?? []) : []))
  const needs = [
    ...groups.flatMap(({ source, target }) => [...need('CodeSystem', source), ...need('CodeSystem', target)]),
    ...groups.flatMap((group) => dependencySystems(group)).flatMap((system) => need('CodeSystem', system)),
    ...others.flatMap((url) => need('ConceptMap', url)),
  ]
  const once = new Map(needs.map((each) => [`${each.type}|${each.url}`, each]))
  return { needs: [...once.values()], others: [...new Set(others)] }
})

/** Loads what a translation by those maps asks for: the systems of their groups and of what targets depend on, and the maps that they hand codes on to. */
export function* loadMaps(maps: readonly ConceptMap[], scope: Scope): Work<void> {
  // Where one hands on it grows while it is walked: maps may name each other in a circle.
  const walked = maps.some((map) => askedBy(map).others.length > 0) ? new Set(maps) : maps
  for (const map of walked) {
    refuseModifiers(map, mapCanonical(map))
    const { needs, others } = askedBy(map)
    if (isLacking(scope, needs)) yield* loaded(scope, needs)
    if (!(walked instanceof Set)) continue
    for (const url of others) {
      const other = conceptMapOf(scope, url)
      if (other) walked.add(other)
    }
  }
}
