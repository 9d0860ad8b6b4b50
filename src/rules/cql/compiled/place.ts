/** Where a node stands while a library is compiled: its names, and what else of the library can be reached. */
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { type CompiledRun, type Frame, leave, type Step } from './step.ts'

/** A define or function that may be compiled later than what calls it. */
export interface Callable {
  /** Its operands take the first places of a frame. */
  operands: JsonObject[]
  body: Step
  /** The body as generated code, which is given the run and the operands. */
  direct?: Direct
}

/** Generated code of a define or function. */
export type Direct = (run: CompiledRun, ...operands: unknown[]) => unknown

/** What a node can reach of its library. */
export interface Surroundings {
  /** The value of a define, of an included library when its alias is named. */
  define(name: string, library: string | undefined): Step
  /** Functions of a name with so many operands, in order. */
  functions(name: string, library: string | undefined, operands: number): Callable[]
  parameter(name: string, library: string | undefined): Step
  /** The one declaration of a name in a section of the library. */
  declared(section: 'codeSystems' | 'codes' | 'concepts', name: string): JsonObject
  /** Canonical of a value set that is declared. */
  valueSet(name: string, library: string | undefined): { id: string; version: string | undefined }
}

/** One alias, let or operand. */
interface Name {
  name: string
  slot: number
  next: Name | undefined
}

/** Where a node stands. */
export interface Place {
  build(node: Json | undefined): Step
  surroundings: Surroundings
  /** The place of an alias, let or operand. */
  slotOf(name: string): number
  /** The places of all names that are known here. */
  slots: readonly number[]
  /** The place within, where one more name is known. */
  within(name: string): { place: Place; slot: number }
}

/** Compiles one node. */
export type Builder = (node: JsonObject, place: Place) => Step

/** A place at which no name is known. */
export function outermost(surroundings: Surroundings, build: Builder): Place {
  let size = 0
  const at = (names: Name | undefined): Place => {
    const place: Place = {
      surroundings,
      slots: slotsOf(names),
      build: (node) => (isJsonObject(node) ? build(node, place) : leave('a step is missing')),
      slotOf(name) {
        for (let each = names; each; each = each.next) if (each.name === name) return each.slot
        return leave('a name is not known')
      },
      within(name) {
        const slot = size++
        return { place: at({ name, slot, next: names }), slot }
      },
    }
    return place
  }
  return at(undefined)
}

function slotsOf(names: Name | undefined): number[] {
  const slots: number[] = []
  for (let each = names; each; each = each.next) slots.unshift(each.slot)
  return slots
}

/** What a name stands for. Nothing at all would be looked for further out by the executor. */
export function bind(frame: Frame, slot: number, value: unknown): void {
  if (value === undefined) leave('a name stands for nothing')
  frame.slots[slot] = value
}

/** Members that say nothing of what a step does, or that its operator reads through its correction. */
const common = new Set([
  'type',
  'localId',
  'locator',
  'annotation',
  'resultTypeName',
  'resultTypeSpecifier',
  'signature',
])

/** Refuses a node with a member that its builder does not read: what it says would be passed over. */
export function onlyMembers(node: JsonObject, ...members: string[]): void {
  for (const member in node)
    if (!common.has(member) && !members.includes(member) && !isNothing(node[member]))
      leave(`${node.type}.${member} is not compiled`)
}

const isNothing = (value: Json | undefined) =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0)

/** A member that is a text. */
export function textOf(node: JsonObject, member: string): string {
  const value = node[member]
  return typeof value === 'string' ? value : leave(`${node.type}.${member} is no text`)
}

/** A member that is a text or not there. */
export function optionalText(node: JsonObject, member: string): string | undefined {
  const value = node[member]
  return value === undefined || value === null ? undefined : textOf(node, member)
}

/** A member that is a Boolean or not there: the executor takes other values for one, each where it stands. */
export function optionalFlag(node: JsonObject, member: string): boolean | undefined {
  const value = node[member]
  if (value === undefined || value === null) return undefined
  return typeof value === 'boolean' ? value : leave(`${member} is no Boolean`)
}

/** A member that is a list of objects, or not there. */
export function objectsOf(node: JsonObject, member: string): JsonObject[] {
  const value = node[member]
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) {
    const objects = value.filter(isJsonObject)
    if (objects.length === value.length) return objects
  }
  return leave(`${node.type}.${member} is no list of objects`)
}
