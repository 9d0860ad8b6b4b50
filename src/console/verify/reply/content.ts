/** What a credential certifies, in rows of plain words: read from the Bundle of a reply. */
import { isMembers, listOf, type Members, textOf } from '../../api/parameters.ts'

/** A code with whatever display came along. */
export interface Coded {
  system?: string
  code?: string
  display?: string
}

/** What stands in a row: words as they are, codes to be named, a date or time of FHIR, a country of ISO 3166-1. */
export type RowValue =
  | { text: string }
  | { codes: Coded[] }
  | { date: string }
  | { period: { start?: string; end?: string } }
  | { country: string }
  | { dose: { number: string; of?: string } }

/** Names of rows; each has its words in every language. */
type RowName =
  | 'disease'
  | 'product'
  | 'vaccine'
  | 'dose'
  | 'date'
  | 'maker'
  | 'lot'
  | 'country'
  | 'centre'
  | 'person'
  | 'validity'
  | 'test'
  | 'device'
  | 'result'
  | 'state'
  | 'onset'

/** One certified event. */
export interface CertifiedEvent {
  kind: 'vaccination' | 'test' | 'recovery' | 'other'
  /** Type of the resource, for what has no words of its own. */
  type: string
  /** What it is about: disease, vaccine, test. */
  title: Coded[]
  rows: [RowName, RowValue][]
  /** Its status, where it says that it did not happen, is not final, or was entered by mistake. */
  warning?: string
}

/** What the Bundle says. */
export interface CertifiedContent {
  events: CertifiedEvent[]
  /** Further names of the person, other than the one that is shown. */
  names: PersonName[]
  /** Number or identifier of the certificate. */
  certificate?: string
  validity?: { start?: string; end?: string }
  issuedBy?: string
}

/** A name as the content has it. */
export interface PersonName {
  text: string
  /** Where they are told apart. */
  family?: string
  given?: string
}

/** More are not shown: a summary may have hundreds. */
const mostEvents = 60

/** Reads a Bundle; what is no Bundle says nothing. */
export function contentOf(bundle: Members): CertifiedContent {
  const resources = listOf(bundle.entry).flatMap((entry) =>
    isMembers(entry) && isMembers(entry.resource) ? [entry.resource] : [],
  )
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient')
  const composition = resources.find(({ resourceType }) => resourceType === 'Composition')
  const certificate = composition && firstText(composition.identifier, 'value')
  const validity = composition && periodOf(firstOf(composition.event)?.period)
  const issuedBy = resources.flatMap(({ resourceType, name }) =>
    resourceType === 'Organization' ? [textOf(name)] : [],
  )[0]
  return {
    events: resources.flatMap(eventOf).slice(0, mostEvents),
    names: listOf(patient?.name).flatMap(nameOf),
    ...(certificate && { certificate }),
    ...(validity && { validity }),
    ...(issuedBy && { issuedBy }),
  }
}

const background = [
  'Composition',
  'Patient',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Device',
  'Location',
  'Provenance',
]

function eventOf(resource: Members): CertifiedEvent[] {
  const type = textOf(resource.resourceType)
  if (!type || background.includes(type)) return []
  if (type === 'Immunization') return [vaccination(resource)]
  if (type === 'Observation') return [test(resource)]
  if (type === 'Condition') return [recovery(resource)]
  const code = resource.code ?? resource.medicationCodeableConcept ?? resource.type ?? resource.deviceName
  return [
    { kind: 'other', type, title: codesOf(code), rows: rowsOf(['date', dateOf(resource)]), ...warningOf(resource) },
  ]
}

function vaccination(resource: Members): CertifiedEvent {
  const vaccine = codesOf(resource.vaccineCode)
  const brand = extension(resource, 'DDCCEventBrand')?.valueCoding
  const product = codesOf(isMembers(brand) ? { coding: [brand] } : undefined)
  const applied = listOf(resource.protocolApplied).filter(isMembers)
  const diseases = applied
    .flatMap(({ targetDisease }) => listOf(targetDisease))
    .flatMap((each) => codesOf(each).slice(0, 1))
  const [series] = applied
  const number = numberOf(series, 'doseNumber')
  const of = numberOf(series, 'seriesDoses')
  const from = textOf(extension(resource, 'DDCCVaccineValidFrom')?.valueDate)
  return {
    kind: 'vaccination',
    type: 'Immunization',
    title: diseases.length > 0 ? diseases : vaccine,
    rows: rowsOf(
      ['date', dateOf(resource)],
      ['dose', number ? { dose: { number, ...(of && { of }) } } : undefined],
      ['vaccine', vaccine.length > 0 ? { codes: vaccine.slice(0, 1) } : undefined],
      ['product', named(product.length > 0 ? product : vaccine.slice(1))],
      ['maker', words(displayOf(resource.manufacturer))],
      ['lot', words(resource.lotNumber)],
      ['centre', words(displayOf(resource.location))],
      ['person', words(displayOf(firstOf(resource.performer)?.actor))],
      ['country', countryOf(resource)],
      ['validity', from ? { period: { start: from } } : undefined],
    ),
    ...warningOf(resource, 'completed'),
  }
}

function test(resource: Members): CertifiedEvent {
  const codes = codesOf(resource.code)
  return {
    kind: 'test',
    type: 'Observation',
    title: codes.slice(0, 1),
    rows: rowsOf(
      ['result', resultOf(resource)],
      ['date', dateOf(resource)],
      ['disease', named(codes.slice(1))],
      ['device', words(displayOf(resource.device))],
      ['centre', words(displayOf(firstOf(resource.performer)))],
      ['country', countryOf(resource)],
    ),
    ...warningOf(resource, 'final', 'amended', 'corrected'),
  }
}

