/** FHIRPath of conditions and values as JavaScript over values of which type and JSON are known. */

import type { Constants } from '../../base/code/generated-code.ts'
import { safeRegex } from '../../fhir/safe-regex.ts'
import type { ExpressionHost } from '../fhirpath/expression-types.ts'
import { isSystemName, matchesType } from '../fhirpath/native-types.ts'
import { type Scope, slotOf } from '../fhirpath/scope.ts'
import type { Expression } from '../language/parse-expression.ts'
import { INFERRED, type Type } from '../model/types.ts'
import { isMemberName, memberOf } from './code.ts'
import { expectedOf, type Holdings, type JsonKind, type Known } from './held.ts'

/** Where an expression stands. */
export interface ExpressionPlace {
  scope: Scope
  holdings: Holdings
  /** `$this`. */
  focus: Known | undefined
  host: ExpressionHost
  constants: Constants
  /** A name for a variable that no other has. */
  fresh(): string
  /** Statements that stand before the expression. */
  lines: string[]
  /** What is to be done when an instance is not as its definition has it: the closures have to be asked. */
  giveUp: string
}

/** The one value of an expression, or none. */
export interface Value {
  /** JavaScript without effects, which gives `undefined` when there is none. */
  code: string
  json: JsonKind
  type: Type
  /** Whether there is always one. */
  isThere: boolean
}

/** The code of an expression; undefined when it holds something that is left to the closures. Nothing in it counts as a step. */
export function expressionCode(expression: Expression, place: ExpressionPlace): Value | undefined {
  switch (expression.kind) {
    case 'literal':
      return literalCode(expression, place)
    case 'this':
      return expression.name === '$this' && place.focus ? heldValue(place.focus) : undefined
    case 'variable':
      return variableCode(expression.name, place)
    case 'group':
      return expressionCode(expression.inner, place)
    case 'member':
      return memberCode(expression, place)
    case 'call':
      return callCode(expression, place)
    case 'binary':
      return binaryCode(expression, place)
    default:
      return undefined
  }
}

const heldValue = ({ value, json, type }: Known): Value => ({ code: value, json, type, isThere: true })

/** A value under a name, for code that mentions it more than once. */
function named(value: Value, { fresh, lines }: ExpressionPlace): Value {
  if (/^\w+$/.test(value.code)) return value
  const name = fresh()
  lines.push(`const ${name} = ${value.code};`)
  return { ...value, code: name }
}

function literalCode(
  { type, value, exact }: Extract<Expression, { kind: 'literal' }>,
  { constants }: ExpressionPlace,
): Value | undefined {
  if (exact !== undefined) return undefined
  if (type === 'string') return { code: constants.of(value), json: 'string', type: INFERRED.string, isThere: true }
  if (type === 'boolean') return { code: String(value), json: 'boolean', type: INFERRED.boolean, isThere: true }
  if (type === 'integer' && Number.isSafeInteger(value))
    return { code: `${Number(value)}`, json: 'number', type: INFERRED.integer, isThere: true }
  return undefined
}

function variableCode(name: string, { scope, holdings }: ExpressionPlace): Value | undefined {
  const slot = slotOf(scope, name)
  const held = slot === undefined ? undefined : holdings.get(slot)
  return held?.type ? heldValue(held) : undefined
}

/** Names of types may start a path, and mean something else than elements. */
const isTypeLike = (name: string): boolean => /^[A-Z]/.test(name)

/** The value that a path leaves, and the element it goes to. */
function ownerOf({ target, name }: Extract<Expression, { kind: 'member' }>, place: ExpressionPlace): Value | undefined {
  if (isTypeLike(name) || !isMemberName(name) || !isMemberName(`_${name}`)) return undefined
  const owner = target ? expressionCode(target, place) : place.focus && heldValue(place.focus)
  return owner?.json === 'object' && owner.type.kind !== 'primitive' ? owner : undefined
}

