/** Rules as JavaScript: a source that is as its definition has it, and what is done for each of its items. */
import { compileVariableName } from '../compile/compile-dependent.ts'
import type { CompiledBody, CompiledDependent, CompiledRule, CompiledSource } from '../compile/program.ts'
import { readExpression } from '../fhirpath/compile-expression.ts'
import { isSystemName, matchesType } from '../fhirpath/native-types.ts'
import { slotOf } from '../fhirpath/scope.ts'
import { DEFAULT, findExtension } from '../model/extensions.ts'
import { elementPath, type RuleSource } from '../model/structure.ts'
import { r4Type, type Type } from '../model/types.ts'
import { isMemberName, memberOf } from './code.ts'
import { expressionCode, isAsExpected, typeName } from './generate-expression.ts'
import { STEP, targetCode } from './generate-target.ts'
import { type Expected, expectedOf, forgetMembers, type Held, type Holdings, isNew, type Known } from './held.ts'
import { type FunctionCode, frameOf, nodeOf } from './program-code.ts'

/** The code of a rule, of the closures where it is not of those that can be generated. */
export function ruleCode(rule: CompiledRule, holdings: Holdings, code: FunctionCode): string[] {
  const [source, ...others] = rule.sources
  const whole = closuresOf(rule, holdings, code)
  if (!source || others.length > 0 || !rule.body || !isSimple(source.source)) return leftAlone(whole, holdings)
  const slot = slotOf(source.outer, source.source.context)
  const context = slot === undefined ? undefined : holdings.get(slot)
  if (!context?.type) return leftAlone(whole, holdings)
  const at = code.placeOf(rule.place)
  const place: RulePlace = { rule, body: rule.body, source, holdings, code, whole, at }
  const lines =
    source.source.element === undefined ? ofContext(context, place) : ofElement(context, source.source.element, place)
  return lines ? [`at = ${at};`, ...lines] : leftAlone(whole, holdings)
}

/** Leaves a rule to the closures. */
export const closuresOf = (rule: CompiledRule, holdings: Holdings, { constants }: FunctionCode): string =>
  `${constants.of(rule)}.run(${frameOf(holdings, constants)});`

/** The same of a rule of which nothing is generated: what it does is not known. */
function leftAlone(whole: string, holdings: Holdings): string[] {
  forgetMembers(holdings)
  return [whole]
}

interface RulePlace {
  rule: CompiledRule
  body: CompiledBody
  source: CompiledSource
  holdings: Holdings
  code: FunctionCode
  /** Leaves the whole rule to the closures: only before anything has an effect. */
  whole: string
  at: number
}

/** Whether a source has nothing but context, element, variable, type, condition, and which item of several is meant. */
function isSimple(source: RuleSource): boolean {
  const { check, logMessage, min, max, listMode } = source
  if (check || logMessage || min !== undefined || max !== undefined || findExtension(source, DEFAULT)) return false
  if (listMode === 'not_first' || listMode === 'not_last') return false
  return !Object.keys(source).some((member) => member.startsWith('defaultValue'))
}

/** Whether reading a source goes through steps that count. */
const hasSteps = ({ type, condition, listMode }: RuleSource): boolean =>
  Boolean(type) || Boolean(condition) || Boolean(listMode)

function ofContext(context: Known, place: RulePlace): string[] | undefined {
  if (!isOfType(context.type, place)) return undefined
  return conditional(context, place)
}

/** Whether the type that a source asks for is one that every value of a type has. */
function isOfType(type: Type, { source: { source }, code }: RulePlace): boolean {
  if (!source.type) return true
  const wanted = code.map.findType(source.type, 'source')
  return wanted !== undefined && type.kind !== 'unknown' && matchesType({ value: {}, type }, wanted)
}

/** Fires for an item when its condition holds; what the condition cannot tell goes to the closures. */
function conditional(item: Known, place: RulePlace): string[] | undefined {
  const { source, code, whole } = place
  if (!source.source.condition) return fire(item, place)
  const label = code.fresh()
  const condition = conditionCode(item, place, `break ${label};`)
  if (!condition) return undefined
  const { lines, test } = condition
  const fired = [`if (${test}) {`, ...fire(item, place), '}']
  if (!lines.some((each) => each.includes(`break ${label};`))) return ['{', ...lines, ...fired, '}']
  const out = code.fresh()
  return [`${out}: {`, `${label}: {`, ...lines, ...fired, `break ${out};`, '}', whole, '}']
}