function recovery(resource: Members): CertifiedEvent {
  const validity = periodOf(extension(resource, 'event-validity')?.valuePeriod)
  const onset = dateOf(resource)
  return {
    kind: 'recovery',
    type: 'Condition',
    title: codesOf(resource.code),
    rows: rowsOf(
      ['onset', onset],
      ['validity', validity ? { period: validity } : undefined],
      ['state', named(codesOf(resource.clinicalStatus))],
      ['country', countryOf(resource)],
    ),
    ...warningOf(resource),
  }
}

type Row = [RowName, RowValue | undefined]
const rowsOf = (...rows: Row[]): [RowName, RowValue][] =>
  rows.flatMap(([name, value]) => (value ? [[name, value] satisfies [RowName, RowValue]] : []))

const words = (value: unknown): RowValue | undefined => {
  const text = textOf(value)
  return text ? { text } : undefined
}
const named = (codes: Coded[]): RowValue | undefined => (codes.length > 0 ? { codes } : undefined)

function resultOf(resource: Members): RowValue | undefined {
  const codes = codesOf(resource.valueCodeableConcept)
  if (codes.length > 0) return { codes }
  const { valueString, valueQuantity, valueBoolean, valueInteger } = resource
  if (isMembers(valueQuantity) && typeof valueQuantity.value === 'number')
    return { text: `${valueQuantity.value} ${textOf(valueQuantity.unit) ?? textOf(valueQuantity.code) ?? ''}`.trim() }
  if (typeof valueBoolean === 'boolean' || typeof valueInteger === 'number')
    return { text: String(valueBoolean ?? valueInteger) }
  return words(valueString)
}

const dates = ['occurrence', 'effective', 'onset', 'performed', 'authored', 'recorded'] as const

function dateOf(resource: Members): RowValue | undefined {
  for (const name of dates) {
    const date =
      textOf(resource[`${name}DateTime`]) ?? textOf(resource[`${name}Date`]) ?? textOf(resource[`${name}String`])
    if (date) return { date }
    const period = periodOf(resource[`${name}Period`])
    if (period) return { period }
  }
  const recorded = textOf(resource.recordedDate) ?? textOf(resource.authoredOn)
  return recorded ? { date: recorded } : undefined
}

function periodOf(value: unknown): { start?: string; end?: string } | undefined {
  if (!isMembers(value)) return undefined
  const [start, end] = [textOf(value.start), textOf(value.end)]
  return start || end ? { ...(start && { start }), ...(end && { end }) } : undefined
}

function countryOf(resource: Members): RowValue | undefined {
  const country = textOf(extension(resource, 'DDCCCountryOfEvent')?.valueCode)
  return country ? { country } : undefined
}

function numberOf(series: Members | undefined, name: string): string | undefined {
  const number = series?.[`${name}PositiveInt`]
  if (typeof number === 'number') return String(number)
  const said = textOf(series?.[`${name}String`])
  return said === 'unknown' ? undefined : said
}

/** Statuses that say no more than what is shown anyway are left out. */
function warningOf(resource: Members, ...usual: string[]): { warning?: string } {
  const status = textOf(resource.status)
  const verification = codesOf(resource.verificationStatus)[0]?.code
  const doubtful = ['refuted', 'entered-in-error', 'unconfirmed', 'provisional', 'differential']
  if (verification && doubtful.includes(verification)) return { warning: verification }
  if (status === undefined) return {}
  const isUsual =
    usual.length > 0 ? usual.includes(status) : !['entered-in-error', 'not-done', 'cancelled'].includes(status)
  return isUsual ? {} : { warning: status }
}

/** The codes of a CodeableConcept; its text stands first, as a code without a code. */
function codesOf(concept: unknown): Coded[] {
  if (!isMembers(concept)) return []
  const text = textOf(concept.text)
  const codings = listOf(concept.coding).flatMap((each): Coded[] => {
    if (!isMembers(each)) return []
    const coded: Coded = {}
    for (const name of ['system', 'code', 'display'] as const) {
      const value = textOf(each[name])
      if (value) coded[name] = value
    }
    return coded.code || coded.display ? [coded] : []
  })
  return text && !codings.some(({ display }) => display === text) ? [{ display: text }, ...codings] : codings
}

const firstOf = (list: unknown): Members | undefined => listOf(list).find(isMembers)

function firstText(value: unknown, name: string): string | undefined {
  const first = Array.isArray(value) ? firstOf(value) : isMembers(value) ? value : undefined
  return textOf(first?.[name])
}

const displayOf = (reference: unknown): string | undefined =>
  isMembers(reference) ? (textOf(reference.display) ?? textOf(reference.name)) : undefined

function extension(resource: Members, ending: string): Members | undefined {
  return listOf(resource.extension)
    .filter(isMembers)
    .find(({ url }) => typeof url === 'string' && url.endsWith(`/${ending}`))
}

/**
 * A name without what cannot be seen: signs that turn letters round would show another name than the one that was signed, and one of such
 * signs alone is none. Joiners stay, with which some scripts are written.
 */
export const plainName = (text: string): string =>
  text.replace(/[\p{Bidi_Control}\p{Cc}\u00ad\u200b\u2028\u2029\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/gu, '').trim()

function nameOf(name: unknown): PersonName[] {
  if (!isMembers(name)) return []
  const family = plainName(textOf(name.family) ?? '')
  const given = listOf(name.given)
    .flatMap((each) => (typeof each === 'string' ? [plainName(each)] : []))
    .join(' ')
  const text = plainName(textOf(name.text) ?? '') || [given, family].filter(Boolean).join(' ')
  return text ? [{ text, ...(family && { family }), ...(given && { given }) }] : []
}
