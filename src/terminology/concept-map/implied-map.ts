import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { CodeSystemProvider, ImplicitMap, ImplicitPair } from '../code-system/code-system.ts'
import { systemIdentity } from '../request/aliases.ts'
import { alternatives, otherIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { matchesVersion, type VersionRule } from '../request/versions.ts'
import { loaded, type Work } from '../request/work.ts'
import { SNOMED } from '../vocabularies/snomed/version-uri.ts'
import type { TranslateQuestion, Translation } from './concept-map.ts'
import { REVERSED } from './equivalence.ts'

/** A concept map that a code system has within itself, found for one request. */
export interface ImpliedMap {
  /** What stands for it in answers: url, and the version of its system as its own. */
  named: ConceptMap
  map: ImplicitMap
  provider: CodeSystemProvider
}

/** Url of a map of SNOMED CT (https://hl7.org/fhir/R4/snomedct.html, implicit concept maps): edition or version, reference set. */
const SNOMED_MAP = /^(http:\/\/snomed\.info\/x?sct(?:\/\d+(?:\/version\/\d+)?)?)\?fhir_cm=(\d+)$/

/**
 * The map that a code system implies under a url; undefined for the url of anything else.
 * @param asked what names the version beside the url: its own, that of the code in question, a rule of the request
 * @throws FhirError 404 where the code system or the version is not here, or has no such map
 */
export function* impliedMap(
  scope: Scope,
  canonical: string,
  asked: { version: string | undefined; code: string | undefined; rule: VersionRule | undefined },
): Work<ImpliedMap | undefined> {
  const { url, version } = parseCanonical(canonical)
  const [, base, id] = SNOMED_MAP.exec(url) ?? []
  if (base === undefined || id === undefined) return undefined
  yield* loaded(scope, [{ type: 'CodeSystem', url: SNOMED }])
  const candidates = scope.systems(SNOMED)
  const named = [base === SNOMED ? undefined : base, version, asked.version].filter((each) => each !== undefined)
  const { rule } = asked
  const otherwise = rule?.force ?? asked.code ?? rule?.default ?? rule?.check
  const wanted = named.length > 0 ? named : otherwise === undefined ? [] : [otherwise]
  const provider = candidates.find(({ head }) => wanted.every((each) => matchesVersion(each, head.version)))
  const map = provider?.implicitMap?.(id)
  if (provider && map) {
    const { version: own } = provider.head
    return { named: { resourceType: 'ConceptMap', url, ...(own && { version: own }), status: 'active' }, map, provider }
  }
  const known = alternatives(candidates.flatMap(({ head }) => head.version ?? []))
  const reason = provider
    ? `'${id}' is no reference set with a map in version '${provider.head.version}'`
    : known === ''
      ? `a definition for CodeSystem '${SNOMED}' could not be found`
      : `no version is '${wanted.join(' and ')}'. Valid versions: ${known}`
  const text = `A definition for the concept map '${formatCanonical(url, version)}' could not be found: ${reason}`
  throw new FhirError(404, otherIssue('not-found', text, { type: 'not-found' }))
}

/**
 * Translations of a code by an implied map.
 * @throws FhirError 422 where a code system is named and the map does not say which one it has on that side
 */
export function translateByImplied({ named, map }: ImpliedMap, question: TranslateQuestion): Translation[] {
  const { code, system, otherSystem, reverse } = question
  const [near, far] = reverse ? [map.target, map.source] : [map.source, map.target]
  if (!isSide(near, system, named) || !isSide(far, otherSystem, named)) return []
  return map.pairs(code, reverse ? 'target' : 'source').map((pair): Translation => {
    const { equivalence: written, source, target } = pair
    const base = { map: named, written, product: [] }
    if (!reverse)
      return { ...base, equivalence: written, source: codingOf(source), ...(target && { target: codingOf(target) }) }
    const equivalence = REVERSED[written] ?? written
    return { ...base, equivalence, source: codingOf(target ?? { code }), target: codingOf(source) }
  })
}

/** One side of a pair as an answer has it. */
const codingOf = ({ system, version, code, display }: ImplicitPair['source']) => ({
  ...(system !== undefined && { system }),
  ...(version !== undefined && { version }),
  code,
  ...(display !== undefined && { display }),
})

/** Whether a side of a map is the system that is asked for. */
function isSide(side: string | undefined, asked: string | undefined, { url }: ConceptMap): boolean {
  if (asked === undefined) return true
  if (side !== undefined) return systemIdentity(side) === systemIdentity(parseCanonical(asked).url)
  const text = `The map '${url}' does not say which code system it has on one side, so that it cannot be asked for '${asked}'`
  throw new FhirError(422, otherIssue('not-supported', text))
}
