import { compareVersions, parseCanonical } from '../../fhir/canonical.ts'
import { badRequest } from '../../fhir/error.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'
import { plainVersion } from '../vocabularies/loinc/implicit-sets.ts'
import {
  compareSnomedVersions,
  INTERNATIONAL,
  isEdition,
  isOfEdition,
  parseSnomedUri,
} from '../vocabularies/snomed/version-uri.ts'

/** Wishes of a request about the versions of one url; a pattern may hold wildcard segments. */
export interface VersionRule {
  /** Replaces whatever the definition says. */
  force?: string
  /** Stands in where the definition says nothing. */
  default?: string
  /** Stands in where the definition says nothing, and must be met. */
  check?: string
}

/** Rules by url. */
export type VersionRules = Map<string, VersionRule>

/** No rules at all. */
const NO_RULES: VersionRules = new Map()

/**
 * Reads `force-x`, `x` and `check-x` (canonicals `url|version`).
 * @throws FhirError 400 for two versions of one url by one rule, and for what names none: a demand that is not understood is not met
 */
export function versionRules(
  parameters: Parameters,
  names: { default: string; check: string; force: string },
): VersionRules {
  let rules = NO_RULES
  for (const parameter of parameters.parameter ?? []) {
    const { name } = parameter
    if (!name.endsWith('-version')) continue
    const kind =
      name === names.default ? 'default' : name === names.check ? 'check' : name === names.force ? 'force' : undefined
    const text = kind && parameterValue(parameter)
    if (!kind || typeof text !== 'string') continue
    const { url, version } = parseCanonical(text)
    if (!url || !version)
      throw badRequest({ text: `${name} has the form url|version, not '${text}'`, expression: name })
    if (rules === NO_RULES) rules = new Map()
    const rule = rules.get(url) ?? {}
    const earlier = rule[kind]
    if (earlier !== undefined && earlier !== version)
      throw badRequest({
        text: `${name} names two versions of ${url}: '${earlier}' and '${version}'`,
        expression: name,
      })
    rule[kind] = version
    rules.set(url, rule)
  }
  return rules
}

/** The version in force for something that itself names `own` or none, and the rule that decided. */
export function chosenVersion(
  rule: VersionRule | undefined,
  own: string | undefined,
): { version?: string; kind?: keyof VersionRule } {
  if (rule?.force !== undefined) return { version: rule.force, kind: 'force' }
  if (own !== undefined) return { version: own }
  if (rule?.default !== undefined) return { version: rule.default, kind: 'default' }
  return rule?.check !== undefined ? { version: rule.check, kind: 'check' } : {}
}

/** Names of the rules for value sets. */
export const VALUE_SET_RULES = {
  default: 'default-valueset-version',
  check: 'check-valueset-version',
  force: 'force-valueset-version',
}

/** Names of the rules for code systems. */
export const SYSTEM_RULES = { default: 'system-version', check: 'check-system-version', force: 'force-system-version' }

/** Whether a pattern leaves the version open: by a segment `x` (any case) or `*`, or as an edition of SNOMED CT without a date. */
export function isWildcard(pattern: string): boolean {
  return pattern.split('.').some(isAny) || isEdition(pattern)
}

/**
 * Whether a version is the one that a value names: the very same, with or without `LOINC_`, or one of the edition of SNOMED CT that it
 * names without a date.
 */
export const isNamedBy = (named: string | undefined, version: string | undefined): boolean =>
  named === version ||
  (named !== undefined &&
    version !== undefined &&
    (plainVersion(named) === plainVersion(version) || isOfEdition(named, version)))

const isAny = (segment: string) => segment === 'x' || segment === 'X' || segment === '*'

/**
 * Whether a version is the one a pattern names; a final wildcard segment stands for all further ones, an edition of SNOMED CT for each of
 * its versions.
 */
export function matchesVersion(pattern: string, version: string | undefined): boolean {
  if (version === undefined) return false
  if (isNamedBy(pattern, version)) return true
  if (!pattern.split('.').some(isAny)) return false
  const wanted = plainVersion(pattern).split('.')
  const given = plainVersion(version).split('.')
  if (given.length < wanted.length) return false
  if (given.length > wanted.length && !isAny(wanted.at(-1) ?? '')) return false
  return wanted.every((segment, index) => isAny(segment) || segment === given[index])
}

/** What has a version and a status: the order in which versions are preferred. */
export interface Versioned {
  version?: string | undefined
  status?: string | undefined
  date?: string | undefined
}

const retired = (item: Versioned) => (item.status === 'active' ? 0 : item.status === 'retired' ? 2 : 1)

const isDate = (version: string) => /^\d{4}-?\d{2}/.test(version)
const isRelease = (version: string) => /^\d+\.\d+/.test(version)

/** Oldest first. Publishers that went from dates to release numbers did so once: a release number is newer than a date. */
export function olderFirst(a = '', b = ''): number {
  const snomed = compareSnomedVersions(a, b)
  if (snomed !== undefined) return snomed
  if (isDate(a) && isRelease(b)) return -1
  if (isRelease(a) && isDate(b)) return 1
  return compareVersions(a, b)
}

/** Newest first; on a tie active before draft before retired, then by date. */
export function newestFirst(a: Versioned, b: Versioned): number {
  return olderFirst(b.version, a.version) || retired(a) - retired(b) || (b.date ?? '').localeCompare(a.date ?? '')
}

/**
 * The order in which a canonical without version is answered: an active artefact before any other, whatever its version, for
 * a draft may change at will; else as {@link newestFirst}.
 */
export function preferredFirst(a: Versioned, b: Versioned): number {
  return activeFirst(a, b) || newestFirst(a, b)
}

const activeFirst = (a: Versioned, b: Versioned): number =>
  Number(b.status === 'active') - Number(a.status === 'active')

/**
 * The order of the versions of one code system where a request names none: an active one before any other; of SNOMED CT the edition that
 * the server is set to, then the international one, then any; the newest of it.
 * @param edition URI of an edition or version, or the identifier of its module
 */
export function preferredSystemFirst(edition: string | undefined): (a: Versioned, b: Versioned) => number {
  const rank = ({ version = '' }: Versioned) => {
    const named = parseSnomedUri(version)
    if (!named) return 0
    if (edition !== undefined && (named.module === edition || isNamedBy(edition, version))) return 0
    return named.module === INTERNATIONAL ? 1 : 2
  }
  return (a, b) => activeFirst(a, b) || rank(a) - rank(b) || newestFirst(a, b)
}
