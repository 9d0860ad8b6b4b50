import type { CodeSystem, Coding, Extension, ValueSet } from '../../fhir/types.ts'
import type { Ref, Selection } from './selection.ts'

export type { Ref } from './selection.ts'

/** One designation, with the supplement it comes from. */
export interface Designation {
  language?: string | undefined
  use?: Coding | undefined
  value: string
  extension?: Extension[] | undefined
  /** Canonical of the supplement that adds it. */
  source?: string
  /** It may stand for the concept, and another is preferred to it: expansions show it only where it is asked for. */
  secondary?: true
}

/** One property value of a concept; `value` is the member as it stands in JSON, e.g. `valueCode`. */
export interface ConceptProperty {
  code: string
  member: string
  value: string | number | boolean | Coding
}

/** A property as a look-up shows it (https://hl7.org/fhir/R4/codesystem-operation-lookup.html, property). */
export interface LookedUpProperty extends Omit<ConceptProperty, 'value'> {
  value?: ConceptProperty['value']
  /** Display of the property, of one that is a concept itself. */
  codeDisplay?: string | undefined
  /** Display of a value that is a code. */
  description?: string | undefined
  /** Language of a value that is a text. */
  language?: string | undefined
  /** Parts of a property that is a group. */
  subproperty?: LookedUpProperty[]
}

/** A concept of a pair, with the system it is of where that is known. */
interface PairedConcept {
  system?: string | undefined
  version?: string
  code: string
  display?: string
}

/** One pair of an implicit map. */
export interface ImplicitPair {
  source: PairedConcept
  /** Absent where the map says that there is none. */
  target?: PairedConcept | undefined
  /** What the target is to the source (http://hl7.org/fhir/concept-map-equivalence). */
  equivalence: string
}

/** A concept map that a code system has within itself. */
export interface ImplicitMap {
  /** Systems it goes from and to; undefined where the code system does not say. */
  source: string | undefined
  target: string | undefined
  /** Pairs that have the code on that side. */
  pairs(code: string, side: 'source' | 'target'): ImplicitPair[]
}

/** What is known of a code system beside its concepts. */
export interface CodeSystemHead {
  url: string
  version?: string
  /** Version of the resource where that cannot be one of the system: value sets of its publisher may name it, replies do not. */
  heldAs?: string
  name: string
  language?: string
  status: string
  experimental: boolean
  /** Extension structuredefinition-standards-status. */
  standardsStatus?: string
  content: CodeSystem['content']
  /** Codes that differ by case alone are different codes. False also where the system does not say. */
  caseSensitive: boolean
  /**
   * The system does not say whether case matters: codes are then accepted in any case
   * (https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.caseSensitive), unless several of its codes fit.
   */
  caseUnstated?: true
  /** Implicit value set of all concepts (CodeSystem.valueSet). */
  valueSet?: string
  hierarchyMeaning?: string
  /** Codes change their meaning between versions: expansions always say which one (CodeSystem.versionNeeded). */
  versionNeeded?: boolean
  /** Codes may be put together by a grammar, which nobody knows here (CodeSystem.compositional). */
  compositional?: boolean
  /** Declared properties: code → uri and type. */
  properties: Map<string, { uri?: string; type: string }>
  /**
   * Set when the system has a grammar and no end: canonical of the set an expansion is based on, and the set; without it an expansion
   * lists every concept that is no expression.
   */
  unbounded?: { basedOn?: string; definition?: ValueSet }
  /** Imported as a release of its publisher: it is the whole, whatever its size. */
  isRelease?: true
  /** Name of the edition, of a system that is published in several: texts about an unknown code say it. */
  edition?: string
  /** Filters that the system evaluates itself, and languages of its texts, for TerminologyCapabilities. */
  declared?: { filters: readonly { code: string; op: readonly string[] }[]; languages: readonly string[] }
  /** url|version of every supplement applied. */
  supplements: string[]
}

/** Something about a place of an expression constraint; places count from 1. An error: it cannot be evaluated. */
export interface ConstraintRemark {
  severity: 'error' | 'warning'
  text: string
  line: number
  column: number
}