function memberCode(expression: Extract<Expression, { kind: 'member' }>, place: ExpressionPlace): Value | undefined {
  const { name, target } = expression
  const { scope, constants, fresh, lines, giveUp } = place
  if (!target && (slotOf(scope, name) !== undefined || scope.constants.has(name))) return variableCode(name, place)
  const given = ownerOf(expression, place)
  const element = given?.type.element(name)
  const expected = element && expectedOf(element)
  if (!given || !element || !expected || element.isArray) return undefined
  const owner = named(given, place)
  const code = fresh()
  const read = memberOf(owner.code, name, constants)
  lines.push(`const ${code} = ${owner.isThere ? read : `${owner.code} === undefined ? undefined : ${read}`};`)
  const extra = `${memberOf(owner.code, `_${name}`, constants)} !== undefined`
  const odd = `${owner.isThere ? '' : `${owner.code} !== undefined && `}(${extra} || ${code} !== undefined && !(${isAsExpected(code, expected, { owner: owner.code, name, constants })}))`
  lines.push(`if (${odd}) ${giveUp}`)
  return { code, json: expected.json, type: expected.type, isThere: false }
}

/** Whether a value that is there is as its element has it: the condition in JavaScript. */
export function isAsExpected(
  code: string,
  { json, says, type }: { json: JsonKind; says?: 'nothing' | 'type'; type: Type },
  at: { owner: string; name: string; constants: Constants },
): string {
  if (json === 'string') return `typeof ${code} === "string" && ${code} !== ""`
  if (json === 'number')
    return `typeof ${code} === "number" && exactNumber(${at.owner}, ${at.constants.of(at.name)}) === undefined`
  if (json === 'boolean') return `typeof ${code} === "boolean"`
  if (says === 'type') return `isObject(${code}) && ${code}.resourceType === ${at.constants.of(type.name)}`
  return says === 'nothing' ? `isSilent(${code})` : `isObject(${code})`
}

/** Dates, times and quantities are more than their JSON. */
const CAREFUL = new Set(['date', 'dateTime', 'instant', 'time', 'Quantity'])
const isPlainText = (value: Value): boolean => value.json === 'string' && !CAREFUL.has(value.type.name)

/** Functions of a text, with what they do to JavaScript strings; the arguments are literals. */
const OF_TEXT: Record<string, (text: string, part: string) => { code: string; json: JsonKind; type: Type }> = {
  startsWith: (text, part) => ({ code: `${text}.startsWith(${part})`, json: 'boolean', type: INFERRED.boolean }),
  endsWith: (text, part) => ({ code: `${text}.endsWith(${part})`, json: 'boolean', type: INFERRED.boolean }),
  contains: (text, part) => ({ code: `${text}.includes(${part})`, json: 'boolean', type: INFERRED.boolean }),
  trim: (text) => ({ code: `${text}.trim()`, json: 'string', type: INFERRED.string }),
  length: (text) => ({ code: `${text}.length`, json: 'number', type: INFERRED.integer }),
}
const WITH_PART = new Set(['startsWith', 'endsWith', 'contains'])

function callCode(expression: Extract<Expression, { kind: 'call' }>, place: ExpressionPlace): Value | undefined {
  const { name, target, arguments: args } = expression
  if ((name === 'exists' || name === 'empty') && args.length === 0) return existenceCode(target, name, place)
  if (name === 'iif') return target ? undefined : iifCode(args, place)
  if (name === 'ofType' && args.length === 1) return ofTypeCode(expression, place)
  const given = target ? expressionCode(target, place) : place.focus && heldValue(place.focus)
  if (!given) return undefined
  if (name === 'not' && args.length === 0) {
    if (given.json !== 'boolean') return undefined
    const value = named(given, place)
    return {
      ...value,
      code: value.isThere ? `!${value.code}` : `(${value.code} === undefined ? undefined : !${value.code})`,
    }
  }
  if (name === 'toString' && args.length === 0 && given.json !== 'object') {
    const value = named(given, place)
    const code =
      value.json === 'string'
        ? value.code
        : `${value.isThere ? '' : `${value.code} === undefined ? undefined : `}String(${value.code})`
    return { ...value, code: value.json === 'string' ? code : `(${code})`, json: 'string', type: INFERRED.string }
  }
  if (name === 'truncate' && args.length === 0 && given.json === 'number') {
    const value = named(given, place)
    const code = `${value.isThere ? '' : `${value.code} === undefined ? undefined : `}Math.trunc(${value.code}) + 0`
    return { ...value, code: `(${code})`, type: INFERRED.integer }
  }
  return textCode(named(given, place), expression, place)
}

