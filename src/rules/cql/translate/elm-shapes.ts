/**
 * What a step of ELM must have (https://cql.hl7.org/elm.html, expressions): the executor takes a part that is missing for null, and a null
 * is true to whoever asks whether it is one.
 */

import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'

/** A part of a step that is a step itself, or a list of such. */
export interface Part {
  name: string
  /** How many the list must have; absent for a single step. */
  count?: { least: number; most: number }
  isOptional: boolean
}

/** Parts by step; a number in brackets is that of a list, `+` at least one, `*` any, and a question mark leaves a part to the author. */
const shapes: Record<string, string> = {
  operand:
    'Abs As Ceiling Convert ConvertsToBoolean ConvertsToDate ConvertsToDateTime ConvertsToDecimal ConvertsToInteger ConvertsToLong ConvertsToQuantity ConvertsToRatio ConvertsToString ConvertsToTime DateFrom DateTimeComponentFrom Distinct End Exists Exp ExpandValueSet Flatten Floor Is IsFalse IsNull IsTrue Length Ln Lower Negate Not PointFrom Precision Predecessor SingletonFrom Size Start Successor TimeFrom TimezoneOffsetFrom ToBoolean ToChars ToConcept ToDate ToDateTime ToDecimal ToInteger ToList ToLong ToQuantity ToRatio ToString ToTime Truncate Upper Width',
  'operand[2]':
    'Add After And Before CalculateAgeAt CanConvertQuantity Collapse Contains ConvertQuantity DifferenceBetween Divide DurationBetween Ends EndsWith Equal Equivalent Except Expand Greater GreaterOrEqual HighBoundary Implies In IncludedIn Includes Indexer Intersect Less LessOrEqual Log LowBoundary Matches Meets MeetsAfter MeetsBefore Modulo Multiply NotEqual Or Overlaps OverlapsAfter OverlapsBefore Power ProperContains ProperIn ProperIncludedIn ProperIncludes SameAs SameOrAfter SameOrBefore Starts StartsWith SubsumedBy Subsumes Subtract TruncatedDivide Union Xor',
  'operand[3]': 'ReplaceMatches',
  'operand[+]': 'Coalesce Concatenate',
  'operand[*]?': 'FunctionRef',
  source:
    'AllTrue AnyTrue Avg Children Count Descendents First GeometricMean Last Max Median Min Mode PopulationStdDev PopulationVariance Product StdDev Sum Variance',
  'source separator?': 'Combine',
  'source element': 'IndexOf',
  'source startIndex endIndex': 'Slice',
  'source condition? code? severity? message?': 'Message',
  'source?': 'Property',
  'stringToSplit separator': 'Split',
  'stringToSplit separatorPattern': 'SplitOnMatches',
  'stringToSub startIndex length?': 'Substring',
  'pattern string': 'PositionOf LastPositionOf',
  'condition then else': 'If',
  'comparand? else': 'Case',
  'operand precision?': 'Round',
  'low high lowClosedExpression? highClosedExpression?': 'Interval',
  'year month? day?': 'Date',
  'year month? day? hour? minute? second? millisecond? timezoneOffset?': 'DateTime',
  'hour minute? second? millisecond?': 'Time',
  'element[*]?': 'List',
  'codes? dateRange? id? context?': 'Retrieve',
  'code valuesetExpression?': 'InValueSet',
  'codes valuesetExpression?': 'AnyInValueSet',
  'code codesystemExpression?': 'InCodeSystem',
  'codes codesystemExpression?': 'AnyInCodeSystem',
  'where?': 'Query',
  '': 'AliasRef Code CodeRef CodeSystemRef Concept ConceptRef ExpressionRef IdentifierRef Instance Literal MaxValue MinValue Now Null OperandRef ParameterRef Quantity QueryLetRef Ratio TimeOfDay Today Tuple ValueSetRef',
}

const partsOf = new Map(
  Object.entries(shapes).flatMap(([shape, steps]) => {
    const parts = shape.split(' ').filter(Boolean).map(readPart)
    return steps.split(' ').map((step) => [step, parts] as const)
  }),
)

function readPart(text: string): Part {
  const isOptional = text.endsWith('?')
  const [name = '', many] = text.replace(/[?\]]/g, '').split('[')
  if (many === undefined) return { name, isOptional }
  const count = Number(many)
  const bounds = many === '*' ? [0, Infinity] : many === '+' ? [1, Infinity] : [count, count]
  return { name, isOptional, count: { least: bounds[0] ?? 0, most: bounds[1] ?? 0 } }
}

/** The parts of a step that are steps; undefined for a step that nobody here knows. */
export const stepParts = (type: string): readonly Part[] | undefined => partsOf.get(type)

const system = '{urn:hl7-org:elm-types:r1}'

const literals: Record<string, RegExp> = {
  [`${system}Boolean`]: /^(?:true|false)$/,
  [`${system}Integer`]: /^-?\d+$/,
  [`${system}Long`]: /^-?\d+L?$/,
  [`${system}Decimal`]: /^-?\d+(?:\.\d*)?$/,
  [`${system}String`]: /^/,
}

/** Whether a literal is one of its type: what is neither `true` nor `false` would be false. */
export function isLiteral(type: unknown, value: unknown): boolean {
  const form = typeof type === 'string' && Object.hasOwn(literals, type) ? literals[type] : undefined
  return form !== undefined && typeof value === 'string' && form.test(value)
}

/** Attributes of steps and clauses that are Booleans wherever they stand; any other value is read as one or the other, by whoever reads it. */
const flags = new Set(['strict', 'distinct', 'lowClosed', 'highClosed', 'preserve', 'external', 'fluent'])
/** Attributes that are texts wherever they stand. */
const texts = new Set(
  [
    'asType isType toType valueType dataType templateId codeProperty codeComparator dateProperty dateLowProperty dateHighProperty',
    'idProperty contextProperty alias identifier libraryName scope path direction accessLevel unit name operandType',
  ]
    .join(' ')
    .split(' '),
)

/** Attributes below a statement or parameter that are of another type of JSON than theirs: what is wrong, and the path. */
export function attributeFaults(node: Json | undefined, path: string): [text: string, path: string][] {
  if (Array.isArray(node)) return node.flatMap((each, index) => attributeFaults(each, `${path}[${index}]`))
  if (!isJsonObject(node)) return []
  return Object.entries(node).flatMap(([name, value]): [text: string, path: string][] => {
    if (name === 'annotation' || value === null) return []
    if (flags.has(name) && typeof value !== 'boolean') return [[`${name} is no Boolean`, path]]
    if (texts.has(name) && typeof value !== 'string') return [[`${name} is no text`, path]]
    return attributeFaults(value, `${path}.${name}`)
  })
}
