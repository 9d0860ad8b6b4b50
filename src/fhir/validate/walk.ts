/** What checking keeps in mind on its way through a resource. */
import type { JsonObject } from '../../base/json-value.ts'
import type { Binding } from './base-definitions.ts'
import type { Profile } from './profile.ts'
import type { Report } from './report.ts'

/** Work in steps: whoever runs them may do something else wherever they yield. */
export type Steps<T = void> = Generator<void, T, void>

/** One element on the way down. */
export interface Step {
  /** As in an expression, with its index. */
  segment: string
  /** Name of the element. */
  name: string
  /** Type or backbone path of what stands in it. */
  type: string
}

/** The resource that is being checked, with those around it. */
export interface Home {
  resource: JsonObject
  /** The one that contains it, or itself. */
  root: JsonObject
  /** The innermost Bundle around it. */
  bundle: BundleIndex | undefined
  /** Full url of its entry. */
  fullUrl: string | undefined
}

/** Entries of a Bundle by what references call them. */
export interface BundleIndex {
  type: string
  byUrl: ReadonlyMap<string, JsonObject>
  byTail: ReadonlyMap<string, JsonObject>
}

/** A code that is to be asked for in a value set. */
export interface Ask {
  binding: Binding
  codes: { system?: string; code: string }[]
  /** Whether the element says something in words alone, or names no code. */
  isWords: boolean
  /** Whether a code stands without its system by its type. */
  isBare: boolean
  expression: string
  /** Who binds it, for messages. */
  by: string
}

/** Profiles by canonical, read before the walk; null where there is none of that name. */
export type Program = ReadonlyMap<string, Profile | null>

/** Whether a code is in a value set: undefined where that is not known. */
type KnownCodes = (valueSet: string, code: string, system?: string) => boolean | undefined

/** The state of checking. */
export interface Walk {
  report: Report
  program: Program
  asks: Ask[]
  trail: Step[]
  home: Home
  /** Whether findings are only counted. */
  isSilent: boolean
  isIn: KnownCodes
  now: Date
  /** Who is being held against what: a profile that comes back to itself ends there. */
  open: Map<object, Set<string>>
  /** Answers of silent checks. */
  answers: WeakMap<object, Map<string, string | null>>
  /** What is unknown is told once. */
  unknown: Set<string>
  /** @throws FhirError 422 when the request has used up what it may */
  tick(): void
}

/** The place as FHIRPath with indexes. */
export function expressionOf({ trail }: Pick<Walk, 'trail'>, child = ''): string {
  let text = ''
  for (const { segment } of trail) text += text === '' ? segment : `.${segment}`
  return child === '' ? text : `${text}.${child}`
}

/** The same walk with findings counted by another report. */
export const silently = (walk: Walk, report: Report): Walk => ({
  ...walk,
  report,
  asks: [],
  isSilent: true,
  trail: [...walk.trail],
  unknown: new Set(walk.unknown),
})

/** Whether an element is as an invariant wants it. */
export type NativeCheck = (item: { value: unknown }, walk: Pick<Walk, 'home'>) => boolean
