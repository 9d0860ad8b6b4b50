import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { Node } from '../model/nodes.ts'
import type { Translation } from './transform-call.ts'

/** Answers the codes that a concept map has for a code, as the terminology service gives it, whose answers are. */
export type Translator = (code: string, system?: string) => readonly TranslatedCode[]

type TranslatedCode = Readonly<Translation & { equivalence: string }>

/** A map that maps name without anybody publishing it: object identifiers of code systems to their urls. */
export const OID_MAP = 'http://hl7.org/fhir/ConceptMap/special-oid2uri'

/** Object identifiers of HL7's registry for systems that certificates use. */
const SYSTEM_OF_OID: Record<string, string> = {
  '2.16.840.1.113883.6.96': 'http://snomed.info/sct',
  '2.16.840.1.113883.6.1': 'http://loinc.org',
  '2.16.840.1.113883.6.8': 'http://unitsofmeasure.org',
  '2.16.840.1.113883.6.88': 'http://www.nlm.nih.gov/research/umls/rxnorm',
  '2.16.840.1.113883.12.292': 'http://hl7.org/fhir/sid/cvx',
  '2.16.840.1.113883.6.3': 'http://hl7.org/fhir/sid/icd-10',
  '2.16.840.1.113883.6.73': 'http://www.whocc.no/atc',
  '1.0.3166.1.2.2': 'urn:iso:std:iso:3166',
  '1.0.3166.1.2.3': 'urn:iso:std:iso:3166',
}

/** The url of a code system by its object identifier; `urn:oid:` for those that have none. */
export const translateOid: Translator = (oid) => {
  const bare = oid.replace(/^urn:oid:/, '')
  return /^[0-2](\.(0|[1-9]\d*))+$/.test(bare)
    ? [{ code: SYSTEM_OF_OID[bare] ?? `urn:oid:${bare}`, equivalence: 'equivalent' }]
    : []
}

/** Whether a relation says that there is no such code. */
const isNegative = (equivalence: string) => equivalence === 'unmatched' || equivalence === 'disjoint'

/** Translator over a concept map that is contained in a map; a code without system matches in every group. */
export function inlineTranslator(map: ConceptMap): Translator {
  return (code, system) =>
    (map.group ?? []).flatMap((group) => {
      if (system !== undefined && group.source !== undefined && group.source !== system) return []
      const element = group.element.find((each) => each.code === code)
      const targets = (element?.target ?? []).map((each) => ({
        ...(group.target !== undefined ? { system: group.target } : {}),
        code: each.code ?? '',
        ...(each.display !== undefined ? { display: each.display } : {}),
        equivalence: each.equivalence,
      }))
      if (element || !group.unmapped) return targets
      const { mode, code: fixed = code, display } = group.unmapped
      if (mode === 'other-map') return []
      const target = mode === 'fixed' ? fixed : code
      return [
        {
          ...(group.target !== undefined ? { system: group.target } : {}),
          code: target,
          ...(display ? { display } : {}),
          equivalence: 'equivalent',
        },
      ]
    })
}

/** The first translation of a code, Coding, or the first translatable coding of a CodeableConcept. */
export function translateNode({ value }: Node, translate: Translator): Readonly<Translation> | undefined {
  if (typeof value === 'string') return firstOf(translate(value))
  if (typeof value === 'number') return firstOf(translate(String(value)))
  if (value === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  if (!Array.isArray(value.coding)) return translateCoding(value, translate)
  for (const each of value.coding) {
    const found = translateCoding(each, translate)
    if (found) return found
  }
  return undefined
}

function translateCoding(coding: Json, translate: Translator): Readonly<Translation> | undefined {
  if (!isJsonObject(coding) || typeof coding.code !== 'string') return undefined
  const { code, system } = coding
  return firstOf(typeof system === 'string' ? translate(code, system) : translate(code))
}

function firstOf(found: readonly TranslatedCode[]): Readonly<Translation> | undefined {
  for (const each of found) if (!isNegative(each.equivalence) && each.code !== '') return each
  return undefined
}

/** The codes that a node stands for. */
export function codesOf(node: Node): { code: string; system?: string }[] {
  const { value } = node
  if (typeof value === 'string') return [{ code: value }]
  if (typeof value === 'number') return [{ code: String(value) }]
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return []
  const coding = value.coding
  if (Array.isArray(coding)) return coding.flatMap((each) => codingOf(each))
  return codingOf(value)
}

function codingOf(value: Json): { code: string; system?: string }[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return []
  const { code, system } = value
  if (typeof code !== 'string') return []
  return [typeof system === 'string' ? { code, system } : { code }]
}
