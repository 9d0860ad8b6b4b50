/** The table of terms (LoincTable/Loinc.csv): one LOINC number a record. */
import type { CodeSystemConcept } from '../../../fhir/types.ts'
import type { SourceConcept } from '../../large-code-system/source-concept.ts'
import type { ReleaseFiles } from '../source.ts'
import { faultAt, readTable, type TableRow } from '../table.ts'
import { requireCode } from './codes.ts'
import type { Fragment } from './fragments.ts'
import { named, type Property } from './properties.ts'

const REQUIRED = [
  'LOINC_NUM',
  'COMPONENT',
  'PROPERTY',
  'TIME_ASPCT',
  'SYSTEM',
  'SCALE_TYP',
  'METHOD_TYP',
  'CLASS',
  'STATUS',
  'CLASSTYPE',
  'SHORTNAME',
  'LONG_COMMON_NAME',
] as const

/** Axes of a name: a part where the release links one, else the text of the table. */
const AXES = ['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP'] as const

/** Columns whose texts become properties of the same name. */
const TEXTS = [
  'STATUS',
  'CLASSTYPE',
  'ORDER_OBS',
  'EXAMPLE_UNITS',
  'EXAMPLE_UCUM_UNITS',
  'UNITSREQUIRED',
  'PanelType',
  'AskAtOrderEntry',
  'AssociatedObservations',
  'ValidHL7AttachmentRequest',
  'HL7_ATTACHMENT_STRUCTURE',
  'EXTERNAL_COPYRIGHT_NOTICE',
  'EXTERNAL_COPYRIGHT_LINK',
  'VersionLastChanged',
  'VersionFirstReleased',
  'CHNG_TYPE',
  'FORMULA',
  'EXMPL_ANSWERS',
  'SURVEY_QUEST_TEXT',
  'SURVEY_QUEST_SRC',
  'HL7_FIELD_SUBFIELD_ID',
  'STATUS_REASON',
  'STATUS_TEXT',
  'CHANGE_REASON_PUBLIC',
  'COMMON_TEST_RANK',
  'COMMON_ORDER_RANK',
] as const

const OPTIONAL = [...TEXTS.slice(2), 'DefinitionDescription', 'RELATEDNAMES2', 'DisplayName'] as const

type Column = (typeof REQUIRED)[number] | (typeof TEXTS)[number] | (typeof OPTIONAL)[number]

const FORM = {
  separator: ',' as const,
  required: [...REQUIRED] satisfies Column[],
  optional: [...OPTIONAL] satisfies Column[],
}

/** A record of the table of terms. */
export type TermRow = TableRow<Column>

/**
 * The records of the table.
 * @throws FhirError 422 for a number that is none, with the line
 */
export function* readTerms(files: ReleaseFiles, name: string): Generator<TermRow> {
  for (const row of readTable<Column>({ name, chunks: files.chunks(name) }, FORM)) {
    requireCode(row.of.LOINC_NUM, '', { name, line: row.line })
    if (row.of.LONG_COMMON_NAME === '') throw faultAt(name, row.line, `${row.of.LOINC_NUM} has no LONG_COMMON_NAME`)
    yield row
  }
}

/** What is known of the numbers before any concept is put together. */
export interface TermNumbers {
  /** Position in the table by number. */
  numberOf: ReadonlyMap<string, number>
  /** The newest release that a term was changed in, e.g. `2.82`. */
  newest: string
}

/**
 * Reads the numbers alone.
 * @throws FhirError 422 for a number that comes twice
 */
export function readNumbers(files: ReleaseFiles, name: string): TermNumbers {
  const numberOf = new Map<string, number>()
  let newest = ''
  for (const { line, of } of readTerms(files, name)) {
    if (numberOf.has(of.LOINC_NUM)) throw faultAt(name, line, `${of.LOINC_NUM} is there twice`)
    numberOf.set(of.LOINC_NUM, numberOf.size)
    for (const each of [of.VersionLastChanged, of.VersionFirstReleased]) if (isLater(each, newest)) newest = each
  }
  return { numberOf, newest }
}

/** Whether a version of LOINC is later than another: `2.9` is before `2.10`, as the numbers of its releases go. */
export function isLater(a: string, b: string): boolean {
  const [first, second] = [a, b].map((each) => /^(\d+)\.(\d+)/.exec(each))
  if (!first) return false
  if (!second) return true
  return Number(first[1]) - Number(second[1]) > 0 || (first[1] === second[1] && Number(first[2]) > Number(second[2]))
}

/** What is known of a term beside its record. */
export interface BesideTerm {
  fragment: Required<Fragment>
  parents: string[]
  classNamed(name: string): string | undefined
}

/** The concept of a term. */
export function termConcept({ line, of }: TermRow, { fragment, parents, classNamed }: BesideTerm): SourceConcept {
  const linked = new Set(fragment.property.map((each) => each.code))
  const property: Property[] = []
  for (const axis of AXES)
    if (!linked.has(axis) && of[axis] !== '') property.push({ code: axis, valueString: of[axis] })
  const group = classNamed(of.CLASS)
  if (group !== undefined) property.push({ code: 'CLASS', valueCode: group })
  else if (of.CLASS !== '') property.push({ code: 'CLASS', valueString: of.CLASS })
  for (const column of TEXTS) if (of[column] !== '') property.push({ code: column, valueString: of[column] })
  // What should not be used any more is deprecated; what was never a good choice is not active (https://loinc.org/kb/users-guide/loinc-term-status/).
  if (of.STATUS === 'DISCOURAGED') property.push({ code: 'inactive', valueBoolean: true })
  property.push(...named('RELATEDNAMES2', 'en-US', of.RELATEDNAMES2))
  const names = [
    { code: 'LONG_COMMON_NAME', value: of.LONG_COMMON_NAME },
    { code: 'SHORTNAME', value: of.SHORTNAME },
    { code: 'DisplayName', value: of.DisplayName },
  ]
  const concept: CodeSystemConcept = {
    code: of.LOINC_NUM,
    ...(of.DefinitionDescription !== '' && { definition: of.DefinitionDescription }),
    designation: inOrder([
      ...names.flatMap(({ code, value }) => designated(code, 'en-US', value)),
      ...fragment.designation,
    ]),
    property: distinct([
      ...fragment.property.filter(isAxis),
      ...property,
      ...fragment.property.filter((each) => !isAxis(each)),
    ]),
  }
  return { line, code: of.LOINC_NUM, display: of.LONG_COMMON_NAME, parents, concept }
}

/** Uses in the order in which they are shown, of several in one language. */
const USES = ['LONG_COMMON_NAME', 'LinguisticVariantDisplayName', 'SHORTNAME', 'DisplayName', 'ConsumerName']

function inOrder(designations: Required<Fragment>['designation']): Required<Fragment>['designation'] {
  const rank = (code: string | undefined) => USES.indexOf(code ?? '')
  return designations.toSorted((a, b) => rank(a.use?.code) - rank(b.use?.code))
}

const axes = new Set<string>(AXES)
const isAxis = ({ code }: Property) => axes.has(code)

/** Each property once: the supplementary links repeat some of the primary ones. */
function distinct(properties: Property[]): Property[] {
  const seen = new Set<string>()
  return properties.filter((each) => {
    const key = JSON.stringify(each)
    return !seen.has(key) && seen.add(key)
  })
}

const LOINC = 'http://loinc.org'

/** A designation of LOINC: its use is the column that it comes from. None for an empty text. */
export function designated(use: string, language: string, value: string): NonNullable<Fragment['designation']> {
  return value === '' ? [] : [{ language, use: { system: LOINC, code: use, display: use }, value }]
}