function conditionCode(item: Known, { source, holdings, code }: RulePlace, giveUp: string) {
  const { expressions } = code.program
  if (expressions.engineOnly) return undefined
  const { expression } = readExpression(source.source.condition ?? '')
  const lines: string[] = []
  const { constants, fresh } = code
  const bound = withSlot(holdings, source.slot, item)
  const given = {
    scope: source.scope,
    holdings: bound,
    focus: item,
    host: expressions.host,
    constants,
    fresh,
    lines,
    giveUp,
  }
  const value = expressionCode(expression, given)
  if (!value) return undefined
  return { lines, test: value.json === 'boolean' ? `${value.code} === true` : `${value.code} !== undefined` }
}

function withSlot(holdings: Holdings, slot: number | undefined, held: Held): Holdings {
  return slot === undefined ? holdings : new Map(holdings).set(slot, held)
}

function ofElement(context: Known, path: string, place: RulePlace): string[] | undefined {
  const [name = '', ...more] = elementPath(path)
  const { code, whole, holdings } = place
  const whenThere = (extra: string) => {
    const test = `if (${memberOf(context.value, name, code.constants)} !== undefined || ${extra})`
    return [`${test} ${leftAlone(whole, holdings).join('')}`]
  }
  if (more.length > 0 || context.json !== 'object' || context.type.kind === 'primitive') return undefined
  if (!isMemberName(name) || !isMemberName(`_${name}`)) return undefined
  const { constants } = code
  const value = code.declare()
  const extra = `${memberOf(context.value, `_${name}`, constants)} !== undefined`
  const read = `${value} = ${memberOf(context.value, name, constants)};`
  const element = context.type.element(name)
  const expected = element && expectedOf(element, refinedType(place))
  if (!element || element.variants.length > 0 || !expected || !isOfType(expected.type, place)) {
    // An element that is not there needs no closures to be passed over, whatever it might be.
    if (element && element.variants.length > 0) return undefined
    return whenThere(extra)
  }
  const held: Known = { value, type: expected.type, json: expected.json }
  const inner = element.isArray ? ofList(held, expected, place) : conditional(held, place)
  if (!inner) return whenThere(extra)
  const test = element.isArray
    ? `Array.isArray(${value}) && areAll(${value}, ${constants.of(kindOf(expected))})`
    : isAsExpected(value, expected, { owner: context.value, name, constants })
  const isOdd = `${extra} || !(${test})`
  return [read, `if (${value} !== undefined || ${extra}) {`, `if (${isOdd}) ${whole}`, 'else {', ...inner, '}', '}']
}

const kindOf = ({ json, says }: Expected): string => (says === 'nothing' ? 'silent' : json)

/** The type of resource that a source is only interested in, where any may stand. */
function refinedType({ source: { source }, code }: RulePlace): Type | undefined {
  const name = source.type ?? typeInCondition(source.condition)
  const type = name === undefined || isSystemName(name) ? undefined : code.program.expressions.host.findType(name)
  return type?.kind === 'resource' && r4Type(type.name) === type ? type : undefined
}

function typeInCondition(condition: string | undefined): string | undefined {
  if (!condition) return undefined
  let { expression } = readExpression(condition)
  while (expression.kind === 'group') expression = expression.inner
  const [argument] = expression.kind === 'call' && expression.name === 'ofType' ? expression.arguments : []
  return argument && typeName(argument)
}

/** Every item of a list, which is not changed meanwhile. Which of them are meant is found out before anything fires. */
function ofList(list: Known, expected: Expected, place: RulePlace): string[] | undefined {
  const { source, code } = place
  // A list of any resources has several types.
  if (expected.says === 'type') return undefined
  const value = code.declare()
  const item: Known = { value, type: expected.type, json: expected.json, listed: true }
  const { condition, listMode } = source.source
  if (!condition && !listMode) {
    const count = `${list.value}.length`
    const spent = hasSteps(source.source) ? [`if (${count} > 1) spend(r, ${count});`] : []
    return [...spent, ...eachOf(list.value, item, place)]
  }
  return chosenOf(list, item, place)
}

function eachOf(list: string, item: Known, place: RulePlace): string[] {
  const { at } = place
  const code = { ...place.code, loop: {} }
  const index = code.declare()
  const count = code.declare()
  return [
    `for (${index} = 0, ${count} = ${list}.length; ${index} < ${count}; ${index}++) {`,
    `at = ${at};`,
    `${item.value} = ${list}[${index}];`,
    ...fire(item, { ...place, code }),
    '}',
  ]
}

