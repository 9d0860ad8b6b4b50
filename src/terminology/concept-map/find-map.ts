import { keepPerObject } from '../../base/keep.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { Need, Scope } from '../request/scope.ts'
import { refuseModifiers } from '../request/understood.ts'
import { matchesVersion } from '../request/versions.ts'
import { loaded, type Work } from '../request/work.ts'

/** A concept map by canonical. */
export function conceptMapOf(scope: Scope, canonical: string, version?: string): ConceptMap | undefined {
  const { url, version: own } = parseCanonical(canonical)
  const wanted = own ?? version
  return scope.conceptMaps(url).find((each) => wanted === undefined || matchesVersion(wanted, each.version))
}

/** `url|version` of a map. */
export function mapCanonical(map: ConceptMap): string {
  return map.url ? formatCanonical(map.url, map.version) : `#${map.id ?? ''}`
}

const need = (type: Need['type'], canonical: string | undefined): Need[] =>
  canonical === undefined ? [] : [{ type, url: parseCanonical(canonical).url }]

/** Systems of what the targets of a group depend on, found once: their codes are compared as the systems have it. */
const dependencySystems = keepPerObject((group: NonNullable<ConceptMap['group']>[number]): string[] => {
  const targets = (group.element ?? []).flatMap((each) => each.target ?? [])
  const systems = targets.flatMap((each) => each.dependsOn ?? []).flatMap((each) => each.system ?? [])
  return [...new Set(systems)]
})

/** Loads what a translation by those maps asks for: the systems of their groups and of what targets depend on, and the maps that they hand codes on to. */
export function* loadMaps(maps: readonly ConceptMap[], scope: Scope): Work<void> {
  // Grows while it is walked: maps may name each other in a circle.
  const seen = new Set(maps)
  for (const map of seen) {
    refuseModifiers(map, mapCanonical(map))
    const groups = map.group ?? []
    const others = groups.flatMap(({ unmapped }) => (unmapped?.mode === 'other-map' ? (unmapped.url ?? []) : []))
    yield* loaded(scope, [
      ...groups.flatMap(({ source, target }) => [...need('CodeSystem', source), ...need('CodeSystem', target)]),
      ...groups.flatMap(dependencySystems).flatMap((system) => need('CodeSystem', system)),
      ...others.flatMap((url) => need('ConceptMap', url)),
    ])
    for (const url of others) {
      const other = conceptMapOf(scope, url)
      if (other) seen.add(other)
    }
  }
}
