/** Targets as JavaScript: what is set on objects of known types, by values of known types. */
import { defaultGroups } from '../compile/default-group.ts'
import type { CompiledTarget } from '../compile/program.ts'
import { findExtension, LIST_MODE } from '../model/extensions.ts'
import { elementPath, type RuleTarget } from '../model/structure.ts'
import { type ElementType, isA, type Type, UNKNOWN } from '../model/types.ts'
import { ValueFault } from '../run/fault.ts'
import { choose } from '../run/fit.ts'
import { isMemberName, memberOf } from './code.ts'
import { type Value, type ValuePlace, valueCode } from './generate-value.ts'
import { forgetMembers, type Held, type Holdings, justMade, type Known, lacks, noteSet } from './held.ts'
import { type FunctionCode, frameOf, nodeOf } from './program-code.ts'

/** Where a target stands. */
export interface TargetPlace {
  holdings: Holdings
  item: Held
  code: FunctionCode
}

/** Code of a target. */
export interface TargetCode {
  lines: string[]
  /** What it made or set, by which later rules go; undefined when nobody can name it. */
  held: Held | undefined
  /** Condition under which `held` is what there is; else the closures have made something of it, or nothing. */
  isSure?: string
  /** Variable with the node of the closures, if they were asked. */
  node?: string
  /** Statements for the end of the rule: they note what is left empty. Asked for when the rest of the rule is made. */
  notes(): string[]
}

/** Counts steps. */
export const stepsCode = (count: number): string => `if ((r.steps += ${count}) > r.nextLook) spend(r, 0);`

/** The step that every target counts as. */
export const STEP = stepsCode(1)

/** The code of a target, of the closures where it is not of those that can be generated. */
export function targetCode(compiled: CompiledTarget, place: TargetPlace): TargetCode {
  const { code } = place
  const label = code.fresh()
  const made = madeCode(compiled, { ...place, compiled, giveUp: `break ${label};` })
  if (!made) {
    const node = code.declare()
    forgetMembers(place.holdings)
    return {
      lines: [code.atRule, `${node} = ${closure(compiled, place)};`],
      held: { node, type: undefined },
      notes: () => [`noteEmpty(r, ${node});`],
    }
  }
  const { before, lines, held, note, isThere, sets } = made
  const mayGiveUp = before.some((each) => each.includes(`break ${label};`))
  const isSure = !mayGiveUp && isThere === undefined
  if (sets) noteSet(sets.owner, sets.names, isSure && !sets.isDoubtful, code)
  const isFilled = () => held?.type !== undefined && held.made?.isFilled === true
  if (isSure) return { lines: [...before, ...lines], held, notes: () => (note && !isFilled() ? [note] : []) }
  const sure = code.declare()
  const notes = () => (note && !isFilled() ? [`if (${sure}) ${note}`] : [])
  const whole = isThere === undefined ? [...lines, `${sure} = true;`] : [...lines, `${sure} = ${isThere};`]
  if (!mayGiveUp) return { lines: [...before, ...whole], held, isSure: sure, notes }
  const node = code.declare()
  const out = code.fresh()
  return {
    lines: [
      `${sure} = false; ${node} = undefined;`,
      `${out}: {`,
      `${label}: {`,
      ...before,
      ...whole,
      `break ${out};`,
      '}',
      code.atRule,
      `${node} = ${closure(compiled, place)};`,
      '}',
    ],
    held,
    isSure: sure,
    node,
    notes: () => [...notes(), `if (${node} !== undefined) noteEmpty(r, ${node});`],
  }
}

function closure(compiled: CompiledTarget, { holdings, item, code }: TargetPlace): string {
  const { constants } = code
  return `${constants.of(compiled)}.run(${frameOf(holdings, constants)}, [${nodeOf(item, constants)}])`
}

interface Made {
  /** Statements without effects; they may give up. */
  before: string[]
  lines: string[]
  held: Held | undefined
  isThere?: string
  /** Notes that what is held is empty, if it is. */
  note?: string
  /** The object of which a member is set, and the names that it may have. */
  sets?: Sets
}

