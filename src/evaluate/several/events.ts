import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { oneSystem } from '../../fhir/icd-11.ts'

/**
 * How two certified events of one person stand to each other: `same` one event that both credentials tell; `contradictory` they cannot
 * both be as they are told; `unclear` nobody can say whether they are one or two; `other` two events.
 */
export type Relation = 'same' | 'contradictory' | 'unclear' | 'other'

/** Types of resources that say what happened. */
export const eventTypes = ['Immunization', 'Observation', 'Condition', 'DiagnosticReport', 'Procedure']

/** Compares two events, whatever their types. */
export function relate(a: JsonObject, b: JsonObject): Relation {
  if (a.resourceType !== b.resourceType) return 'other'
  if (a.resourceType === 'Immunization') return relateVaccinations(a, b)
  if (a.resourceType === 'Observation') return relateResults(a, b)
  if (a.resourceType === 'Condition') return relateConditions(a, b)
  return dateOf(a) === dateOf(b) && codesAgree(codesIn(a.code), codesIn(b.code)) === 'yes' ? 'unclear' : 'other'
}

/** Nobody is given two doses against one disease on one day, nor the same dose of a series on two. */
function relateVaccinations(a: JsonObject, b: JsonObject): Relation {
  const [seriesA, seriesB] = [seriesOf(a), seriesOf(b)]
  const disease = codesAgree(seriesA.diseases, seriesB.diseases)
  if (disease === 'no') return 'other'
  const vaccine = codesAgree(codesIn(a.vaccineCode), codesIn(b.vaccineCode))
  const isOneKind = disease === 'yes' || vaccine === 'yes' || isOneCertificate(a, b)
  const day = daysAgree(dateOf(a), dateOf(b))
  if (day === 'no') return isOneKind && seriesContradict([a, seriesA], [b, seriesB]) ? 'contradictory' : 'other'
  if (vaccine === 'no') return disease === 'yes' ? 'contradictory' : 'unclear'
  if (!isOneKind) return 'unclear'
  if (day === 'maybe') return differ(seriesA.dose, seriesB.dose) ? 'other' : 'unclear'
  const isTold = [differ(seriesA.dose, seriesB.dose), differ(seriesA.total, seriesB.total), differ(lotOf(a), lotOf(b))]
  return isTold.includes(true) ? 'contradictory' : 'same'
}

/** The same sample tested for the same thing has one result. */
function relateResults(a: JsonObject, b: JsonObject): Relation {
  const [whenA, whenB] = [dateOf(a), dateOf(b)]
  const isOneMoment =
    whenA !== undefined && whenB !== undefined && (whenA === whenB || Date.parse(whenA) === Date.parse(whenB))
  if (!isOneMoment || codesAgree(codesIn(a.code), codesIn(b.code)) !== 'yes') return 'other'
  const result = codesAgree(codesIn(a.valueCodeableConcept), codesIn(b.valueCodeableConcept))
  return result === 'yes' ? 'same' : result === 'no' ? 'contradictory' : 'unclear'
}

/** A recovery from one infection counts for one time. */
function relateConditions(a: JsonObject, b: JsonObject): Relation {
  const code = codesAgree(codesIn(a.code), codesIn(b.code))
  const day = daysAgree(dateOf(a), dateOf(b))
  if (code === 'no' || day === 'no') return 'other'
  if (code === 'unknown' || day === 'maybe') return 'unclear'
  return extensionsContradict(a, b) ? 'contradictory' : 'same'
}

type Truth = 'yes' | 'no' | 'maybe'

/** Days as they are told; one that is not told, or only in part, may be any. */
function daysAgree(a: string | undefined, b: string | undefined): Truth {
  if (a === undefined || b === undefined) return 'maybe'
  const [dayA, dayB] = [a.slice(0, 10), b.slice(0, 10)]
  if (dayA.length === 10 && dayB.length === 10) return dayA === dayB ? 'yes' : 'no'
  return dayA.startsWith(dayB) || dayB.startsWith(dayA) ? 'maybe' : 'no'
}

/** When an event was, as it is told: the first moment of a period. */
export function dateOf(event: JsonObject): string | undefined {
  const period = isJsonObject(event.effectivePeriod) ? event.effectivePeriod : event.performedPeriod
  const told = [
    event.occurrenceDateTime,
    event.effectiveDateTime,
    event.effectiveInstant,
    event.onsetDateTime,
    event.performedDateTime,
    isJsonObject(period) ? period.start : undefined,
    event.recordedDate,
  ]
  return told.find((each) => typeof each === 'string')
}

interface Series {
  dose: number | undefined
  total: number | undefined
  diseases: Codes
}

function seriesOf({ protocolApplied }: JsonObject): Series {
  const protocols = objectsIn(protocolApplied)
  const numberOf = (...names: string[]) =>
    protocols
      .flatMap((protocol) => names.map((name) => Number(protocol[name] ?? Number.NaN)))
      .find((each) => Number.isInteger(each))
  return {
    dose: numberOf('doseNumberPositiveInt', 'doseNumberString'),
    total: numberOf('seriesDosesPositiveInt', 'seriesDosesString'),
    diseases: merged(protocols.flatMap(({ targetDisease }) => objectsIn(targetDisease).map(codesIn))),
  }
}