/** A function of a text. Texts of 64 characters and more count as steps: they are left to the closures. */
function textCode(
  text: Value,
  { name, arguments: args }: Extract<Expression, { kind: 'call' }>,
  { constants, lines, giveUp }: ExpressionPlace,
): Value | undefined {
  if (!isPlainText(text)) return undefined
  const [first] = args
  const literal = first?.kind === 'literal' && first.type === 'string' ? String(first.value) : undefined
  const make =
    name === 'matches' ? matchingOf(literal, constants) : Object.hasOwn(OF_TEXT, name) ? OF_TEXT[name] : undefined
  if (!make || args.length !== (WITH_PART.has(name) || name === 'matches' ? 1 : 0)) return undefined
  if (args.length > 0 && literal === undefined) return undefined
  lines.push(`if (${text.isThere ? '' : `${text.code} !== undefined && `}${text.code}.length >= 64) ${giveUp}`)
  const { code, json, type } = make(text.code, literal === undefined ? '' : constants.of(literal))
  return {
    code: text.isThere ? code : `(${text.code} === undefined ? undefined : ${code})`,
    json,
    type,
    isThere: text.isThere,
  }
}

function matchingOf(pattern: string | undefined, constants: Constants): (typeof OF_TEXT)[string] | undefined {
  if (pattern === undefined) return undefined
  try {
    const regex = constants.of(safeRegex(pattern, 's'))
    return (text) => ({ code: `${regex}.test(${text})`, json: 'boolean', type: INFERRED.boolean })
  } catch {
    // The closures tell what is wrong with it when they come to it.
    return undefined
  }
}

function existenceCode(
  target: Expression | undefined,
  name: 'exists' | 'empty',
  place: ExpressionPlace,
): Value | undefined {
  const { constants, fresh, lines, giveUp, scope } = place
  const boolean = (code: string): Value => ({ code, json: 'boolean', type: INFERRED.boolean, isThere: true })
  const isFound = name === 'exists'
  const isVariable =
    target?.kind === 'member' &&
    !target.target &&
    (slotOf(scope, target.name) !== undefined || scope.constants.has(target.name))
  if (target?.kind !== 'member' || isVariable) {
    const value = target ? expressionCode(target, place) : place.focus && heldValue(place.focus)
    if (!value) return undefined
    return boolean(value.isThere ? String(isFound) : `(${value.code} ${isFound ? '!==' : '==='} undefined)`)
  }
  const given = ownerOf(target, place)
  const element = given?.type.element(target.name)
  if (!given || !element || element.variants.length > 0) return undefined
  const owner = named(given, place)
  const count = fresh()
  const [found, extra] = [target.name, `_${target.name}`].map((each) => memberOf(owner.code, each, constants))
  lines.push(
    `const ${count} = ${owner.isThere ? '' : `${owner.code} === undefined ? 0 : `}countOf(${found}, ${extra});`,
  )
  lines.push(`if (${count} === 2) ${giveUp}`)
  return boolean(`(${count} === ${isFound ? 1 : 0})`)
}

/** Branches that are left to the closures are so when an instance comes to them. */
function iifCode(args: Expression[], place: ExpressionPlace): Value | undefined {
  const [criterion, ...branches] = args
  const condition = criterion && expressionCode(criterion, place)
  if (condition?.json !== 'boolean' || branches.length !== 2) return undefined
  const made = branches.map((each) => {
    const lines: string[] = []
    return { lines, value: expressionCode(each, { ...place, lines }) }
  })
  const known = made.flatMap(({ value }) => value ?? [])
  const [first] = known
  if (!first || known.some(({ json }) => json !== first.json) || first.json === 'object') return undefined
  const name = place.fresh()
  const [then = '', otherwise = ''] = made.map(({ lines, value }) =>
    value ? `${lines.join('\n')}\n${name} = ${value.code};` : place.giveUp,
  )
  place.lines.push(`let ${name};`, `if (${condition.code} === true) {`, then, '} else {', otherwise, '}')
  // A date among the branches is one that has to be taken with care.
  const careful = known.find(({ type }) => CAREFUL.has(type.name))
  return {
    code: name,
    json: first.json,
    type: (careful ?? first).type,
    isThere: known.length === 2 && known.every(({ isThere }) => isThere),
  }
}

