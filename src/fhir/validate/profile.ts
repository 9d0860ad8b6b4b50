/** A profile as it is checked: the elements of its snapshot that say more than R4, as a tree. */
import type { Json } from '../../base/json-value.ts'
import type { Binding, Constraint } from './base-definitions.ts'

/** One type that an element may have. */
export interface TypeRule {
  code: string
  /** Canonicals; a value fits one of them. */
  profiles: string[]
  /** Canonicals of what a Reference leads to; undefined where anything goes. */
  targets: string[] | undefined
}

/** How slices are told apart (https://hl7.org/fhir/R4/profiling.html#discriminator). */
export interface Discriminator {
  type: string
  path: string
}

/** The slicing of an element. */
export interface Slicing {
  discriminators: Discriminator[]
  rules: 'open' | 'closed' | 'openAtEnd'
  isOrdered: boolean
}

/** One element of a snapshot, or one slice. */
export interface ProfileElement {
  /** Id of the ElementDefinition. */
  id: string
  /** As in JSON, without `[x]`. */
  name: string
  slice: string | undefined
  min: number
  max: number
  /** Whether it occurs more or less often than R4 itself wants. */
  isCounted: boolean
  types: TypeRule[]
  /** Whether the types say more than R4 does. */
  isTyped: boolean
  fixed: Json | undefined
  pattern: Json | undefined
  bindings: Binding[]
  constraints: Constraint[]
  maxLength: number | undefined
  /** Smallest and largest value, where they are numbers or texts of date and time. */
  smallest: Json | undefined
  largest: Json | undefined
  isModifier: boolean
  children: ProfileElement[]
  slicing: Slicing | undefined
  slices: ProfileElement[]
  /** Children that have something to check. */
  active: ProfileElement[]
}

/** Where an extension may stand. */
interface ExtensionContext {
  type: string
  expression: string
}

/** A profile that was read. */
export interface Profile {
  /** `url|version`. */
  canonical: string
  url: string
  /** The type that it constrains. */
  type: string
  root: ProfileElement
  contexts: ExtensionContext[]
  /** Canonicals of profiles that it names. */
  needs: string[]
  /** Value sets that must be known before it can be asked. */
  valueSets: string[]
  /** Why it cannot be used. */
  fault?: string
  /** Parts of it that cannot be judged. */
  gaps: string[]
}
