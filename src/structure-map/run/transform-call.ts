import type { Json, JsonObject } from '../../base/json-value.ts'
import { type Node, toText } from '../model/nodes.ts'
import { INFERRED, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { ValueFault } from './fault.ts'
import type { Run } from './run.ts'
import { leaveOut } from './value-remark.ts'

/** One call of a transform. */
export interface TransformCall {
  /** Arguments in order; an argument without a value is undefined. */
  arguments: (Node | undefined)[]
  run: Run
  /** Type of the target element, when it has one type. */
  targetType: Type | undefined
  /** Type by canonical, alias or name. */
  findType(name: string): Type | undefined
  /** The code that a concept map has for a code. */
  translate(map: string, node: Node): Readonly<Translation> | undefined
}

/** One target of a translation. */
export interface Translation {
  system?: string
  code: string
  display?: string
}

/** What a transform does; undefined when it gives no value. */
export type Handler = (call: TransformCall) => Node | undefined

/** A value of an R4 type that the map makes. */
export const make = (value: Json, type: string): Node => ({ value, type: r4Type(type) ?? UNKNOWN, loose: true })
/** A text that the map makes. */
export const string = (value: string): Node => ({ value, type: INFERRED.string, loose: true })

/** An object with those members that have a value. */
export function object(type: string, members: Record<string, Json | undefined>): Node {
  const value: JsonObject = {}
  for (const name in members) {
    const member = members[name]
    if (member !== undefined && member !== '') value[name] = member
  }
  return make(value, type)
}

/** The text of an argument for a member of a data type; undefined, and told, when FHIR would refuse it there. */
export function member(run: Run, path: string, type: Type, node: Node | undefined): string | undefined {
  const value = text(node)
  if (value === undefined || value === '' || node === undefined) return undefined
  const { fits } = node
  if (fits === type) return value
  const valid = validText(run, path, type, value)
  if (valid !== undefined && fits !== undefined) node.fits = type
  return valid
}

/** A text that FHIR allows for the type; undefined, and told, for any other. */
export function validText(run: Run, path: string, type: Type, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  const reason = type.check?.(value)
  if (reason === undefined) return value
  leaveOut(run, { part: path, type: type.name, reason })
  return undefined
}

export const CODING = r4Type('Coding') ?? UNKNOWN
/** Types of the members of data types. */
export const STRING = r4Type('string') ?? UNKNOWN
export const CODE = r4Type('code') ?? UNKNOWN
export const URI = r4Type('uri') ?? UNKNOWN

/** The text of an argument; undefined without a value. ValueFault for an object. */
export function text(node: Node | undefined): string | undefined {
  const found = node && toText(node)
  if (node?.value !== undefined && found === undefined) throw new ValueFault('a text is expected, not an object')
  return found
}

/** {@link text}, the empty one without a value. */
export function optionalText(node: Node | undefined): string {
  return text(node) ?? ''
}
