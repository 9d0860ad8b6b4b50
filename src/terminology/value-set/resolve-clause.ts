import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { supplemented } from '../code-system/supplement-lookup.ts'
import { systemIdentity } from '../request/aliases.ts'
import {
  isNamedBy,
  isWildcard,
  matchesVersion,
  olderFirst,
  type VersionRule,
  type VersionRules,
} from '../request/versions.ts'
import type { Clause } from './clause.ts'
import { enumeratedSystem } from './enumerated-system.ts'
import type { Resolution, ValueSetQuery } from './query.ts'

/** Decides the version of a clause's system: a `force` rule, the clause itself, a default, a check, the newest. A value's own version chooses among those a wildcard allows. */
export function resolveSystem(clause: Clause, query: ValueSetQuery, valueVersion?: string): Resolution {
  if (valueVersion !== undefined) return decide(clause, query, valueVersion)
  const known = query.decided.resolutions.get(clause)
  if (known) return known
  const resolution = decide(clause, query, undefined)
  query.decided.resolutions.set(clause, resolution)
  return resolution
}

function decide(clause: Clause, query: ValueSetQuery, valueVersion: string | undefined): Resolution {
  const system = clause.system ?? ''
  const rule = ruleFor(query.systemRules, system)
  // A list of codes stands for itself where the system is unknown.
  const candidates = clause.concepts ? query.scope.systemsHere(system) : query.scope.systems(system)
  const resolution: Resolution = {
    known: knownVersions(candidates),
    asked: '',
    assumed: false,
    isUnknown: candidates.length === 0,
  }
  if (rule?.force !== undefined) Object.assign(resolution, { asked: rule.force, changedBy: 'force' })
  else if (clause.version !== '') resolution.asked = clause.version
  else if (rule?.default !== undefined) Object.assign(resolution, { asked: rule.default, changedBy: 'default' })
  else if (rule?.check !== undefined) Object.assign(resolution, { asked: rule.check, changedBy: 'check' })
  if (rule?.check !== undefined) resolution.check = rule.check
  const { asked } = resolution
  const isAsked = ({ head }: CodeSystemProvider) => asked === '' || matchesVersion(asked, head.heldAs ?? head.version)
  const fitting = candidates.filter(isAsked)
  const own =
    valueVersion !== undefined && isWildcard(asked)
      ? fitting.find((each) => isNamedBy(valueVersion, each.head.version))
      : undefined
  const provider = own ?? fitting[0]
  if (provider) resolution.provider = supplemented(provider, clause.supplements)
  if (clause.concepts && standsAlone(resolution, candidates)) {
    if (resolution.provider) resolution.fragment = resolution.provider
    resolution.provider = enumeratedSystem(clause, resolution.provider)
    resolution.assumed = true
  }
  return resolution
}

function ruleFor(rules: VersionRules, system: string): VersionRule | undefined {
  return rules.size === 0 ? undefined : (rules.get(system) ?? rules.get(systemIdentity(system)))
}

/** Versions of a system, oldest first. */
export function knownVersions(candidates: CodeSystemProvider[]): string[] {
  return candidates
    .map((each) => each.head.version)
    .filter((each) => each !== undefined)
    .sort(olderFirst)
}

/** An enumeration counts by itself where the system is unknown, or known in parts only. */
function standsAlone(resolution: Resolution, candidates: CodeSystemProvider[]): boolean {
  if (!resolution.provider) return candidates.every((each) => each.head.content === 'fragment')
  return resolution.provider.head.content === 'fragment'
}

/** The one of the newest version; of one version the first. */
export function newestOf<T extends { provider: CodeSystemProvider }>(concepts: T[]): T {
  return concepts.reduce((best, each) =>
    olderFirst(each.provider.head.version, best.provider.head.version) > 0 ? each : best,
  )
}