/**
 * One version of one code system. Everything the engine knows about codes goes through this interface:
 * resources in memory (concept-index.ts), grammars (implicit/), imported systems. All methods are synchronous and free of
 * side effects; an implementation that reads from disk opens its file before it is handed out.
 */
export interface CodeSystemProvider {
  readonly head: CodeSystemHead
  /** The concept of a code; the exact code first, then, where case does not count, one that differs by it. */
  locate(code: string): Ref | undefined
  /**
   * Looks at concepts that are about to be shown. They may lie anywhere in a large memory: asked for one after the other each is waited
   * for, but those that are looked at in one go come at the same time. What it answers says nothing.
   */
  approach?(refs: readonly Ref[]): number
  /** The code as the system writes it. */
  code(ref: Ref): string
  display(ref: Ref): string | undefined
  definition(ref: Ref): string | undefined
  /** Designations beside the display. */
  designations(ref: Ref): Designation[]
  properties(ref: Ref): ConceptProperty[]
  extensions(ref: Ref): Extension[]
  isInactive(ref: Ref): boolean
  isAbstract(ref: Ref): boolean
  /** Property `status`, else the standards status of the concept. */
  status(ref: Ref): string | undefined
  /** How messages call the status of an inactive concept; without it, its status "and inactive". */
  inactiveAs?(ref: Ref): string | undefined
  parents(ref: Ref): Ref[]
  children(ref: Ref): Ref[]
  /** Whether `ancestor` subsumes `descendant`, itself included. */
  subsumes(ancestor: Ref, descendant: Ref): boolean
  /** The concept and everything below it. */
  descendants(ref: Ref): Selection
  /** Whether expansions may show its hierarchy; false also where that would show most concepts many times. */
  readonly hierarchical: boolean
  /** Whether any concept is inactive; false lets counting skip a pass. */
  readonly hasInactive: boolean
  /** Every concept in the system's order; for grammars what can be listed. */
  readonly all: Selection
  /** Property codes that concepts use without declaration, plus the declared ones. */
  hasProperty(code: string): boolean
  /** Concepts one of whose texts has, for every word of the text, a word beginning with it. Lower case is the caller's duty. */
  search(text: string): Selection
  /**
   * A filter the system evaluates itself (grammars, big systems); undefined leaves it to the filter table. What cannot be evaluated is
   * thrown: `fail` makes the error.
   */
  filter?(property: string, op: string, value: string, fail: (reason: string) => Error): Selection | undefined
  /** What is wrong with an expression constraint over the system, where it has such; line and column count from 1. */
  checkConstraint?(text: string): { brief?: string; remarks: ConstraintRemark[] }
  /** Why a text is no code of the system, where that can be said. */
  explain?(code: string): string | undefined
  /** Why a concept does not pass a filter, where that can be said. */
  explainFilter?(ref: Ref, filter: { property: string; op: string; value: string | undefined }): string | undefined
  /** What is to be said of a code that is put together by a grammar, beside that it holds. */
  remarks?(ref: Ref): { severity: 'information' | 'warning'; text: string }[]
  /** Language of the display of a concept, where it need not be that of the system. */
  displayLanguage?(ref: Ref): string | undefined
  /** Designations that are no longer correct, each with its status. */
  formerDesignations?(ref: Ref): (Designation & { status: string })[]
  /** What came instead of an inactive concept, for the text about it, e.g. `SAME AS 74400008 |Appendicitis|`. */
  successors?(ref: Ref): string | undefined
  /**
   * Properties as a look-up shows them, where there is more to say than code and value; `asked` are codes, `*` all, empty the usual
   * ones. `languages` are tags, best first.
   */
  lookUp?(ref: Ref, asked: readonly string[], languages: readonly string[]): LookedUpProperty[]
  /** The concept map that the system has under that identifier, without being one of the stored ones; undefined for none. */
  implicitMap?(id: string): ImplicitMap | undefined
  /** Display in a language that the system computes rather than stores. */
  translate?(ref: Ref, language: string): string | undefined
}