interface Sets {
  owner: Known
  names: string[]
  /** It may be left out. */
  isDoubtful?: true
}

interface Work extends TargetPlace, ValuePlace {}

function madeCode(compiled: CompiledTarget, work: Work): Made | undefined {
  const { target, scope } = compiled
  if (target.listMode?.length || findExtension(target, LIST_MODE)) return undefined
  if (target.context === undefined) return target.element === undefined ? variableCode(target, work) : undefined
  const slot = scope.targets.get(target.context)
  const owner = slot === undefined ? undefined : work.holdings.get(slot)
  const path = target.element === undefined ? [] : elementPath(target.element)
  const [name = ''] = path
  if (!owner?.type || owner.json !== 'object' || path.length !== 1) return undefined
  if (!isMemberName(name) || !isMemberName(`_${name}`)) return undefined
  const element = owner.type.element(name)
  if (!element) return undefined
  const at = { owner, element, name }
  const isMade = target.transform === undefined || (target.transform === 'create' && !target.parameter?.length)
  return isMade ? elementCode(at, work) : setCode(at, work)
}

/** `transform as v`: a value that is not part of anything yet. */
function variableCode({ transform }: RuleTarget, work: Work): Made | undefined {
  // What an expression gives may be a value of FHIRPath, and no variable is another one.
  if (transform === 'evaluate' || transform === 'copy') return undefined
  const value = valueCode(work)
  if (!value) return undefined
  const { constants } = work.code
  const { held, before, after, isThere, mayBeEmpty } = value
  const lines = [STEP, ...(transform === 'translate' ? [work.code.atRule, 'r.holder = undefined;'] : []), ...after]
  if (held.json !== 'object') {
    if (held.literal === undefined) lines.push(countText(held))
    return { before, lines, held, ...(isThere === undefined ? {} : { isThere }) }
  }
  const note = mayBeEmpty ? { note: `if (isEmpty(${held.value})) r.untidy = true;` } : {}
  if (held.node !== undefined) return { before, lines, held, ...(isThere === undefined ? {} : { isThere }), ...note }
  const node = work.code.declare()
  lines.push(`${node} = ${nodeOf(held, constants)};`)
  return { before, lines, held: { ...held, node }, ...note }
}

const countText = ({ json, value }: Known): string => (json === 'string' ? `r.steps += ${value}.length >> 6;` : '')

interface ElementPlace {
  owner: Known
  element: ElementType
  name: string
}

/** `ctx.element as v`: an object to be filled. */
function elementCode({ owner, element, name }: ElementPlace, { code, holdings, giveUp }: Work): Made | undefined {
  const [type] = element.types
  if (!type || element.types.length > 1 || element.variants.length > 0 || type === UNKNOWN) return undefined
  if (type.kind !== 'complex' && type.kind !== 'logical') return undefined
  const { constants } = code
  const value = code.declare()
  const sets = { owner, names: [name] }
  const isFirst = lacks(owner, name, code)
  const isAdded = element.isArray || isFirst
  const held: Known = { value, type, json: 'object', made: justMade(code, isAdded ? [] : undefined) }
  const note = `if (isEmpty(${value})) r.untidy = true;`
  const member = memberOf(owner.value, name, constants)
  if (isAdded) {
    const made = element.isArray ? `[${value}]` : value
    const store = isFirst ? `${member} = ${made};` : `addObject(${owner.value}, ${constants.of(name)}, ${value});`
    return { before: [], lines: [STEP, `${value} = {};`, store], held, note, sets }
  }
  // One that is there already knows where it stands, which matters to what sets it as a whole.
  if (code.setsWholes) return undefined
  // It may be one that another variable holds, too.
  forgetMembers(holdings)
  return {
    before: [`${value} = ${member};`, `if (${value} !== undefined && !isPlain(${value})) ${giveUp}`],
    lines: [STEP, `if (${value} === undefined) ${value} = ${member} = {};`],
    held,
    note,
    sets,
  }
}

