import { Code, Concept, Date as CqlDate, DateTime, Interval, Quantity, Ratio } from 'cql-execution'
import { keepExactNumber } from '../../../base/exact-number.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import type { Coding, Issue, Parameter } from '../../../fhir/types.ts'
import { fields, isCalendarWord } from '../corrections/calendar.ts'
import { decimalText, greatestDecimal } from '../corrections/decimals.ts'
import { fieldOf } from '../corrections/durations.ts'
import { isUncertain, type Uncertain } from '../corrections/operators.ts'
import { formatType, type TypeSpecifier } from '../translate/elm.ts'
import { FhirInstance } from './fhir-instance.ts'

const extensionBase = 'http://hl7.org/fhir/StructureDefinition/'
const system = '{urn:hl7-org:elm-types:r1}'

/** A result that can be sent: the value as parameters. */
export interface EncodedResult {
  name: string
  parameters: Parameter[]
  issue?: Issue
}

/** Encodes the answer of one define; a failing one has no parameters. */
export function encodeResult(result: {
  name: string
  value: unknown
  type: TypeSpecifier | undefined
  issue?: Issue
}): EncodedResult {
  const { name, value, type, issue } = result
  return issue ? { name, parameters: [], issue } : { name, parameters: toParameters(name, value, type) }
}

/**
 * A CQL result as parameters of a FHIR Parameters resource: a list is a repeated parameter, null a data-absent-reason, tuples and
 * intervals that FHIR has no type for are parts; the extension `cqf-cqlType` names the CQL type (CQL evaluation service of the
 * implementation guide "Using CQL with FHIR").
 */
export function toParameters(name: string, value: unknown, type: TypeSpecifier | undefined): Parameter[] {
  const cqlType = { url: `${extensionBase}cqf-cqlType`, valueString: formatType(concrete(type) ?? guessType(value)) }
  const made = Array.isArray(value) ? listParameters(name, value, type?.elementType) : [toParameter(name, value, type)]
  // A Long says so itself, wherever it stands; once is enough.
  const others = ({ extension = [] }: Parameter) => extension.filter((each) => each.valueString !== cqlType.valueString)
  return made.map((each) => ({ ...each, extension: [cqlType, ...others(each)] }))
}

/**
 * The parameter with the text of the greatest and least Decimal kept, which a double cannot hold (CQL 1.5, maximum): to be called last,
 * for the text does not go from one process to another. FHIR data are left as they came in.
 */
export function withGreatestDecimal(parameter: Parameter): Parameter {
  const type = parameter.extension?.find(({ url }) => url === `${extensionBase}cqf-cqlType`)?.valueString
  if (type !== undefined && !type.includes('FHIR.')) keepGreatest(parameter)
  return parameter
}

function keepGreatest(parameter: Parameter): void {
  const { valueDecimal = 0, valueQuantity, part } = parameter
  if (Math.abs(valueDecimal) === greatestDecimal) keepExactNumber(parameter, 'valueDecimal', decimalText(valueDecimal))
  const value = valueQuantity?.value ?? 0
  if (valueQuantity && Math.abs(value) === greatestDecimal) keepExactNumber(valueQuantity, 'value', decimalText(value))
  part?.forEach(keepGreatest)
}

function concrete(type: TypeSpecifier | undefined): TypeSpecifier | undefined {
  return type?.name === `${system}Any` || type?.choice ? undefined : type
}

function listParameters(name: string, list: unknown[], elementType: TypeSpecifier | undefined): Parameter[] {
  if (list.length === 0) return [marker(name, 'cqf-isEmptyList')]
  return list.map((each) => toParameter(name, each, elementType))
}

function toParameter(name: string, value: unknown, type: TypeSpecifier | undefined): Parameter {
  if (value === null || value === undefined) return absent(name)
  if (Array.isArray(value)) return { name, part: listParameters('element', value, type?.elementType) }
  if (value instanceof FhirInstance) return fhirParameter(name, value)
  if (typeof value === 'number') return numberParameter(name, value, type)
  if (typeof value === 'boolean') return { name, valueBoolean: value }
  if (typeof value === 'bigint') return { name, valueString: value.toString(), extension: [typeExtension('Long')] }
  if (typeof value === 'string') return textParameter(name, value)
  if (typeof value !== 'object') return { name, valueString: String(value) }
  return objectParameter(name, value, type)
}