/** The items for which the condition holds, of these the one that is meant. */
function chosenOf(list: Known, item: Known, place: RulePlace): string[] | undefined {
  const { source, code, whole } = place
  const { condition, listMode } = source.source
  const label = code.fresh()
  const found = condition ? conditionCode(item, place, `break ${label};`) : { lines: [], test: 'true' }
  if (!found) return undefined
  const chosen = code.declare()
  const index = code.declare()
  const count = `${list.value}.length`
  const out = code.fresh()
  return [
    `${out}: {`,
    `${label}: {`,
    `${chosen} = [];`,
    `for (${index} = 0; ${index} < ${count}; ${index}++) {`,
    `${item.value} = ${list.value}[${index}];`,
    ...found.lines,
    `if (${found.test}) ${chosen}.push(${item.value});`,
    '}',
    ...(listMode === 'only_one' ? [`if (${chosen}.length > 1) break ${label};`] : []),
    `if (${count} > 1) spend(r, ${count});`,
    ...(listMode === 'first' ? [`${chosen} = ${chosen}.slice(0, 1);`] : []),
    ...(listMode === 'last' ? [`${chosen} = ${chosen}.slice(-1);`] : []),
    ...eachOf(chosen, item, place),
    `break ${out};`,
    '}',
    whole,
    '}',
  ]
}

/** What a rule does for one item. */
function fire(item: Known, place: RulePlace): string[] {
  const { rule, body, source, holdings } = place
  const bound = withSlot(holdings, source.slot, item)
  const code = { ...place.code, block: {}, atRule: `r.place = ${place.code.constants.of(rule.place)};` }
  return [STEP, ...targetsFrom(0, bound, { item, body, code })]
}

interface BodyPlace {
  item: Held
  body: CompiledBody
  code: FunctionCode
}

/** The targets from one on, then calls and inner rules; last what is left empty. */
function targetsFrom(index: number, holdings: Holdings, place: BodyPlace): string[] {
  const { body, code, item } = place
  const compiled = body.targets[index]
  if (!compiled) return innerCode(body, holdings, code)
  const { lines, held, isSure, node, notes } = targetCode(compiled, { holdings, item, code })
  const { slot, target } = compiled
  if (slot === undefined) return [...lines, ...targetsFrom(index + 1, holdings, place), ...notes()]
  const block = isSure === undefined ? code.block : {}
  // An element that was made here is there in what follows, and nowhere else.
  if (target.transform === undefined && held?.type && held.made) held.made.at.block = block
  const further = targetsFrom(index + 1, withSlot(holdings, slot, held ?? unbound), {
    ...place,
    code: { ...code, block },
  })
  if (isSure === undefined) return [...lines, ...further, ...notes()]
  const { constants } = code
  const frame = frameOf(withSlot(holdings, slot, { node: node ?? 'undefined', type: undefined }), constants)
  const left = `${code.atRule} rest(${constants.of(body)}, ${index + 1}, ${frame}, ${nodeOf(item, constants)});`
  const isLast = further.length === 0
  return isLast ? [...lines, ...notes()] : [...lines, `if (${isSure}) {`, ...further, `} else { ${left} }`, ...notes()]
}

const unbound: Held = { node: 'undefined', type: undefined }

function innerCode({ dependents, rules }: CompiledBody, holdings: Holdings, code: FunctionCode): string[] {
  return [
    ...dependents.flatMap((each) => dependentCode(each, holdings, code)),
    ...rules.flatMap((each) => ruleCode(each, holdings, code)),
  ]
}

/** The call of a group whose arguments are variables of which everything is known. */
function dependentCode(compiled: CompiledDependent, holdings: Holdings, code: FunctionCode): string[] {
  const { dependent, scope } = compiled
  const { constants } = code
  const whole = () => {
    forgetMembers(holdings)
    return [code.atRule, `${constants.of(compiled)}.run(${frameOf(holdings, constants)});`]
  }
  const found = code.map.findGroup(dependent.name)
  const group = found && code.program.groups.get(found.group)
  if (!group || group.inputs.length !== dependent.variable.length) return whole()
  const args: Known[] = []
  for (const [index, { mode }] of group.inputs.entries()) {
    const slot = compileVariableName(dependent.variable[index] ?? '', scope, mode)
    const held = slot === undefined ? undefined : holdings.get(slot)
    if (!held?.type) return whole()
    args.push(held)
  }
  const name = code.functionOf(
    group,
    args.map((each) => asArgument(each, args, code)),
  )
  if (name === undefined) return whole()
  forgetMembers(holdings)
  return [`${name}(${[...args.map((each) => each.node ?? each.value), 'r', 'd + 1'].join(', ')});`]
}

/** A function knows of what it is given that it is new, when it has it under one name. */
function asArgument({ made, ...held }: Known, args: readonly Known[], code: FunctionCode): Known {
  const isKnown =
    made && isNew({ ...held, made }, code) && args.filter(({ value }) => value === held.value).length === 1
  return isKnown ? { ...held, made } : held
}