/** Of one series: one dose on two days, or a later dose on an earlier day. */
function seriesContradict([a, seriesA]: [JsonObject, Series], [b, seriesB]: [JsonObject, Series]): boolean {
  const { dose: doseA } = seriesA
  const { dose: doseB } = seriesB
  if (doseA === undefined || doseB === undefined || differ(seriesA.total, seriesB.total)) return false
  return doseA === doseB || doseA < doseB !== (dateOf(a) ?? '') < (dateOf(b) ?? '')
}

/** Whether both carry the identifier of one certificate. */
function isOneCertificate(a: JsonObject, b: JsonObject): boolean {
  const numbers = ({ identifier }: JsonObject) => objectsIn(identifier).flatMap(({ value }) => value ?? [])
  const others = numbers(b)
  return numbers(a).some((each) => others.includes(each))
}

const lotOf = ({ lotNumber }: JsonObject) =>
  typeof lotNumber === 'string' ? lotNumber.replace(/[\s-]/g, '').toUpperCase() || undefined : undefined

/** Whether both are told, and are not the same. */
const differ = <T>(a: T | undefined, b: T | undefined): boolean => a !== undefined && b !== undefined && a !== b

/** Code systems that certificates name in two ways, beside ICD-11. */
const spellings: Record<string, string> = {
  'http://ec.europa.eu/temp/vaccineproductname': 'https://ec.europa.eu/health/documents/community-register/html/',
}

/** Codes by their system. */
type Codes = Map<string, Set<string>>

function codesIn(concept: Json | undefined): Codes {
  const codings = isJsonObject(concept) ? objectsIn(concept.coding) : []
  const codes: Codes = new Map()
  for (const { system, code } of codings) {
    if (typeof system !== 'string' || typeof code !== 'string') continue
    const name = spellings[system] ?? oneSystem(system)
    const known = codes.get(name) ?? new Set()
    codes.set(name, known.add(code))
  }
  return codes
}

function merged(all: Codes[]): Codes {
  const codes: Codes = new Map()
  for (const each of all)
    for (const [system, some] of each) codes.set(system, new Set([...(codes.get(system) ?? []), ...some]))
  return codes
}

/** Whether two concepts have a code in common; they differ where one system has other codes in each, and none has a common one. */
function codesAgree(a: Codes, b: Codes): 'yes' | 'no' | 'unknown' {
  const shared = [...a.keys()].filter((system) => b.has(system))
  const isCommon = (system: string) => [...(a.get(system) ?? [])].some((code) => b.get(system)?.has(code))
  // A product and its kind stand side by side: one system in which they differ is enough.
  if (shared.some((system) => !isCommon(system))) return 'no'
  return shared.length > 0 ? 'yes' : 'unknown'
}

function extensionsContradict(a: JsonObject, b: JsonObject): boolean {
  const extensionsOf = ({ extension }: JsonObject) =>
    new Map(objectsIn(extension).map((each) => [String(each.url), JSON.stringify(each)]))
  const others = extensionsOf(b)
  return [...extensionsOf(a)].some(([url, text]) => differ(text, others.get(url)))
}

/**
 * One event of several tellings of it: what the fullest says, and what only another says beside it – its codes, and its extensions,
 * which may limit it. The order of the tellings does not matter.
 */
export function united(tellings: JsonObject[]): JsonObject {
  const [fullest = {}, ...others] = [...tellings].sort((a, b) => fullness(b) - fullness(a) || compareText(a, b))
  const event = { ...fullest }
  for (const other of others) {
    for (const [name, value] of Object.entries(other)) {
      const own = event[name]
      if (own === undefined) event[name] = value
      else if (name === 'extension' || name === 'modifierExtension') event[name] = joined(own, value, 'url')
      else if (name === 'vaccineCode' && isJsonObject(own) && isJsonObject(value))
        event[name] = { ...own, coding: joined(own.coding ?? [], value.coding ?? [], 'system') }
    }
  }
  return event
}

/** The items of a list, and those of another whose kind the first has not. */
function joined(a: Json, b: Json, kind: string): Json[] {
  const kinds = new Set(objectsIn(a).map((each) => each[kind]))
  return [...objectsIn(a), ...objectsIn(b).filter((each) => !kinds.has(each[kind]))]
}

/** Numbers of doses decide most; then whatever else is told. */
function fullness(event: JsonObject): number {
  const { dose, total } = seriesOf(event)
  const told = [dose, total].filter((each) => each !== undefined).length
  return told * 1e6 + JSON.stringify(event).length
}

/** An order of resources that follows from what they say. */
export function compareText(a: JsonObject, b: JsonObject): number {
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)]
  return textA < textB ? -1 : textA > textB ? 1 : 0
}