/** `ctx.element = value`. */
function setCode(at: ElementPlace, work: Work): Made | undefined {
  const { owner, element, name } = at
  const { constants } = work.code
  const value = valueCode(work)
  if (!value) return undefined
  const { target } = work.compiled
  if (target.transform === 'copy' && value.held.json === 'object' && defaultGroups(work.code.map).length > 0)
    return undefined
  const chosen = chosenFor(at, value.held)
  if (!chosen) return undefined
  const place = [work.code.atRule, `r.holder = ${constants.of(owner.type)};`, `r.property = ${constants.of(name)};`]
  // The closures, where they are asked, may choose another one.
  const names = [chosen.property, ...element.variants.map(({ property }) => property)]
  const others = names.slice(1).every((each) => lacks(owner, each, work.code))
    ? []
    : [`leaveOtherChoices(${owner.value}, ${constants.of(element)}, ${constants.of(chosen.property)});`]
  const given = { value, chosen, place, others, sets: { owner, names } }
  if (value.held.json === 'object') return setObject(at, given, work)
  return chosen.type.kind === 'primitive' ? setPrimitive(at, given, work) : undefined
}

interface Given {
  value: Value
  chosen: { property: string; type: Type }
  place: string[]
  others: string[]
  sets: Sets
}

/** The property and type that a value takes, where that does not depend on the value. */
function chosenFor({ element, name }: ElementPlace, { type, literal }: Known): Given['chosen'] | undefined {
  const [only] = element.types
  if (element.variants.length === 0)
    return only && element.types.length === 1 && only !== UNKNOWN ? { property: element.name, type: only } : undefined
  const isNamed =
    !type.inferred && element.variants.some((each) => each.type.name === type.name || isA(type, each.type))
  if (!isNamed && literal === undefined) return undefined
  try {
    return choose(element, { value: literal, type }, name)
  } catch (error) {
    // The closures tell it when they come to it.
    if (error instanceof ValueFault) return undefined
    throw error
  }
}

function setPrimitive(
  { owner, element }: ElementPlace,
  given: Given,
  { compiled, code, giveUp }: Work,
): Made | undefined {
  const { value, chosen, others, sets } = given
  const { held, before, after, isThere } = value
  const { check } = chosen.type
  const { constants } = code
  if (!check) return undefined
  if (after.length > 0) return setDrawn({ owner, element }, given, { compiled, code })
  if (held.literal !== undefined && check(held.literal) !== undefined) return undefined
  const isSound = held.literal !== undefined || (held.isSound === true && held.type.check === check)
  const test = `${isThere === undefined ? '' : `${isThere} && `}${constants.of(check)}(${held.value}) !== undefined`
  const property = constants.of(chosen.property)
  const member = memberOf(owner.value, chosen.property, constants)
  const isFirst = lacks(owner, chosen.property, code)
  const store =
    element.isArray && !isFirst
      ? `storeItem(${owner.value}, ${property}, ${constants.of(element)}, ${held.value});`
      : `${member} = ${element.isArray ? `[${held.value}]` : held.value};`
  const lines = [...others, store, held.literal === undefined ? countText(held) : literalSteps(held.literal)]
  const { slot } = compiled
  const node = slot === undefined ? undefined : code.declare()
  if (node !== undefined) {
    const members = `value: ${held.value}, type: ${constants.of(chosen.type)}, owner: ${nodeOf(owner, constants)}, property: ${property}`
    lines.push(`${node} = { ${members} };`)
  }
  return {
    before: isSound ? before : [...before, `if (${test}) ${giveUp}`],
    lines: isThere === undefined ? [STEP, ...lines] : [STEP, `if (${isThere}) {`, ...lines, '}'],
    held: node === undefined ? undefined : { node, type: undefined },
    ...(isThere === undefined ? {} : { isThere }),
    sets,
  }
}

