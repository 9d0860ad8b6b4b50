import { olderFirst } from '../request/versions.ts'
import type { Clause, Reach } from './clause.ts'

/** Of includes of one system that name their version the newest first, wherever they stand; all others keep their place. */
export function newestVersionFirst(clauses: Clause[]): Clause[] {
  const ordered = [...clauses]
  const systems = new Set(clauses.map(({ identity }) => identity))
  for (const identity of systems) {
    const places = ordered.flatMap((each, place) =>
      identity && each.identity === identity && each.version ? place : [],
    )
    const sorted = places.flatMap((place) => ordered[place] ?? []).sort((a, b) => olderFirst(b.version, a.version))
    sorted.forEach((clause, index) => {
      ordered[places[index] ?? 0] = clause
    })
  }
  return ordered
}

/** Systems of which includes and excludes all name a version, and never the same: the excludes can only mean the codes. */
export function crossingSystems(includes: Clause[], excludes: Clause[]): Set<string> {
  const crossing = new Set<string>()
  for (const { identity } of excludes) {
    if (identity === undefined) continue
    const included = includes.filter((each) => each.identity === identity).map(({ version }) => version)
    const excluded = excludes.filter((each) => each.identity === identity).map(({ version }) => version)
    const allNamed = included.length > 0 && [...included, ...excluded].every((version) => version !== '')
    if (allNamed && !excluded.some((version) => included.includes(version))) crossing.add(identity)
  }
  return crossing
}

/** What an exclude takes away: of a set that wishes versions to match, or whose excludes cross the systems named, all versions. */
export function reachOf(clause: Clause, isAcross: boolean, crossing: Set<string>): Reach {
  const { identity, version, concepts, filters, imports } = clause
  if (identity === undefined) return isAcross ? 'all' : 'resolved'
  const isWhole = !concepts && filters.length === 0 && imports.length === 0
  if (isWhole && (version === '' || version === '*')) return 'system'
  if (isAcross || version === '*' || crossing.has(identity)) return 'all'
  return version === '' ? 'resolved' : 'named'
}
