import { keepExactNumber } from '../../../base/exact-number.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import type { Issue, Parameter } from '../../../fhir/types.ts'
import { decimalText, greatestDecimal } from '../corrections/decimals.ts'
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

/** The CQL classes by what they say of themselves: the executor's marks, read without importing it. */
export interface CqlObject {
  isInterval?: boolean
  isQuantity?: boolean
  isRatio?: boolean
  isCode?: boolean
  isConcept?: boolean
  isDateTime?: boolean
  isDate?: boolean
  isUncertainty?: boolean
  [member: string]: unknown
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
  const object = value as CqlObject
  for (const [mark, write] of writers) if (object[mark] === true) return write(name, object, type)
  return tupleParameter(name, object, type)
}

/** An empty string has no valid FHIR form; it is written as it is, for null would be another value. */
const textParameter = (name: string, value: string): Parameter => ({ name, valueString: value })

/** A value that FHIR cannot write, told by an extension on the value (`_valueBoolean`). */
function marked(name: string, extension: JsonObject[]): Parameter {
  // @types/fhir has `_value*` as Element; the extensions are plain JSON.
  return { name, _valueBoolean: { extension } } as unknown as Parameter
}

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

type Writer = (name: string, value: CqlObject, type: TypeSpecifier | undefined) => Parameter

const writers: [keyof CqlObject, Writer][] = [
  ['isDateTime', (name, value) => dateTimeParameter(name, value)],
  ['isDate', (name, value) => ({ name, valueDate: String(value) })],
  ['isQuantity', (name, value) => ({ name, valueQuantity: quantity(value) })],
  [
    'isRatio',
    (name, value) => ({
      name,
      valueRatio: {
        numerator: quantity(value.numerator as CqlObject),
        denominator: quantity(value.denominator as CqlObject),
      },
    }),
  ],
  ['isCode', (name, value) => ({ name, valueCoding: coding(value) })],
  [
    'isConcept',
    (name, value) => ({
      name,
      valueCodeableConcept: withoutUndefined({ coding: (value.codes as CqlObject[]).map(coding), text: value.display }),
    }),
  ],
  ['isInterval', (name, value, type) => intervalParameter(name, value, type)],
  ['isUncertainty', (name, value, type) => uncertaintyParameter(name, value, type)],
]

function quantity(value: CqlObject): JsonObject {
  const unit = typeof value.unit === 'string' && value.unit !== '' ? value.unit : '1'
  const made: JsonObject = { value: value.value as number, unit }
  return /^(year|month|week|day|hour|minute|second|millisecond)s?$/.test(unit)
    ? { ...made, code: unit }
    : { ...made, system: 'http://unitsofmeasure.org', code: unit }
}

export function coding(value: CqlObject): JsonObject {
  return withoutUndefined({ system: value.system, version: value.version, code: value.code, display: value.display })
}

function withoutUndefined(object: Record<string, unknown>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== null),
  ) as JsonObject
}

const precisions = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
const precisionCodes = ['a', 'mo', 'd', 'h', 'min', 's', 'ms']

/** FHIR text of a DateTime or Time, and the precision code when FHIR demands more digits than the value has. */
export function dateTimeText(value: CqlObject): { text: string; time: boolean; precision?: string } {
  const fields = precisions.map((each) => value[each] as number | null | undefined)
  const known = fields.findIndex((each) => each === null || each === undefined)
  const count = known < 0 ? fields.length : known
  const at = (index: number, digits: number) => String(fields[index] ?? 0).padStart(digits, '0')
  const clock = `${at(3, 2)}:${at(4, 2)}:${at(5, 2)}${count > 6 ? `.${at(6, 3)}` : ''}`
  const cut = count === 4 || count === 5 ? { precision: precisionCodes[count - 1] ?? '' } : {}
  if (isTime(value)) return { text: clock, time: true, ...cut }
  const date = [at(0, 4), at(1, 2), at(2, 2)].slice(0, Math.min(count, 3)).join('-')
  if (count <= 3) return { text: date, time: false }
  return { text: `${date}T${clock}${offsetText(value.timezoneOffset as number | null)}`, time: false, ...cut }
}

