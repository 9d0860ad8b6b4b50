/** Transforms as JavaScript: values whose types are known before anything runs. */

import { createdType } from '../compile/check-target.ts'
import { isPath } from '../compile/compile-argument.ts'
import type { CompiledTarget } from '../compile/program.ts'
import { readExpression } from '../fhirpath/compile-expression.ts'
import { slotOf } from '../fhirpath/scope.ts'
import { EXPRESSION, findExtension } from '../model/extensions.ts'
import { inferType } from '../model/nodes.ts'
import type { Argument } from '../model/structure.ts'
import { INFERRED, plainTypeName, r4Type, type Type } from '../model/types.ts'
import { CODE, STRING, URI } from '../run/transform-call.ts'
import { expressionCode } from './generate-expression.ts'
import { type Held, type Holdings, jsonOf, justMade, type Known } from './held.ts'
import { type FunctionCode, nodeOf } from './program-code.ts'

/** Where a value is made. */
export interface ValuePlace {
  compiled: CompiledTarget
  holdings: Holdings
  item: Held
  code: FunctionCode
  /** Leaves the target to the closures: only before anything has an effect. */
  giveUp: string
}

/** A value on its way into an element or a variable. */
export interface Value {
  held: Known
  /** Statements without effects; they may give up. */
  before: string[]
  /** Statements with effects, after the step of the target has been counted. */
  after: string[]
  /** Condition under which there is a value; always, where there is none. */
  isThere?: string
  /** It may be without members in the end. */
  mayBeEmpty?: true
}

/** The value that a target's transform gives; undefined when that is left to the closures. */
export function valueCode(place: ValuePlace): Value | undefined {
  const { transform, parameter = [] } = place.compiled.target
  const [first] = parameter
  switch (transform) {
    case 'copy':
      return parameter.length === 1 && first ? argumentCode(first, place) : undefined
    case 'create':
      return first && createCode(literalOf(first), place)
    case 'c':
      return codingCode(parameter, place)
    case 'append':
      return appendCode(parameter, place)
    case 'uuid':
      return uuidCode(place)
    case 'translate':
      return translateCode(parameter, place)
    case 'cast':
      return castCode(parameter, place)
    case 'evaluate':
      return parameter.length === 1 && first ? evaluateCode(first, place) : undefined
    default:
      return undefined
  }
}

const value = (held: Known): Value => ({ held, before: [], after: [] })

/** The text, number or boolean that an argument is; decimals have a precision that is not in their value. */
function literalOf(argument: Argument): string | number | boolean | undefined {
  if (argument.valueId !== undefined || argument.valueDecimal !== undefined || findExtension(argument, EXPRESSION))
    return undefined
  return argument.valueString ?? argument.valueInteger ?? argument.valueBoolean
}

function argumentCode(argument: Argument, { compiled, holdings, code }: ValuePlace): Value | undefined {
  const { valueId } = argument
  if (valueId !== undefined) {
    if (isPath(valueId, compiled.scope)) return undefined
    const slot = slotOf(compiled.scope, valueId)
    const held = slot === undefined ? undefined : holdings.get(slot)
    return held?.type ? value(held) : undefined
  }
  const literal = literalOf(argument)
  if (literal === undefined || literal === '') return undefined
  const json = typeof literal === 'string' ? 'string' : typeof literal === 'number' ? 'number' : 'boolean'
  return value({ value: code.constants.of(literal), type: inferType(literal), json, literal })
}

function createCode(name: string | number | boolean | undefined, { code }: ValuePlace): Value | undefined {
  const type = typeof name === 'string' ? createdType(code.map, name) : undefined
  if (!type || type.kind === 'primitive' || type.kind === 'unknown') return undefined
  const made = code.declare()
  const { constants } = code
  const fresh =
    type.kind === 'logical'
      ? `createInstance(${constants.of(type)}).value`
      : type.kind === 'resource'
        ? `{ resourceType: ${constants.of(type.name)} }`
        : '{}'
  const members = type.kind === 'complex' ? [] : ['resourceType']
  const held: Known = { value: made, type, json: 'object', loose: true, made: justMade(code, members) }
  return { held, before: [], after: [`${made} = ${fresh};`], ...(type.kind === 'complex' ? { mayBeEmpty: true } : {}) }
}

/** A text as a member of a Coding: without it there is none, or the closures tell what is wrong with it. */
function memberText(
  argument: Argument | undefined,
  type: Type,
  place: ValuePlace,
): { text: string; before: string[] } | undefined {
  const made = argument && argumentCode(argument, place)
  if (made?.held.json !== 'string') return undefined
  const { literal, value: text } = made.held
  const { constants } = place.code
  if (literal !== undefined) return type.check?.(literal) === undefined ? { text, before: [] } : undefined
  return { text, before: [`if (${constants.of(type.check)}(${text}) !== undefined) ${place.giveUp}`] }
}

