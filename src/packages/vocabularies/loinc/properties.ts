/** Properties of LOINC concepts as a CodeSystem declares and carries them (https://terminology.hl7.org/LOINC.html). */
import type { CodeSystem } from '../../../fhir/types.ts'
import type { Fragment } from './fragments.ts'

/** One property of a concept. */
export type Property = NonNullable<Fragment['property']>[number]

/** Extension of a property value: the language of a text. The type of R4's property has no member for it. */
const LANGUAGE = 'http://hl7.org/fhir/StructureDefinition/language'

/** A text in a language; none for an empty one. */
export const named = (code: string, language: string, value: string): Property[] =>
  value === '' ? [] : [{ code, valueString: value, extension: [{ url: LANGUAGE, valueCode: language }] }]

/** Properties that are parts, links to other concepts, or both; https://loinc.org/fhir/ has the meaning of each. */
const CODES = [
  ...['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP', 'CLASS'],
  ...['Answer', 'AnswerList', 'answers-for', 'answer-list', 'group', 'MAP_TO'],
  ...['analyte', 'analyte-core', 'analyte-suffix', 'analyte-numerator', 'analyte-divisor', 'analyte-divisor-suffix'],
  ...['analyte-gene', 'category', 'search', 'challenge', 'adjustment', 'count', 'time-core', 'time-modifier'],
  ...['system-core', 'super-system', 'document-kind', 'document-role', 'document-setting'],
  ...['document-subject-matter-domain', 'document-type-of-service'],
]

const CONCEPT_PROPERTIES = 'http://hl7.org/fhir/concept-properties#'

/** Declarations of the properties that have a meaning for filters; a release may use more. */
export const declaredProperties: NonNullable<CodeSystem['property']> = [
  { code: 'STATUS', uri: `${CONCEPT_PROPERTIES}status`, type: 'string' },
  { code: 'inactive', uri: `${CONCEPT_PROPERTIES}inactive`, type: 'boolean' },
  { code: 'parent', uri: `${CONCEPT_PROPERTIES}parent`, type: 'code' },
  { code: 'child', uri: `${CONCEPT_PROPERTIES}child`, type: 'code' },
  ...CODES.map((code) => ({ code, uri: `http://loinc.org/property/${code}`, type: 'code' as const })),
]

type Filter = NonNullable<CodeSystem['filter']>[number]

const filter = (code: string, operator: Filter['operator'], value: string): Filter => ({ code, operator, value })

/** Filters that a release answers, as its CodeSystem declares them. */
export const loincFilters: Filter[] = [
  filter('concept', ['is-a', 'descendent-of', 'is-not-a', 'generalizes', '=', 'in', 'not-in'], 'A code'),
  ...['parent', 'child', 'ancestor'].map((each) =>
    filter(each, ['=', 'in'], 'A code of the Component Hierarchy by System'),
  ),
  filter('LIST', ['='], 'An answer list: its answers'),
  filter('answers-for', ['='], 'An answer list or a term: its answers'),
  filter('copyright', ['='], 'LOINC or 3rdParty'),
  ...[...CODES, 'STATUS', 'CLASSTYPE', 'ORDER_OBS'].map((each) =>
    filter(each, ['=', 'in', 'not-in', 'exists', 'regex'], 'A part by its number or name, else a text'),
  ),
]
