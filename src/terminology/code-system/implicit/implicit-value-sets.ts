import { keep } from '../../../base/keep.ts'
import type { ValueSet } from '../../../fhir/types.ts'

/** Value sets that hold a whole implicit system or a part of it, by url. */
const SETS: Record<string, { system: string; regex?: string }> = {
  'http://hl7.org/fhir/ValueSet/all-languages': { system: 'urn:ietf:bcp:47' },
  'http://hl7.org/fhir/ValueSet/languages': { system: 'urn:ietf:bcp:47' },
  'http://hl7.org/fhir/ValueSet/mimetypes': { system: 'urn:ietf:bcp:13' },
  'http://hl7.org/fhir/ValueSet/currencies': { system: 'urn:iso:std:iso:4217' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-2': { system: 'urn:iso:std:iso:3166', regex: '[A-Z]{2}' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-3': { system: 'urn:iso:std:iso:3166', regex: '[A-Z]{3}' },
  'http://hl7.org/fhir/ValueSet/iso3166-1-N': { system: 'urn:iso:std:iso:3166', regex: '[0-9]{3}' },
  'http://hl7.org/fhir/ValueSet/ucum-units': { system: 'http://unitsofmeasure.org' },
  'http://unitsofmeasure.org/vs': { system: 'http://unitsofmeasure.org' },
}

/** What makes a value set of the url of a code system. */
const QUERY = '?fhir_vs'

type Filter = { property: string; op: 'is-a' | 'in' | 'regex' | '='; value: string }

/** Urls of implicit sets come from outside, any number of them. */
const KEPT = 1_000

const made = keep<string, ValueSet | undefined>(KEPT)

/**
 * A value set that exists without being stored: `?fhir_vs` of any code system (all codes, `=isa/code`; `=refset/id` and
 * `=ecl/expression` where the system evaluates them) and the named ones above. Undefined for anything else.
 */
export function implicitValueSet(url: string): ValueSet | undefined {
  if (!Object.hasOwn(SETS, url) && !url.includes(QUERY)) return undefined
  return made.of(url, () => (Object.hasOwn(SETS, url) ? namedSet(url) : queriedSet(url)))
}

function namedSet(url: string): ValueSet | undefined {
  const rule = SETS[url]
  if (!rule) return undefined
  return setOf(url, rule.system, rule.regex ? { property: 'code', op: 'regex', value: rule.regex } : undefined)
}

function queriedSet(url: string): ValueSet | undefined {
  const at = url.indexOf(QUERY)
  if (at < 0) return undefined
  const query = decoded(url.slice(at + QUERY.length))
  const base = url.slice(0, at)
  if (query === '') return setOf(url, base)
  const isA = /^=isa\/(.+)$/.exec(query)?.[1]
  if (isA !== undefined) return setOf(url, base, { property: 'concept', op: 'is-a', value: isA })
  const refset = /^=refset\/(.+)$/.exec(query)?.[1]
  if (refset !== undefined) return setOf(url, base, { property: 'refset', op: '=', value: refset })
  const expression = /^=ecl\/(.+)$/.exec(query)?.[1]
  return expression === undefined ? undefined : setOf(url, base, { property: 'constraint', op: '=', value: expression })
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
  return { ...setOf(url, system), ...(version && { version }) }
}

const SNOMED = 'http://snomed.info/sct'

function setOf(url: string, base: string, filter?: Filter): ValueSet {
  const isEdition = base.startsWith(`${SNOMED}/`)
  const system = isEdition ? SNOMED : base
  return {
    resourceType: 'ValueSet',
    url,
    status: 'active',
    compose: { include: [{ system, ...(isEdition && { version: base }), ...(filter && { filter: [filter] }) }] },
  }
}
