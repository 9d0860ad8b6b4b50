import { Code, Concept, Date as CqlDate, DateTime, Interval, Quantity, Ratio } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { primitiveFault } from '../../../fhir/elements.ts'
import { FhirError, issue, unprocessable } from '../../../fhir/error.ts'
import { asJson } from '../../../fhir/json.ts'
import { parameterValue } from '../../../fhir/operation.ts'
import type { Bundle, Issue, Parameter, Parameters } from '../../../fhir/types.ts'
import { readInstances } from '../../models/instances.ts'
import type { LogicalModel } from '../../models/logical-model.ts'
import { isOfType } from '../corrections/parts.ts'
import { formatType, type ParameterDeclaration, type TypeSpecifier } from '../translate/elm.ts'
import type { FhirClasses, ReadScope } from './fhir-instance.ts'
import { parseDate, parseDateTime, parseTime } from './temporal.ts'

/** What conversion needs beside the parameters. */
export interface ConversionContext {
  classes: FhirClasses
  scope: ReadScope
  /** Logical models that the library uses. */
  models?: readonly LogicalModel[]
}

/** Values for the parameters of a library, and what was not understood. */
export interface BoundParameters {
  values: Record<string, unknown>
  /** One warning for every parameter that the library does not declare. */
  issues: Issue[]
}

/**
 * FHIR Parameters → CQL values of the declared types (encodings of the implementation guide "Using CQL with FHIR"). A declared parameter without value and
 * default is null explicitly: the executor would hand out its own declaration object.
 * @throws FhirError 422 for a value of another type
 */
export function bindParameters(
  parameters: Parameters | undefined,
  declarations: ParameterDeclaration[],
  context: ConversionContext,
): BoundParameters {
  if (!parameters) return { values: nullsFor(declarations), issues: [] }
  const given = new Map<string, Parameter[]>()
  for (const each of parameters.parameter ?? []) given.set(each.name, [...(given.get(each.name) ?? []), each])
  const values: Record<string, unknown> = {}
  const absent: Record<string, unknown> = {}
  for (const { name, type, hasDefault } of declarations) {
    const own = given.get(name)
    given.delete(name)
    if (own && !type) throw unprocessable(`the library does not tell the type of the parameter ${name}`, 'value')
    if (own) values[name] = bindSafely(own, type, context)
    else if (!hasDefault) absent[name] = null
  }
  const issues = [...given.keys()].map((name) =>
    issue('not-found', { severity: 'warning', text: `the library has no parameter ${name}; it was ignored` }),
  )
  // Nulls last: the executor's type check stops at the first null.
  return { values: { ...values, ...absent }, issues }
}

/** Values where none are given. */
function nullsFor(declarations: ParameterDeclaration[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, hasDefault } of declarations) if (!hasDefault) values[name] = null
  return values
}

/** What a malformed value makes the conversion stumble over is the sender's fault, wherever it is. */
function bindSafely(given: Parameter[], type: TypeSpecifier | undefined, context: ConversionContext): unknown {
  try {
    return bind(given, type, context)
  } catch (error) {
    if (error instanceof FhirError) throw error
    throw unprocessable(
      { text: `parameter ${given[0]?.name} is not valid FHIR`, expression: 'Parameters.parameter' },
      'structure',
    )
  }
}

function bind(given: Parameter[], type: TypeSpecifier | undefined, context: ConversionContext): unknown {
  const [first] = given
  if (!first) return null
  const isList = type === undefined ? given.length > 1 : holdsList(type)
  if (given.length > 1 && !isList)
    throw unprocessable({ text: `parameter ${first.name} may be given once`, expression: 'Parameters.parameter' })
  const elementType = type?.elementType ?? type?.choice?.find((each) => each.elementType)?.elementType
  const value =
    type?.elementType || given.length > 1
      ? given.filter((each) => !isMarker(each)).map((each) => convertOne(each, elementType, context))
      : isMarker(first)
        ? null
        : convertOne(first, type, context)
  if (value === null || !type || (fits(value, type) && isOfType(value, type))) return value
  throw wrongType(first, type)
}

const holdsList = (type: TypeSpecifier) =>
  type.elementType !== undefined || type.choice?.some((each) => each.elementType !== undefined) === true

/** A null or an empty list says so by an extension in place of a value; a parameter without value says nothing. */
function isMarker(parameter: Parameter): boolean {
  return (
    !parameter.part &&
    valueMember(parameter) === undefined &&
    Object.keys(parameter).some((each) => each.startsWith('_value'))
  )
}