/** A value of one of the executor's classes; anything else is a tuple. */
function objectParameter(name: string, value: object, type: TypeSpecifier | undefined): Parameter {
  if (value instanceof DateTime) return dateTimeParameter(name, value)
  if (value instanceof CqlDate) return { name, valueDate: String(value) }
  if (value instanceof Quantity) return { name, valueQuantity: quantity(value) }
  if (value instanceof Ratio)
    return { name, valueRatio: { numerator: quantity(value.numerator), denominator: quantity(value.denominator) } }
  if (value instanceof Code) return { name, valueCoding: coding(value) }
  if (value instanceof Concept) return { name, valueCodeableConcept: codeableConcept(value) }
  if (value instanceof Interval) return intervalParameter(name, value, type)
  if (isUncertain(value)) return uncertaintyParameter(name, value, type)
  return tupleParameter(name, value, type)
}

/** An empty string has no valid FHIR form; it is written as it is, for null would be another value. */
const textParameter = (name: string, value: string): Parameter => ({ name, valueString: value })

/** A value that FHIR cannot write, told by an extension on the value (`_valueBoolean`). */
const marked = (name: string, extension: JsonObject[]): Parameter => asParameter({ name, _valueBoolean: { extension } })

/** JSON that is a parameter by construction: its value member is chosen at run time, or is one that R4's types leave out. */
function asParameter(json: JsonObject): Parameter {
  const parameter: object = json
  if (isParameter(parameter)) return parameter
  throw new Error('a parameter has a name')
}

const isParameter = (json: object): json is Parameter => 'name' in json && typeof json.name === 'string'

const marker = (name: string, extension: string) =>
  marked(name, [{ url: `${extensionBase}${extension}`, valueBoolean: true }])

const absent = (name: string) => marked(name, [{ url: `${extensionBase}data-absent-reason`, valueCode: 'unknown' }])

const typeExtension = (local: string) => ({ url: `${extensionBase}cqf-cqlType`, valueString: `System.${local}` })

function numberParameter(name: string, value: number, type: TypeSpecifier | undefined): Parameter {
  if (type?.name === `${system}Long`) return { name, valueString: String(value), extension: [typeExtension('Long')] }
  const integer = type?.name === `${system}Integer` || (type?.name !== `${system}Decimal` && Number.isInteger(value))
  // The static type can be wrong about the value (`Power(2, -2)` is typed Integer); the value decides what is valid FHIR.
  return integer && Number.isInteger(value) && Math.abs(value) <= 2 ** 31
    ? { name, valueInteger: value }
    : { name, valueDecimal: value }
}

function quantity(value: Quantity) {
  const unit: string = typeof value.unit === 'string' && value.unit !== '' ? value.unit : '1'
  const number: number = value.value
  const calendar = isCalendarWord(unit)
  return { value: number, unit, ...(calendar ? {} : { system: 'http://unitsofmeasure.org' }), code: unit }
}

type CodingJson = Pick<Coding, 'system' | 'version' | 'code' | 'display'> & Record<string, string>

/** A code as a Coding of its members that are there. */
export function coding({ system, version, code, display }: Code): CodingJson {
  const made: CodingJson = {}
  if (typeof system === 'string') made.system = system
  if (typeof version === 'string') made.version = version
  if (typeof code === 'string') made.code = code
  if (typeof display === 'string') made.display = display
  return made
}

/** A concept as a CodeableConcept. */
const codeableConcept = ({ codes, display }: Concept) => ({
  coding: codes.map(coding),
  ...(typeof display === 'string' ? { text: display } : {}),
})

const precisionCodes = ['a', 'mo', 'd', 'h', 'min', 's', 'ms']