/** An id that is drawn: nothing is taken back, for the closures would draw another one. */
function setDrawn(
  { owner, element }: Pick<ElementPlace, 'owner' | 'element'>,
  { value, chosen, place: [atRule = ''], sets }: Given,
  { compiled, code }: Pick<Work, 'compiled' | 'code'>,
): Made | undefined {
  const { held, after } = value
  const { constants } = code
  if (compiled.slot !== undefined || element.isArray || element.variants.length > 0) return undefined
  const node = code.declare()
  const drawn = `{ value: ${held.value}, type: ${constants.of(held.type)}, loose: true }`
  return {
    before: [],
    lines: [
      STEP,
      ...after,
      `${node} = undefined;`,
      `if (${constants.of(chosen.type.check)}(${held.value}) === undefined) {`,
      `${memberOf(owner.value, chosen.property, constants)} = ${held.value};`,
      countText(held),
      '} else {',
      atRule,
      `${node} = assignDrawn(${nodeOf(owner, constants)}, ${constants.of(chosen.property)}, ${drawn}, r);`,
      '}',
    ],
    held: undefined,
    note: `if (${node} !== undefined) noteEmpty(r, ${node});`,
    sets: { ...sets, isDoubtful: true },
  }
}

const literalSteps = (literal: string | number | boolean): string =>
  typeof literal === 'string' && literal.length >= 64 ? `r.steps += ${literal.length >> 6};` : ''

/** Types that say nothing about what stands in them: the element says what their instances are. */
const VAGUE = new Set(['BackboneElement', 'Element'])

function setObject(at: ElementPlace, given: Given, { compiled, code }: Work): Made | undefined {
  const { owner, element } = at
  const { value, chosen, place, others, sets } = given
  const { held, before, after, isThere } = value
  const { type } = held
  const { constants } = code
  if (chosen.type.kind === 'primitive' || chosen.type === UNKNOWN || VAGUE.has(type.name)) return undefined
  if (type !== chosen.type && type.kind === 'complex' && !isA(type, chosen.type)) return undefined
  const copied = constants.of(type.kind === 'logical' ? chosen.type : type)
  const isFresh = held.loose === true && (held.node === undefined || isThere !== undefined)
  // A model says what it is; an element that is one does not.
  const isSilenced = type.kind === 'logical' && chosen.type.kind !== 'resource'
  if (isSilenced && (isFresh || held.node !== undefined)) return undefined
  const made = code.declare()
  const taking = isFresh
    ? held.value
    : held.node !== undefined
      ? `taken(${held.node}, ${copied}, r)`
      : `copyValid(${held.value}, ${copied}, r)`
  const property = constants.of(chosen.property)
  const isFirst = lacks(owner, chosen.property, code)
  const store =
    element.isArray && !isFirst
      ? `addObject(${owner.value}, ${property}, ${made});`
      : `${memberOf(owner.value, chosen.property, constants)} = ${element.isArray ? `[${made}]` : made};`
  const isAlways = isFresh && isThere === undefined
  if (isSilenced) others.push(`if (${made}.resourceType !== undefined) delete ${made}.resourceType;`)
  const lines = isAlways ? [...others, store] : [`if (${made} !== undefined) {`, ...others, store, '}']
  const { slot } = compiled
  if (slot !== undefined && !isFresh) return undefined
  return {
    before,
    lines: [STEP, ...(isFresh && isThere === undefined ? [] : place), ...after, `${made} = ${taking};`, ...lines],
    // What was moved is the same object still.
    held: { value: made, type, json: 'object', loose: false, ...(isFresh && held.made ? { made: held.made } : {}) },
    sets,
    ...(isAlways ? {} : { isThere: `${made} !== undefined` }),
    ...(value.mayBeEmpty || held.node !== undefined || isSilenced
      ? { note: `if (isEmpty(${made})) r.untidy = true;` }
      : {}),
  }
}