/** A value of the wrong type must not become null, which would be another value. */
function convertOne(parameter: Parameter, type: TypeSpecifier | undefined, context: ConversionContext): unknown {
  const value = convert(parameter, type, context)
  if (value === null || value === undefined) throw wrongType(parameter, type)
  return value
}

const wrongType = (parameter: Parameter, type: TypeSpecifier | undefined) =>
  unprocessable(
    {
      text: `parameter ${parameter.name} must be ${formatType(type)}, not ${valueMember(parameter) ?? 'what was sent'}`,
      expression: 'Parameters.parameter',
    },
    'value',
  )

function valueMember(parameter: Parameter): string | undefined {
  return parameter.resource
    ? parameter.resource.resourceType
    : Object.keys(parameter).find((each) => each.startsWith('value'))
}

function convert(parameter: Parameter, type: TypeSpecifier | undefined, context: ConversionContext): unknown {
  if (parameter.part)
    return isModelled(type) || fhirTypeName(type) !== undefined ? null : convertParts(parameter.part, type, context)
  const member = valueMember(parameter)
  if (member === undefined || type?.type === 'TupleTypeSpecifier') return null
  const value: Json = asJson(parameter)[parameter.resource ? 'resource' : member] ?? null
  if (value === null) return null
  if (isModelled(type)) return modelled(parameter, type, context)
  const fhirType = fhirTypeName(type)
  if (fhirType !== undefined && !isFhirValue(parameter, fhirType, { value, classes: context.classes })) return null
  if (parameter.resource) return wrap(parameter.resource.resourceType, value, context)
  if (fhirType !== undefined) return wrap(fhirType, value, context)
  const target = type?.name ?? type?.pointType?.name ?? ''
  return converters[member.slice('value'.length)]?.(value, target.slice(target.indexOf('}') + 1), context.scope) ?? null
}

/** `low high lowClosed highClosed` is an interval, anything else a tuple. */
function convertParts(parts: Parameter[], type: TypeSpecifier | undefined, context: ConversionContext): unknown {
  const part = (name: string) => parts.find((each) => each.name === name)
  const closed = (name: string) => parameterValue(part(name)) !== false
  if (
    type?.pointType ||
    (type?.type !== 'TupleTypeSpecifier' && parts.every((each) => /^(low|high)(Closed)?$/.test(each.name)))
  ) {
    const [low, high] = ['low', 'high'].map((name) => {
      const bound = part(name)
      return bound ? convert(bound, type?.pointType, context) : null
    })
    return new Interval(low, high, closed('lowClosed'), closed('highClosed'))
  }
  const tuple: Record<string, unknown> = {}
  for (const name of new Set(parts.map((each) => each.name))) {
    const elementType = type?.element?.find((each) => each.name === name)?.elementType
    tuple[name] = bind(
      parts.filter((each) => each.name === name),
      elementType,
      context,
    )
  }
  return tuple
}

/** Whether a type is one of a logical model. */
const isModelled = (type: TypeSpecifier | undefined): boolean =>
  type?.name?.startsWith('{') === true &&
  !type.name.startsWith('{http://hl7.org/fhir}') &&
  !type.name.startsWith('{urn:hl7-org:elm-types:r1}')

/** An instance of a logical model comes as it goes out: as JSON in a Binary. */
function modelled(
  parameter: Parameter,
  type: TypeSpecifier | undefined,
  { models = [], scope }: ConversionContext,
): unknown {
  const { resource } = parameter
  if (resource?.resourceType !== 'Binary') return null
  const data: Bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource }] }
  return readInstances(models, { data }, scope).ofType(type?.name ?? '')?.[0] ?? null
}

function fhirTypeName(type: TypeSpecifier | undefined): string | undefined {
  return type?.name?.startsWith('{http://hl7.org/fhir}') ? type.name.slice('{http://hl7.org/fhir}'.length) : undefined
}

/** Whether a parameter holds a FHIR type; the codes of a bound element (`ImmunizationStatus`) come as code or string. */
function isFhirValue(
  parameter: Parameter,
  type: string,
  { value, classes }: { value: Json; classes: FhirClasses },
): boolean {
  if (parameter.resource) return parameter.resource.resourceType === type || /^(?:Domain)?Resource$/.test(type)
  const member = valueMember(parameter)
  if (member === `value${type.charAt(0).toUpperCase()}${type.slice(1)}`)
    return primitiveFault(type, value) === undefined
  const isBoundCode = /^[A-Z]/.test(type) && classes.find(type)?.primitive === true
  return isBoundCode && typeof value === 'string' && (member === 'valueCode' || member === 'valueString')
}