/** FHIR text of a DateTime or Time, and the precision code when FHIR demands more digits than the value has. */
export function dateTimeText(value: DateTime): { text: string; time: boolean; precision?: string } {
  const { year, month, day, hour } = value
  // Most are days.
  if (hour === null && year !== null && month !== null && day !== null && !value.isTime())
    return { text: `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`, time: false }
  const numbers = fields.map((each) => fieldOf(value, each))
  const known = numbers.indexOf(null)
  const count = known < 0 ? numbers.length : known
  const at = (index: number, digits: number) => String(numbers[index] ?? 0).padStart(digits, '0')
  const clock = `${at(3, 2)}:${at(4, 2)}:${at(5, 2)}${count > 6 ? `.${at(6, 3)}` : ''}`
  const cut = count === 4 || count === 5 ? { precision: precisionCodes[count - 1] ?? '' } : {}
  if (value.isTime()) return { text: clock, time: true, ...cut }
  const date = [at(0, 4), at(1, 2), at(2, 2)].slice(0, Math.min(count, 3)).join('-')
  if (count <= 3) return { text: date, time: false }
  return { text: `${date}T${clock}${offsetText(value.timezoneOffset)}`, time: false, ...cut }
}

function offsetText(hours: number | null): string {
  const minutes = Math.round((hours ?? 0) * 60)
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`
}

const twoDigits = (value: number) => String(value).padStart(2, '0')

function dateTimeParameter(name: string, value: DateTime): Parameter {
  const { text, time, precision } = dateTimeText(value)
  const member = time ? 'valueTime' : 'valueDateTime'
  const made: JsonObject = { name, [member]: text }
  if (precision) made[`_${member}`] = { extension: [{ url: `${extensionBase}time-precision`, valueCode: precision }] }
  return asParameter(made)
}

function intervalParameter(name: string, value: Interval, type: TypeSpecifier | undefined): Parameter {
  const closed = value.lowClosed === true && value.highClosed === true
  return (closed ? closedInterval(name, value.low, value.high) : undefined) ?? bounds(name, value, type)
}

/** A closed interval in a type of FHIR: days and moments as Period, quantities as Range. */
function closedInterval(name: string, low: unknown, high: unknown): Parameter | undefined {
  const [start, end] = [low, high].map(periodText)
  if (start !== undefined && end !== undefined) return { name, valuePeriod: { start, end } }
  if (low instanceof Quantity && high instanceof Quantity)
    return { name, valueRange: { low: quantity(low), high: quantity(high) } }
  return undefined
}

/** A bound as a Period has it: a Time has no such form, nor what FHIR would fill up. */
function periodText(bound: unknown): string | undefined {
  if (bound instanceof CqlDate) return String(bound)
  if (!(bound instanceof DateTime) || bound.isTime()) return undefined
  const { text, precision } = dateTimeText(bound)
  return precision === undefined ? text : undefined
}

interface Bounds {
  low: unknown
  high: unknown
  lowClosed?: boolean | null | undefined
  highClosed?: boolean | null | undefined
}

const bounds = (name: string, value: Bounds, type: TypeSpecifier | undefined): Parameter => ({
  name,
  part: [
    toParameter('low', value.low, type?.pointType),
    { name: 'lowClosed', valueBoolean: value.lowClosed === true },
    toParameter('high', value.high, type?.pointType),
    { name: 'highClosed', valueBoolean: value.highClosed === true },
  ],
})

/** An uncertain value (`months between` dates of the year) is written as the interval it lies in. */
const uncertaintyParameter = (name: string, { low, high }: Uncertain, type: TypeSpecifier | undefined): Parameter =>
  intervalParameter(name, new Interval(low, high), {
    type: 'IntervalTypeSpecifier',
    ...(type ? { pointType: type } : {}),
  })

function tupleParameter(name: string, value: object, type: TypeSpecifier | undefined): Parameter {
  const members = Object.entries(value).filter(([, each]) => each !== undefined && typeof each !== 'function')
  if (members.length === 0) return marker(name, 'cqf-isEmptyTuple')
  const part = members.flatMap(([member, each]) => {
    const elementType = type?.element?.find((element) => element.name === member)?.elementType
    return Array.isArray(each) ? listParameters(member, each, elementType) : [toParameter(member, each, elementType)]
  })
  return { name, part }
}

function fhirParameter(name: string, value: FhirInstance): Parameter {
  const { fhirClass, _json: json } = value
  // What FHIR has no type for goes out as it may come in.
  if (fhirClass.kind === 'instance') return asParameter({ name, resource: asBinary(json) })
  if (fhirClass.kind === 'person')
    return { name, part: Object.entries(json).flatMap(([member, each]) => jsonParts(member, each)) }
  // FHIR data goes out as it came in.
  if (typeof json.resourceType === 'string') return asParameter({ name, resource: json })
  if (fhirClass.primitive) {
    const { value: plain, ...rest } = json
    const member = `value${primitiveType(fhirClass.typeNames)}`
    const made: JsonObject = { name }
    if (plain !== undefined) made[member] = plain
    if (Object.keys(rest).length > 0) made[`_${member}`] = rest
    return asParameter(made)
  }
  if (fhirClass.name.includes('.'))
    return { name, part: Object.entries(json).flatMap(([member, each]) => jsonParts(member, each)) }
  return asParameter({ name, [`value${fhirClass.name}`]: json })
}

/** The instance of a logical model, as `$evaluate` answers it. */
const asBinary = (json: JsonObject): JsonObject => ({
  resourceType: 'Binary',
  contentType: 'application/json',
  data: Buffer.from(JSON.stringify(json)).toString('base64'),
})

const choiceTypes =
  /\}(base64Binary|boolean|canonical|code|date|dateTime|decimal|id|instant|integer|markdown|oid|positiveInt|string|time|unsignedInt|uri|url|uuid)$/

/** `value[x]` suffix of a FHIR primitive; a bound code (`ImmunizationStatus`) is a code. */
function primitiveType(typeNames: string[]): string {
  for (const each of typeNames) {
    const local = choiceTypes.exec(each)?.[1]
    if (local) return local.charAt(0).toUpperCase() + local.slice(1)
  }
  return 'Code'
}

/** A backbone element has no `value[x]`; its JSON is written as parts. */
function jsonParts(name: string, value: Json): Parameter[] {
  if (value === null) return []
  if (Array.isArray(value)) return value.flatMap((each) => jsonParts(name, each))
  if (typeof value === 'boolean') return [{ name, valueBoolean: value }]
  if (typeof value === 'number') return [numberParameter(name, value, undefined)]
  if (typeof value === 'string') return [textParameter(name, value)]
  return [{ name, part: Object.entries(value).flatMap(([member, each]) => jsonParts(member, each)) }]
}

/** The type of a value whose static type says nothing (Any, a choice). */
function guessType(value: unknown): TypeSpecifier {
  const named = (name: string): TypeSpecifier => ({ type: 'NamedTypeSpecifier', name: `${system}${name}` })
  if (Array.isArray(value)) {
    const first = value.find((each) => each !== null && each !== undefined)
    return { type: 'ListTypeSpecifier', elementType: guessType(first) }
  }
  if (value instanceof FhirInstance) return { type: 'NamedTypeSpecifier', name: value.fhirClass.typeNames[0] ?? '' }
  if (typeof value === 'boolean') return named('Boolean')
  if (typeof value === 'string') return named('String')
  if (typeof value === 'bigint') return named('Long')
  if (typeof value === 'number') return named(Number.isInteger(value) ? 'Integer' : 'Decimal')
  if (value instanceof Interval) return { type: 'IntervalTypeSpecifier', pointType: guessType(value.low ?? value.high) }
  if (value instanceof DateTime) return named(value.isTime() ? 'Time' : 'DateTime')
  return named(classNames.find(([cqlClass]) => value instanceof cqlClass)?.[1] ?? 'Any')
}

const classNames = [
  [CqlDate, 'Date'],
  [Quantity, 'Quantity'],
  [Ratio, 'Ratio'],
  [Code, 'Code'],
  [Concept, 'Concept'],
] as const