/** A Time is a DateTime of year 0, first of January, without offset. */
function isTime(value: CqlObject): boolean {
  return typeof value.isTime === 'function' && (value.isTime as () => boolean).call(value)
}

function offsetText(hours: number | null): string {
  const minutes = Math.round((hours ?? 0) * 60)
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  const two = (each: number) => String(each).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

function dateTimeParameter(name: string, value: CqlObject): Parameter {
  const { text, time, precision } = dateTimeText(value)
  const member = time ? 'valueTime' : 'valueDateTime'
  const made: Record<string, unknown> = { name, [member]: text }
  if (precision) made[`_${member}`] = { extension: [{ url: `${extensionBase}time-precision`, valueCode: precision }] }
  // One of two value members, chosen at run time.
  return made as unknown as Parameter
}

function intervalParameter(name: string, value: CqlObject, type: TypeSpecifier | undefined): Parameter {
  const { low, high, lowClosed, highClosed } = value
  const bounds = [low, high].filter((each) => each !== null && each !== undefined) as CqlObject[]
  const closed = lowClosed === true && highClosed === true && bounds.length === 2
  const fine = (each: CqlObject) => (each.isDate || each.isDateTime) && !isTime(each) && !dateTimeText(each).precision
  if (closed && bounds.every(fine)) {
    const [start, end] = bounds.map((each) => (each.isDateTime ? dateTimeText(each).text : String(each)))
    return { name, valuePeriod: { start: start ?? '', end: end ?? '' } }
  }
  if (closed && bounds.every((each) => each.isQuantity)) {
    const [from, to] = bounds.map(quantity)
    return { name, valueRange: { low: from ?? {}, high: to ?? {} } }
  }
  return {
    name,
    part: [
      toParameter('low', low, type?.pointType),
      { name: 'lowClosed', valueBoolean: lowClosed === true },
      toParameter('high', high, type?.pointType),
      { name: 'highClosed', valueBoolean: highClosed === true },
    ],
  }
}

/** An uncertain value (`months between` dates of the year) is written as the interval it lies in. */
function uncertaintyParameter(name: string, value: CqlObject, type: TypeSpecifier | undefined): Parameter {
  const pointType = type ? { pointType: type } : {}
  return intervalParameter(
    name,
    { ...value, low: value.low, high: value.high, lowClosed: true, highClosed: true },
    {
      type: 'IntervalTypeSpecifier',
      ...pointType,
    },
  )
}

function tupleParameter(name: string, value: CqlObject, type: TypeSpecifier | undefined): Parameter {
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
  // FHIR data goes out as it came in.
  if (typeof json.resourceType === 'string') return { name, resource: json } as unknown as Parameter
  if (fhirClass.primitive) {
    const { value: plain, ...rest } = json
    const member = `value${primitiveType(fhirClass.typeNames)}`
    const made: Record<string, unknown> = { name }
    if (plain !== undefined) made[member] = plain
    if (Object.keys(rest).length > 0) made[`_${member}`] = rest
    return made as unknown as Parameter
  }
  if (fhirClass.name.includes('.'))
    return { name, part: Object.entries(json).flatMap(([member, each]) => jsonParts(member, each)) }
  return { name, [`value${fhirClass.name}`]: json } as unknown as Parameter
}

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
  const object = (value ?? {}) as CqlObject
  if (object.isInterval) return { type: 'IntervalTypeSpecifier', pointType: guessType(object.low ?? object.high) }
  if (object.isDateTime) return named(isTime(object) ? 'Time' : 'DateTime')
  const mark = (['Date', 'Quantity', 'Ratio', 'Code', 'Concept'] as const).find((each) => object[`is${each}`] === true)
  return named(mark ?? 'Any')
}
