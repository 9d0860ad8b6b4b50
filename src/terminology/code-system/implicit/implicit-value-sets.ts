import { keep } from '../../../base/keep.ts'
import type { ValueSet } from '../../../fhir/types.ts'
import { parseSnomedUri, SNOMED } from '../../vocabularies/snomed/version-uri.ts'

/** Value sets that hold a whole implicit system or a part of it, by url. */
const SETS: Record<string, { system: string; regex?: string }> = {
  'http://hl7.org/fhir/ValueSet/all-languages': { system: 'urn:ietf:bcp:47' },
  'http://hl7.org/fhir/ValueSet/languages': { system: 'urn:ietf:bcp:47' },
  'http://hl7.org/fhir/ValueSet/mimetypes': { system: 'urn:ietf:bcp:13' },
  // How R4 names them where a binding has them as its most (Expression.language).
  'http://www.rfc-editor.org/bcp/bcp13.txt': { system: 'urn:ietf:bcp:13' },
  'http://hl7.org/fhir/ValueSet/currencies': { system: 'urn:iso:std:iso:4217' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-2': { system: 'urn:iso:std:iso:3166', regex: '[A-Z]{2}' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-3': { system: 'urn:iso:std:iso:3166', regex: '[A-Z]{3}' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-N': { system: 'urn:iso:std:iso:3166', regex: '[0-9]{3}' },
  'http://hl7.org/fhir/ValueSet/ucum-units': { system: 'http://unitsofmeasure.org' },
  'http://unitsofmeasure.org/vs': { system: 'http://unitsofmeasure.org' },
}

/** What makes a value set of the url of a code system. */
const QUERY = '?fhir_vs'

type Filter = NonNullable<ValueSetInclude['filter']>[number]
type ValueSetInclude = NonNullable<ValueSet['compose']>['include'][number]

/** Urls of implicit sets come from outside, any number of them and of any length: what all that are kept have in characters. */
const KEPT = 1_000_000

/** What a set weighs beside its url, so that no more than a thousand are kept. */
const weightOfSet = 1_000

const made = keep<string, ValueSet | undefined>(KEPT, (key) => weightOfSet + key.length)

/**
 * A value set that exists without being stored: `?fhir_vs` of any code system (all codes, `=isa/code`), of SNOMED CT also `=refset`,
 * `=refset/id` and `=ecl/expression`, of any edition and version (https://hl7.org/fhir/R4/snomedct.html, implicit value sets), and the
 * named ones above. Undefined for anything else.
 * @param version of SNOMED CT, as it stands behind a bar
 */
export function implicitValueSet(url: string, version?: string): ValueSet | undefined {
  if (!Object.hasOwn(SETS, url) && !url.includes(QUERY)) return undefined
  if (version !== undefined && !parseSnomedUri(version)) return undefined
  return made.of(version === undefined ? url : `${url}|${version}`, () =>
    Object.hasOwn(SETS, url) ? namedSet(url) : queriedSet(url, version),
  )
}

function namedSet(url: string): ValueSet | undefined {
  const rule = SETS[url]
  if (!rule) return undefined
  const { system, regex } = rule
  return setOf(url, { system, ...(regex && { filter: [{ property: 'code', op: 'regex', value: regex }] }) })
}

function queriedSet(url: string, version: string | undefined): ValueSet | undefined {
  const at = url.indexOf(QUERY)
  const query = decoded(url.slice(at + QUERY.length))
  const base = url.slice(0, at)
  if (base === SNOMED || base.startsWith(EDITIONS)) return snomedSet(url, { base, query, version })
  if (version !== undefined) return undefined
  if (query === '') return setOf(url, { system: base })
  const isA = /^=isa\/(.+)$/s.exec(query)?.[1]
  if (isA === undefined) return undefined
  return setOf(url, { system: base, filter: [{ property: 'concept', op: 'is-a', value: isA }] })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray percent sign stands for itself
  }
}

/** The value set of all codes of one version of a system. */
export function wholeSystem(url: string, system: string, version?: string): ValueSet {
  return { ...setOf(url, { system }), ...(version && { version }) }
}

const setOf = (url: string, include: ValueSetInclude): ValueSet => ({
  resourceType: 'ValueSet',
  url,
  status: 'active',
  compose: { include: [include] },
})

/** Where names of editions and versions begin, published ones and others (`xsct`). */
const EDITIONS = 'http://snomed.info/'

const COPYRIGHT =
  'This value set includes content from SNOMED CT, which is copyright of SNOMED International, and used under a licence of the operator of this server.'

/** A set of SNOMED CT: the base of its url is the code system, an edition or a version of it. */
function snomedSet(
  url: string,
  { base, query, version }: { base: string; query: string; version: string | undefined },
): ValueSet | undefined {
  const named = base === SNOMED ? version : base
  // Two versions at once, or a base that is none: no such set.
  if ((base !== SNOMED && version !== undefined) || (base !== SNOMED && !parseSnomedUri(base))) return undefined
  const found = snomedFilterOf(query)
  if (!found) return undefined
  const { filter, ...titles } = found
  const include = {
    system: SNOMED,
    ...(named !== undefined && { version: named }),
    ...(filter && { filter: [filter] }),
  }
  const set: ValueSet = { ...setOf(url, include), ...titles, experimental: false, copyright: COPYRIGHT }
  snomedSets.add(set)
  return set
}

/** What a query chooses, and what the set is called (https://hl7.org/fhir/R4/snomedct.html). */
function snomedFilterOf(query: string): { name?: string; title: string; filter?: Filter } | undefined {
  if (query === '') return { name: 'ALLSNOMEDCT', title: 'SNOMED CT Reference Set (All of SNOMED CT)' }
  if (query === '=refset')
    return { title: 'SNOMED CT Reference Sets', filter: { property: 'refset', op: 'exists', value: 'true' } }
  const [, kind, value = ''] = /^=(isa|refset|ecl)\/(.+)$/s.exec(query) ?? []
  switch (kind) {
    case 'isa':
      return {
        title: `SNOMED CT Concept ${value} and descendants`,
        filter: { property: 'concept', op: 'is-a', value },
      }
    case 'refset':
      return { title: `SNOMED CT Reference Set ${value}`, filter: { property: 'concept', op: 'in', value } }
    case 'ecl':
      return { title: `SNOMED CT ECL ${value}`, filter: { property: 'constraint', op: '=', value } }
  }
  return undefined
}

const snomedSets = new WeakSet<ValueSet>()

/** Whether a set is one that SNOMED CT implies: where its concept or reference set is not there, there is no such set. */
export const isSnomedSet = (set: ValueSet): boolean => snomedSets.has(set)
