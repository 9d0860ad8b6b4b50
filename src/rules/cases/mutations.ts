/** What is changed in one step of a rule, to see whether a case notices: each a small mistake that an author might have made. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Site } from './sites.ts'

/** One change of one step. */
export interface Mutation {
  /** `< → <=` */
  change: string
  /** What stands in its place. */
  by: JsonObject
}

/** Comparisons: what each is written as, and what it becomes (its limit, its opposite). */
const comparisons: Record<string, { sign: string; others: [string, string] }> = {
  Less: { sign: '<', others: ['LessOrEqual', 'GreaterOrEqual'] },
  LessOrEqual: { sign: '<=', others: ['Less', 'Greater'] },
  Greater: { sign: '>', others: ['GreaterOrEqual', 'LessOrEqual'] },
  GreaterOrEqual: { sign: '>=', others: ['Greater', 'Less'] },
  Before: { sign: 'before', others: ['SameOrBefore', 'SameOrAfter'] },
  SameOrBefore: { sign: 'same or before', others: ['Before', 'After'] },
  After: { sign: 'after', others: ['SameOrAfter', 'SameOrBefore'] },
  SameOrAfter: { sign: 'same or after', others: ['After', 'Before'] },
}

/** Operators of which another one is easily mistaken. */
const swapped: Record<string, [sign: string, other: string, otherSign: string]> = {
  And: ['and', 'Or', 'or'],
  Or: ['or', 'And', 'and'],
  Xor: ['xor', 'Or', 'or'],
  Implies: ['implies', 'And', 'and'],
  IsTrue: ['is true', 'IsFalse', 'is false'],
  IsFalse: ['is false', 'IsTrue', 'is true'],
  Add: ['+', 'Subtract', '-'],
  Subtract: ['-', 'Add', '+'],
  Min: ['Min', 'Max', 'Max'],
  Max: ['Max', 'Min', 'Min'],
  DifferenceBetween: ['difference in', 'DurationBetween', 'duration in'],
  DurationBetween: ['duration in', 'DifferenceBetween', 'difference in'],
}

/** Conditions of which there is no nearer one than their opposite. */
const negated: Record<string, string> = {
  Equal: '=',
  Equivalent: '~',
  Exists: 'exists',
  IsNull: 'is null',
  Is: 'is',
  In: 'in',
  Contains: 'contains',
  InValueSet: 'in',
  AnyInValueSet: 'in',
  InCodeSystem: 'in',
  AnyInCodeSystem: 'in',
  IncludedIn: 'included in',
  Includes: 'includes',
  ProperIn: 'properly in',
  ProperContains: 'properly contains',
  ProperIncludedIn: 'properly included in',
  ProperIncludes: 'properly includes',
  SameAs: 'same as',
  Overlaps: 'overlaps',
  OverlapsBefore: 'overlaps before',
  OverlapsAfter: 'overlaps after',
  Meets: 'meets',
  MeetsBefore: 'meets before',
  MeetsAfter: 'meets after',
  Starts: 'starts',
  Ends: 'ends',
  StartsWith: 'StartsWith',
  EndsWith: 'EndsWith',
  Matches: 'Matches',
  AnyTrue: 'AnyTrue',
  AllTrue: 'AllTrue',
}

/** What gives a Boolean without being a condition itself: negated where a choice hangs on it. */
const references = new Set([
  'ExpressionRef',
  'FunctionRef',
  'Property',
  'QueryLetRef',
  'OperandRef',
  'AliasRef',
  'ParameterRef',
])

/** Units and precisions, and the one that is mistaken for each. */
const units: Record<string, string> = {
  year: 'month',
  years: 'months',
  month: 'year',
  months: 'years',
  week: 'day',
  weeks: 'days',
  day: 'month',
  days: 'months',
  hour: 'day',
  hours: 'days',
  minute: 'hour',
  minutes: 'hours',
  second: 'minute',
  seconds: 'minutes',
}

/** All changes of a step. */
export function mutationsOf({ node, parent, path }: Site): Mutation[] {
  const type = String(node.type)
  const made: Mutation[] = []
  const add = (change: string, by: JsonObject) => made.push({ change, by })
  const comparison = comparisons[type]
  for (const other of comparison?.others ?? [])
    add(`${comparison?.sign} → ${comparisons[other]?.sign}`, { ...node, type: other })
  const swap = swapped[type]
  if (swap && !countsDays(node)) add(`${swap[0]} → ${swap[2]}`, { ...node, type: swap[1] })
  if (type === 'Not' && isJsonObject(node.operand)) add('not → (left out)', node.operand)
  const sign = negated[type] ?? (references.has(type) && isCondition(parent, path) ? 'condition' : undefined)
  // Below a `not` it is the same as leaving that out.
  if (sign !== undefined && parent?.node.type !== 'Not') add(`${sign} → not ${sign}`, not(node))
  for (const { change, by } of [
    ...literals(node),
    ...quantities(node),
    ...precisions(node),
    ...nulls(node),
    ...sorts(node),
  ])
    add(change, by)
  return made
}

