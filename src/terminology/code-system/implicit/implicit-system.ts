import type { ValueSet } from '../../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system.ts'

/** A code system that is computed rather than stored. */
export interface ImplicitSystem {
  url: string
  version?: string
  /** Value set whose codes of this system an expansion lists, when it is stored. */
  listedIn?: string
  /** The provider; `listed` are the codes an expansion shows, with the canonical of the set they are from. */
  make(listed: ListedCodes | undefined): CodeSystemProvider
}

/** Codes that an expansion of an endless system lists, and where they are from. */
interface ListedCodes {
  codes: string[]
  canonical: string
  definition?: ValueSet
}

/** How a grammar answers for one code. */
export interface Grammar {
  url: string
  name: string
  version?: string
  language?: string
  caseSensitive: boolean
  /** The code as the system writes it; undefined when it is no code of the system. */
  normalize(code: string): string | undefined
  display(code: string): string
  /** Further texts, e.g. a longer name. */
  designations?(code: string): { value: string; language?: string; use?: { system: string; code: string } }[]
  /** Property values by name, for filters and look-ups. */
  properties?(code: string): { code: string; value: string }[]
  /** Names of all properties that a code may have. */
  propertyCodes?: string[]
  translate?(code: string, language: string): string | undefined
  /** Codes that an expansion lists, and what they are based on. */
  listed: ListedCodes
  /** Canonical units and the like: a filter the generic ones cannot evaluate. */
  filter?: CodeSystemProvider['filter']
}
