import type { Json, JsonObject } from '../base/json-value.ts'
import type { OperationBudget } from '../fhir/operation.ts'
import type { Issue, StructureMap } from '../fhir/types.ts'
import type { ModelFaults } from './check/model-faults.ts'
import type { TraceSink, TransformLimits, ValueRemark } from './run/run.ts'

/** Works off steps in slices, between which others have a turn. */
export type Slices = Pick<OperationBudget, 'runSteps'>

/** Compiles maps. */
export interface Maps {
  /**
   * A map ready to run, with its imports, types, value sets and concept maps looked up. Cached by canonical until the
   * revision changes. `supporting` maps come before stored ones. FhirError 404 when there is no such map, 422 when it
   * or an import cannot be compiled. With a `budget` a map that is brought is compiled in slices of it.
   */
  compile(urlOrMap: string | StructureMap, supporting?: StructureMap[], budget?: Slices): Promise<CompiledMap>
  /** One version as the store has it, ready to run: cached by its id and number like one that is named by its canonical. */
  compileStored(map: StructureMap): Promise<CompiledMap>
}

/** What a run is given from outside. */
export interface MapCall {
  now: Date
  uuid(): string
  trace?: TraceSink
  /** Receives what could not be written as it was given: places and reasons, never values. */
  remark?(remark: ValueRemark): void
  /**
   * Leave out a value that cannot become what the map wants (a `cast` of an impossible date, an object for a primitive) and go
   * on, as a verdict needs it; else it fails the run. What FHIR would refuse is left out either way.
   */
  tolerant?: boolean
  /** Limits of this run, where they are to be other than those of all. */
  limits?: Partial<TransformLimits>
}

/** A compiled map. */
export interface CompiledMap {
  /** `url|version`. */
  canonical: string
  /**
   * What could not be resolved: structures, value sets, concept maps. Errors are rules that fail whenever they fire: the map
   * runs as far as it does not come to them.
   */
  warnings: Issue[]
  /** Those of the warnings that tell of a value set or a concept map that cannot be used: its questions go without an answer. */
  unusable: Issue[]
  /** Transforms one instance, synchronously. FhirError 422 naming map, group, rule and position; the source is not changed. */
  run(source: Json, call: MapCall): Json
  /**
   * What an instance that this map made is not as its logical model has it; undefined when the server does not know the model,
   * so that nobody can tell.
   */
  judge(instance: JsonObject): ModelFaults | undefined
  /** A result as XML when the target is a logical model, by its definition; undefined when it is not. */
  writeXml(result: Json): string | undefined
}
