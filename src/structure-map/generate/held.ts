import type { ElementType, Type } from '../model/types.ts'
import { INFERRED, UNKNOWN } from '../model/types.ts'

/** JSON of a value. */
export type JsonKind = 'string' | 'number' | 'boolean' | 'object'

/** What code knows of an object that it has made. */
export interface Made {
  /** Members that it may have by now: any other it lacks. Undefined where it may have any. */
  members: Set<string> | undefined
  /** It has one for certain. */
  isFilled: boolean
  /** Where it was made. */
  at: Stretch
}

/** Where a piece of code stands. */
export interface Stretch {
  /** The loop, in each turn of which what is made there is made anew. */
  loop: object
  /** Statements of which all are done, or none. */
  block: object
}

/** A variable of which code knows type and JSON: its value is at hand, its node is made where somebody wants one. */
export interface Known {
  /** Name of the JavaScript variable, or constant, with the value: never undefined, null or a list; an object has members. */
  value: string
  /** Name of the variable with the node, where it matters which node it is: one that may still be moved. */
  node?: string
  type: Type
  json: JsonKind
  listed?: true
  /** As `loose` of the node: false of one that was moved. */
  loose?: boolean
  /** The value is one of its type. */
  isSound?: true
  /** The value, where the map says it. */
  literal?: string | number | boolean
  /** Of an object that code has made; two names of one object have one. */
  made?: Made
}

/** A variable of which nothing is known when code is made: its node, which may be undefined. */
interface Unknown {
  node: string
  type: undefined
}

/** What code holds of a variable. */
export type Held = Known | Unknown

/** Variables by slot. */
export type Holdings = ReadonlyMap<number, Held>

/** What an element holds when it is as its definition has it. */
export interface Expected {
  type: Type
  json: JsonKind
  /** An object of a logical model or resource says itself what it is, and must not, or must be that. */
  says?: 'nothing' | 'type'
}

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal'])

/** JSON of a primitive type. */
export function jsonOf(name: string): JsonKind {
  return NUMBERS.has(name) ? 'number' : name === 'boolean' ? 'boolean' : 'string'
}

/** The value that an element of one type has in all but odd instances; undefined where there is no such type. */
export function expectedOf({ types, variants }: ElementType, refined?: Type): Expected | undefined {
  if (variants.length > 0) return undefined
  const [only] = types
  // What has no one definition is taken for what it looks like.
  if (!only || types.length > 1 || only === UNKNOWN) return { type: INFERRED.string, json: 'string' }
  if (only.kind === 'primitive') return { type: only, json: jsonOf(only.name) }
  if (only.kind === 'complex') return { type: only, json: 'object' }
  if (only.kind === 'logical') return { type: only, json: 'object', says: 'nothing' }
  return only.kind === 'resource' && refined ? { type: refined, json: 'object', says: 'type' } : undefined
}

/** An object that has just been made, with these members. */
export const justMade = ({ loop, block }: Stretch, members: string[] | undefined): Made => ({
  members: members && new Set(members),
  isFilled: members !== undefined && members.length > 0,
  at: { loop, block },
})

/** Whether an object lacks a member for certain. */
export const lacks = ({ made }: Known, name: string, { loop }: Stretch): boolean =>
  made?.members !== undefined && made.at.loop === loop && !made.members.has(name)

/** Whether it has none, but what says what it is. */
export const isNew = ({ made }: Known, { loop }: Stretch): boolean =>
  made?.members !== undefined && made.at.loop === loop && [...made.members].every((each) => each === 'resourceType')

/** Notes that members are set, or one of them. @param isSure whether that is so whenever the code around it is run */
export function noteSet({ made }: Known, names: readonly string[], isSure: boolean, { block }: Stretch): void {
  if (!made) return
  for (const name of names) made.members?.add(name)
  if (isSure && made.at.block === block) made.isFilled = true
}

/** Notes that something may have been done with all that variables hold. */
export function forgetMembers(holdings: Holdings): void {
  for (const held of holdings.values()) if (held.type && held.made) held.made.members = undefined
}
