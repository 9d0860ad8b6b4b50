/** How an artefact leans on another one. */
export type ReferenceRole =
  /** It cannot be used without it. */
  | 'needed'
  /** It claims to be of that profile. */
  | 'profile'
  /** It has an extension that is defined there. */
  | 'extension'
  /** It says where it comes from, what came before it, what it documents. */
  | 'related'

/** One place of an artefact at which another one is named. */
export interface CanonicalReference {
  /** As it is named: `url`, `url|version`; `Type/id` for a component of an ImplementationGuide. */
  canonical: string
  /** FHIRPath of the element, e.g. `PlanDefinition.library[0]`. */
  path: string
  /** FHIRPath of the element that holds the version, where that is another one, e.g. `ValueSet.compose.include[0].version`. */
  versionPath?: string
  role: ReferenceRole
  /** The element as R4 declares it, e.g. `PlanDefinition.library`. */
  element: string
  /** Resource types that it may lead to; empty for any. */
  types: readonly string[]
}