function wrap(name: string, value: Json, { classes, scope }: ConversionContext): unknown {
  const fhirClass = classes.find(name)
  if (!fhirClass) throw unprocessable(`the data model has no type ${name}`)
  return fhirClass.wrap(isJsonObject(value) ? value : { value }, scope)
}

type Converter = (value: Json, target: string, scope: ReadScope) => unknown

const textValue: Converter = (value) => value
const dateTimeValue: Converter = (value, target, scope) => {
  if (target === 'Date') return parseDate(value)
  return parseDateTime(value, scope.timezoneOffset)
}
const dateValue: Converter = (value, target, scope) => {
  if (target === 'DateTime') return parseDateTime(value, scope.timezoneOffset)
  return parseDate(value)
}

const converters: Record<string, Converter> = {
  Boolean: (value) => value,
  Integer: (value) => value,
  PositiveInt: (value) => value,
  UnsignedInt: (value) => value,
  Decimal: (value) => value,
  String: textValue,
  Code: textValue,
  Uri: textValue,
  Url: textValue,
  Canonical: textValue,
  Id: textValue,
  Oid: textValue,
  Uuid: textValue,
  Markdown: textValue,
  Date: dateValue,
  DateTime: dateTimeValue,
  Instant: dateTimeValue,
  Time: (value) => parseTime(value),
  Quantity: (value) => quantity(value),
  Ratio: (value) => {
    const { numerator, denominator } = objectOf(value)
    const [over, under] = [quantity(numerator), quantity(denominator)]
    return over && under ? new Ratio(over, under) : null
  },
  Coding: (value) => coding(value),
  CodeableConcept: (value) => {
    const { coding: codings, text } = objectOf(value)
    return new Concept(Array.isArray(codings) ? codings.map(coding) : [], typeof text === 'string' ? text : undefined)
  },
  Period: (value, target, scope) => {
    const { start, end } = objectOf(value)
    const read = (each: Json | undefined) => (each === undefined ? null : dateTimeValue(each, target, scope))
    return new Interval(read(start), read(end), true, true)
  },
  Range: (value, target) => {
    const { low, high } = objectOf(value)
    const plain = ['Integer', 'Decimal', 'Long'].includes(target)
    const read = (each: Json | undefined) => (plain ? (quantity(each)?.value ?? null) : quantity(each))
    return new Interval(read(low), read(high), true, true)
  },
}

/** @throws Error for what is no object: the sender's fault, as whoever converts says */
function objectOf(value: Json): JsonObject {
  if (isJsonObject(value)) return value
  throw new Error('an object is wanted')
}

function quantity(value: Json | undefined): Quantity | null {
  const { value: number, code, unit } = objectOf(value ?? {})
  return typeof number === 'number' ? new Quantity(number, code ?? unit ?? '1') : null
}

function coding(value: Json): Code {
  const { code, system, version, display } = objectOf(value)
  const text = (each: Json | undefined) => (typeof each === 'string' ? each : undefined)
  return new Code(text(code) ?? '', text(system), text(version), text(display))
}

const checks: Record<string, (value: unknown) => boolean> = {
  Boolean: (value) => typeof value === 'boolean',
  Integer: (value) => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31,
  Long: (value) => Number.isInteger(value),
  Decimal: (value) => typeof value === 'number',
  String: (value) => typeof value === 'string',
  Date: (value) => value instanceof CqlDate,
  DateTime: (value) => value instanceof DateTime && !value.isTime(),
  Time: (value) => value instanceof DateTime && value.isTime(),
  Quantity: (value) => value instanceof Quantity,
  Ratio: (value) => value instanceof Ratio,
  Code: (value) => value instanceof Code,
  Concept: (value) => value instanceof Concept,
}

/** Whether a converted value has the declared type; what cannot be told from the value counts as fitting. */
function fits(value: unknown, type: TypeSpecifier | undefined): boolean {
  if (value == null || !type) return true
  if (type.elementType) return Array.isArray(value) && value.every((each) => fits(each, type.elementType))
  if (type.pointType)
    return value instanceof Interval && fits(value.low, type.pointType) && fits(value.high, type.pointType)
  if (type.choice) return type.choice.some((each) => fits(value, each))
  if (!type.name?.startsWith('{urn:hl7-org:elm-types:r1}')) return true
  return checks[type.name.slice('{urn:hl7-org:elm-types:r1}'.length)]?.(value) ?? true
}
