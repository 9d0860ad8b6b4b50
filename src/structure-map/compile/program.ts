import type { StructureMap } from '../../fhir/types.ts'
import type { ExpressionContext } from '../fhirpath/compile-expression.ts'
import type { CompiledExpression } from '../fhirpath/expression-types.ts'
import type { Scope } from '../fhirpath/scope.ts'
import type { MapRemarks } from '../model/map-remarks.ts'
import type { Node } from '../model/nodes.ts'
import type { Dependent, Group, Rule, RuleSource, RuleTarget } from '../model/structure.ts'
import type { TypeTable } from '../model/type-table.ts'
import type { Type } from '../model/types.ts'
import type { FaultPlace } from '../run/fault.ts'
import type { Frame, Run } from '../run/run.ts'
import type { Translation } from '../run/transform-call.ts'
import type { Translator } from '../run/translate.ts'

/** One map of a compiled program: what its rules need to be compiled. */
export interface MapScope {
  map: StructureMap
  /** `url|version`. */
  canonical: string
  program: Program
  constants: ReadonlyMap<string, CompiledExpression>
  /** Type by alias of this map on that side, canonical or name. */
  findType(name: string, side: 'source' | 'target'): Type | undefined
  /** Whether a `uses` gives a structure that name, known or not. */
  declares(name: string): boolean
  /** Group by name: this map, its imports in order, then all maps of the program. */
  findGroup(name: string): GroupRef | undefined
  /** A concept map that the map can use, by the same names. */
  translator(map: string): Translator | undefined
  /** The code for a code by concept map: `#contained`, canonical, or bare id. */
  translate(map: string, node: Node): Readonly<Translation> | undefined
}

/** A group and the map it is in. */
export interface GroupRef {
  group: Group
  scope: MapScope
}

/** A map with everything that it imports. */
export interface Program extends MapRemarks {
  scopes: MapScope[]
  types: TypeTable
  expressions: ExpressionContext
  /** Compiled groups; filled when a group is first called. */
  groups: Map<Group, CompiledGroup>
  /** Compiles a group, or gives the one compiled before. */
  compile(ref: GroupRef): CompiledGroup
  /** Tells what is wrong with a group when it is called with these types. */
  inspect(ref: GroupRef, given: (Type | undefined)[]): void
  /** The types with which groups have been inspected. */
  inspected: Map<Group, (Type | undefined)[][]>
  /** Notes something that does not stop the map, once per text. */
  warn(text: string): void
  /** The rule that is being compiled. */
  place: FaultPlace | undefined
}

/** A group ready to be called; arguments are in the order of its inputs. */
export interface CompiledGroup {
  name: string
  inputs: { name: string; mode: 'source' | 'target'; type: Type | undefined }[]
  call(args: (Node | undefined)[], run: Run, depth: number): void
  group: Group
  map: MapScope
  rules: CompiledRule[]
}

/** A rule ready to run, and what it is made of: code that stands in for it is generated from these parts. */
export interface CompiledRule {
  /** Runs it; what fails is told with its place. */
  run(frame: Frame): void
  /** The same for one item of its source. */
  fire(frame: Frame, item: Node): void
  rule: Rule
  place: FaultPlace
  sources: CompiledSource[]
  /** Absent where the types of an instance say what the rule does. */
  body: CompiledBody | undefined
}

/** A source of a rule: its items in order, and where the variable is kept. */
export interface CompiledSource {
  items(frame: Frame): Node[]
  slot: number | undefined
  source: RuleSource
  /** What its context may name, and what its condition may. */
  outer: Scope
  scope: Scope
}

/** What a rule does for one item: targets, then calls, then the rules inside it. */
export interface CompiledBody {
  targets: CompiledTarget[]
  dependents: CompiledDependent[]
  rules: CompiledRule[]
}

/** One target. `run` answers what it made or set; the focus is the item, for FHIRPath without a context. */
export interface CompiledTarget {
  run(frame: Frame, focus: Node[]): Node | undefined
  slot: number | undefined
  target: RuleTarget
  /** What it may name. */
  scope: Scope
}

/** A call of a group. */
export interface CompiledDependent {
  run(frame: Frame): void
  dependent: Dependent
  scope: Scope
}