/** `ofType()` of a resource whose type is known. */
function ofTypeCode(
  { target, arguments: [argument] }: Extract<Expression, { kind: 'call' }>,
  place: ExpressionPlace,
): Value | undefined {
  const given = target ? expressionCode(target, place) : place.focus && heldValue(place.focus)
  const name = argument && typeName(argument)
  if (given?.type.kind !== 'resource' || name === undefined || isSystemName(name)) return undefined
  const type = place.host.findType(name)
  if (!type) return undefined
  return matchesType({ value: {}, type: given.type }, type) ? given : { ...given, code: 'undefined', isThere: false }
}

/** The name of a type, which is read as a path. */
export function typeName(expression: Expression): string | undefined {
  if (expression.kind !== 'member') return undefined
  if (!expression.target) return expression.name
  const before = typeName(expression.target)
  return before === undefined ? undefined : `${before}.${expression.name}`
}

function binaryCode(expression: Extract<Expression, { kind: 'binary' }>, place: ExpressionPlace): Value | undefined {
  const { operator } = expression
  if (operator === '+') return laterCode(expression, place)
  const given = [expression.left, expression.right].map((each) => expressionCode(each, place))
  const [one, other] = given
  if (!one || !other) return undefined
  const [left, right] = [named(one, place), named(other, place)]
  const boolean = (code: string, isThere: boolean): Value => ({
    code,
    json: 'boolean',
    type: INFERRED.boolean,
    isThere,
  })
  const isThere = left.isThere && right.isThere
  const absent = [left, right]
    .filter((each) => !each.isThere)
    .map((each) => `${each.code} === undefined`)
    .join(' || ')
  if (operator === 'and' || operator === 'or') {
    if (left.json !== 'boolean' || right.json !== 'boolean') return undefined
    const stops = operator === 'or'
    if (isThere) return boolean(`(${left.code} ${stops ? '||' : '&&'} ${right.code})`, true)
    return boolean(
      `(${left.code} === ${stops} || ${right.code} === ${stops} ? ${stops} : ${absent} ? undefined : ${!stops})`,
      false,
    )
  }
  if (operator === '&') {
    if (left.json !== 'string' || right.json !== 'string') return undefined
    const [a, b] = [left, right].map((each) =>
      each.isThere ? each.code : `(${each.code} === undefined ? "" : ${each.code})`,
    )
    return { code: `(${a} + ${b})`, json: 'string', type: INFERRED.string, isThere: true }
  }
  const compare = comparison(operator, left, right)
  return compare === undefined
    ? undefined
    : boolean(isThere ? compare : `(${absent} ? undefined : ${compare})`, isThere)
}

function comparison(operator: string, left: Value, right: Value): string | undefined {
  if ([left, right].some((each) => CAREFUL.has(each.type.name) || each.json === 'object')) return undefined
  if (operator === '=') return `(${left.code} === ${right.code})`
  if (operator === '!=') return `(${left.code} !== ${right.code})`
  if (!['<', '<=', '>', '>='].includes(operator) || left.json !== right.json || left.json === 'boolean')
    return undefined
  return `(${left.code} ${operator} ${right.code})`
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)$/

/** `@1970-01-01T00:00:00Z + (… & ' seconds').toQuantity()`: how maps read the times of a token. */
function laterCode(
  { left, right }: Extract<Expression, { kind: 'binary' }>,
  place: ExpressionPlace,
): Value | undefined {
  if (left.kind !== 'literal' || left.type !== 'dateTime' || right.kind !== 'call' || right.name !== 'toQuantity')
    return undefined
  const parts = INSTANT.exec(String(left.value))
  const sum = right.target?.kind === 'group' ? right.target.inner : right.target
  if (!parts || right.arguments.length > 0 || sum?.kind !== 'binary' || sum.operator !== '&') return undefined
  if (sum.right.kind !== 'literal' || sum.right.value !== ' seconds') return undefined
  const seconds = expressionCode(sum.left, place)
  const type = place.host.findType('FHIR.dateTime')
  if (seconds?.json !== 'string' || !seconds.isThere || !type) return undefined
  const [, year, month, day, hour, minute, second, zone] = parts
  const begin =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000
  if (!Number.isSafeInteger(begin)) return undefined
  const code = place.fresh()
  place.lines.push(`const ${code} = secondsAfter(${begin}, ${place.constants.of(zone)}, ${seconds.code});`)
  place.lines.push(`if (${code} === undefined) ${place.giveUp}`)
  return { code, json: 'string', type, isThere: true }
}