/** Between two days without a time of day, whole days and crossed midnights are the same number: such a mutant is the rule itself. */
function countsDays({ type, precision, operand }: JsonObject): boolean {
  if (type !== 'DifferenceBetween' && type !== 'DurationBetween') return false
  const isDay = (each: Json) => isJsonObject(each) && each.resultTypeName === '{urn:hl7-org:elm-types:r1}Date'
  return precision === 'Day' && Array.isArray(operand) && operand.every(isDay)
}

/** Numbered like what it negates, so that it is told as often. */
const not = (node: JsonObject): JsonObject => ({
  type: 'Not',
  operand: node,
  ...(node.locator === undefined ? {} : { locator: node.locator }),
})

/** Whether it is what an `if`, a `case` or a `where` hangs on. */
function isCondition(parent: Site | undefined, path: Site['path']): boolean {
  const member = path.at(-1)
  if (parent?.node.type === 'If') return member === 'condition'
  if (parent?.node.type === 'Case') return member === 'when' && parent.node.comparand === undefined
  return parent?.node.type === 'Query' && member === 'where'
}

function literals(node: JsonObject): Mutation[] {
  if (node.type !== 'Literal' || typeof node.valueType !== 'string') return []
  const name = node.valueType.replace(/^\{.*\}/, '')
  const value = String(node.value)
  const to = (other: string) => ({ change: `${value} → ${other}`, by: { ...node, value: other } })
  if (name === 'Boolean') return [to(value === 'true' ? 'false' : 'true')]
  if (name === 'Integer' || name === 'Long') return [to(String(BigInt(value) + 1n)), to(String(BigInt(value) - 1n))]
  if (name === 'Decimal') return [to(String(Number(value) + 1)), to(String(Number(value) - 1))]
  return []
}

function quantities(node: JsonObject): Mutation[] {
  if (node.type === 'Instance') return instanceUnits(node)
  if (node.type !== 'Quantity' || typeof node.value !== 'number') return []
  const { value, unit } = node
  const shown = (number: number, of: Json | undefined = unit) => `${number} ${of ?? ''}`.trim()
  const other = typeof unit === 'string' ? units[unit] : undefined
  return [
    { change: `${shown(value)} → ${shown(value + 1)}`, by: { ...node, value: value + 1 } },
    { change: `${shown(value)} → ${shown(value - 1)}`, by: { ...node, value: value - 1 } },
    ...(other === undefined
      ? []
      : [{ change: `${shown(value)} → ${shown(value, other)}`, by: { ...node, unit: other } }]),
  ]
}

/** `Quantity { value: …, unit: 'months' }` */
function instanceUnits(node: JsonObject): Mutation[] {
  if (!/\}Quantity$/.test(String(node.classType)) || !Array.isArray(node.element)) return []
  const { element } = node
  return element.flatMap((each, at) => {
    const literal = isJsonObject(each) && each.name === 'unit' && isJsonObject(each.value) ? each.value : undefined
    const unit = literal?.type === 'Literal' ? String(literal.value) : undefined
    const other = unit === undefined ? undefined : units[unit]
    if (!isJsonObject(each) || !literal || other === undefined) return []
    const changed = { ...each, value: { ...literal, value: other } }
    return [{ change: `${unit} → ${other}`, by: { ...node, element: element.with(at, changed) } }]
  })
}

function precisions(node: JsonObject): Mutation[] {
  const { precision } = node
  const other = typeof precision === 'string' ? units[precision.toLowerCase()] : undefined
  if (typeof precision !== 'string' || other === undefined) return []
  const named = `${other.charAt(0).toUpperCase()}${other.slice(1)}`
  return [{ change: `${precision.toLowerCase()} → ${other}`, by: { ...node, precision: named } }]
}

/** A null that becomes a verdict: what is not known would count. */
function nulls(node: JsonObject): Mutation[] {
  const isNull = node.type === 'As' && isJsonObject(node.operand) && node.operand.type === 'Null'
  if (!isNull || !isBooleanType(node.asType ?? nameOf(node.asTypeSpecifier))) return []
  const literal = (value: string): JsonObject => ({
    type: 'Literal',
    valueType: boolean,
    value,
    ...(node.localId === undefined ? {} : { localId: node.localId }),
    ...(node.locator === undefined ? {} : { locator: node.locator }),
  })
  return ['true', 'false'].map((value) => ({ change: `null → ${value}`, by: literal(value) }))
}

const boolean = '{urn:hl7-org:elm-types:r1}Boolean'
const isBooleanType = (name: Json | undefined) => name === boolean
const nameOf = (specifier: Json | undefined) => (isJsonObject(specifier) ? specifier.name : undefined)

function sorts(node: JsonObject): Mutation[] {
  const { sort } = node
  if (node.type !== 'Query' || !isJsonObject(sort) || !Array.isArray(sort.by)) return []
  const turned = (direction: Json | undefined) => (/^asc/.test(String(direction)) ? 'desc' : 'asc')
  const by = sort.by.map((each) => (isJsonObject(each) ? { ...each, direction: turned(each.direction) } : each))
  return [{ change: 'sort → sort the other way round', by: { ...node, sort: { ...sort, by } } }]
}

/** Whether the value of a step is true, false or null, by its type. */
export function isBooleanStep(node: JsonObject): boolean {
  return isBooleanType(node.resultTypeName ?? nameOf(node.resultTypeSpecifier)) || String(node.type) in comparisons
}