/** `c(system, code, display?)`. */
function codingCode([system, given, display]: Argument[], place: ValuePlace): Value | undefined {
  const coding = r4Type('Coding')
  const parts = [memberText(system, URI, place), memberText(given, CODE, place)]
  if (display) parts.push(memberText(display, STRING, place))
  const known = parts.flatMap((each) => each ?? [])
  if (!coding || known.length < parts.length) return undefined
  const made = place.code.declare()
  const [url, code, words] = known.map(({ text }) => text)
  const members = `system: ${url}, code: ${code}${words === undefined ? '' : `, display: ${words}`}`
  const held: Known = { value: made, type: coding, json: 'object', loose: true }
  return { held, before: known.flatMap(({ before }) => before), after: [`${made} = { ${members} };`] }
}

function appendCode(parameter: Argument[], place: ValuePlace): Value | undefined {
  const parts = parameter.map((each) => argumentCode(each, place))
  const texts = parts.flatMap((each) => (each?.held.json === 'string' ? each.held.value : []))
  if (texts.length < parts.length || texts.length === 0) return undefined
  const made = place.code.declare()
  const held: Known = { value: made, type: INFERRED.string, json: 'string', loose: true }
  return { held, before: [`${made} = ${texts.join(' + ')};`], after: [] }
}

function uuidCode({ code }: ValuePlace): Value | undefined {
  const type = r4Type('id')
  if (!type) return undefined
  const made = code.declare()
  const held: Known = { value: made, type, json: 'string', loose: true }
  return { held, before: [], after: [`${made} = r.uuid().toLowerCase();`] }
}

/** `translate(v, 'map', 'Coding')`: the closures' own, called without them. */
function translateCode([source, map, field]: Argument[], { compiled, holdings, code }: ValuePlace): Value | undefined {
  const coding = r4Type('Coding')
  const slot = source?.valueId === undefined ? undefined : slotOf(compiled.scope, source.valueId)
  const held = slot === undefined ? undefined : holdings.get(slot)
  const url = map && literalOf(map)
  if (!held?.type || !coding || typeof url !== 'string' || !field || literalOf(field) !== 'Coding') return undefined
  const { constants } = code
  const node = code.declare()
  const made = code.declare()
  const ask = `translateCoding(${constants.of(code.map.translator(url))}, ${constants.of(url)}, ${nodeOf(held, constants)}, r)`
  return {
    held: { value: made, node, type: coding, json: 'object', loose: true },
    before: [],
    after: [`${node} = ${ask};`, `${made} = ${node} === undefined ? undefined : ${node}.value;`],
    isThere: `${made} !== undefined`,
    mayBeEmpty: true,
  }
}

function castCode([given, name]: Argument[], place: ValuePlace): Value | undefined {
  const asked = name && literalOf(name)
  if (!given || typeof asked !== 'string') return undefined
  const type = r4Type(plainTypeName(asked)) ?? place.code.map.findType(asked, 'target') ?? undefined
  const made = argumentCode(given, place)
  if (type?.kind !== 'primitive' || !type.check || made?.held.json !== 'string' || jsonOf(type.name) !== 'string')
    return undefined
  const { literal, value: text } = made.held
  if (literal !== undefined && type.check(literal) !== undefined) return undefined
  const before =
    literal === undefined ? [`if (${place.code.constants.of(type.check)}(${text}) !== undefined) ${place.giveUp}`] : []
  const held: Known = {
    value: text,
    type,
    json: 'string',
    loose: true,
    isSound: true,
    ...(literal === undefined ? {} : { literal }),
  }
  return { held, before, after: [] }
}

function evaluateCode(argument: Argument, { compiled, holdings, item, code, giveUp }: ValuePlace): Value | undefined {
  const text = argument.valueString ?? argument.valueId
  if (text === undefined) return undefined
  const { expression } = readExpression(text)
  const before: string[] = []
  const { host, engineOnly } = code.program.expressions
  if (engineOnly) return undefined
  const { constants, fresh } = code
  const focus = item.type ? item : undefined
  const found = expressionCode(expression, {
    scope: compiled.scope,
    holdings,
    focus,
    host,
    constants,
    fresh,
    lines: before,
    giveUp,
  })
  if (!found || found.json === 'object') return undefined
  const made = code.declare()
  before.push(`${made} = ${found.code};`)
  const held: Known = { value: made, type: found.type, json: found.json }
  return { held, before, after: [], ...(found.isThere ? {} : { isThere: `${made} !== undefined` }) }
}
