/**
 * Maps: FHIR Mapping Language and StructureMap (https://hl7.org/fhir/R4/structuremap.html, mapping-language.html).
 * Text ↔ StructureMap is in {@link parseMap} and {@link printMap}; {@link createMaps} compiles maps and runs them.
 */

import type { Json, JsonObject } from '../base/json-value.ts'
import { formatCanonical, parseCanonical } from '../fhir/canonical.ts'
import { notFound } from '../fhir/error.ts'
import type { ConceptMap, Issue, StructureDefinition, StructureMap } from '../fhir/types.ts'
import { type ModelFaults, modelFaults } from './check/model-faults.ts'
import { loadProgram } from './compile/load-program.ts'
import { readR5 } from './model/spelling.ts'
import type { TraceSink, TransformLimits } from './run/run.ts'
import { DEFAULT_LIMITS } from './run/run.ts'
import { runProgram } from './run/run-program.ts'
import type { Translator } from './run/translate.ts'
import type { ValueRemark } from './run/value-remark.ts'
import { modelOf } from './run/write.ts'
import { writeModelXml } from './run/write-xml.ts'

export { checkMap } from './check/check-map.ts'
export { asAuthorSees, checkWithStore } from './check/check-with-store.ts'
export { parseMap } from './language/parser.ts'
export { printReadable } from './language/print-readable.ts'
export { printMap } from './language/printer.ts'
export { readR5 } from './model/spelling.ts'
export type { TraceEvent, TraceSink } from './run/run.ts'
export { describeRemark, type ValueRemark } from './run/value-remark.ts'

/** What maps need of the server; the room itself reads nothing. */
export interface MapEnvironment {
  /** Maps by canonical, `url|version`, newest first; `*` in the url stands for anything. */
  findMaps(url: string): Promise<StructureMap[]>
  /** A definition by canonical, or by type name. */
  findStructure(urlOrType: string): Promise<StructureDefinition | undefined>
  /** Membership in a value set; FhirError when there is none of that url. */
  membership(valueSet: string): Promise<(code: string, system?: string) => boolean>
  /** Translation by a concept map: url, url|version, or bare id; FhirError when there is none. */
  translator(conceptMap: string | ConceptMap): Promise<Translator>
  /** Changes when anything that the others answer may have changed. */
  revision(): number
}

/** Settings of {@link createMaps}. */
export interface MapOptions {
  limits?: Partial<TransformLimits>
  /** Monotonic clock in milliseconds for the time limit; without it there is none. */
  elapsed?(): number
  /** Evaluate every FHIRPath expression in the full engine: slower, and the measure of the closures that stand in for it. */
  engineOnly?: boolean
}

/** Compiles maps. */
export interface Maps {
  /**
   * A map ready to run, with its imports, types, value sets and concept maps looked up. Cached by canonical until the
   * revision changes. `supporting` maps come before stored ones. FhirError 404 when there is no such map, 422 when it
   * or an import cannot be compiled.
   */
  compile(urlOrMap: string | StructureMap, supporting?: StructureMap[]): Promise<CompiledMap>
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

const CACHE_ENTRIES = 200

/** Maps over what the server has stored. */
export function createMaps(environment: MapEnvironment, options: MapOptions = {}): Maps {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  let revision = environment.revision()
  const cache = new Map<string, Promise<CompiledMap>>()

  async function build(map: StructureMap, supporting: StructureMap[]): Promise<CompiledMap> {
    const { program, main, warnings, unusable } = await loadProgram(map, supporting, {
      environment,
      engineOnly: options.engineOnly === true,
    })
    return {
      canonical: formatCanonical(map.url, map.version),
      warnings,
      unusable,
      run: (source, call) => runProgram({ program, main, source, call, limits, elapsed: options.elapsed }),
      judge(instance) {
        const named = typeof instance.resourceType === 'string' ? program.types.find(instance.resourceType) : undefined
        const type = modelOf(instance) ?? (named?.kind === 'logical' ? named : undefined)
        return type && modelFaults(instance, type)
      },
      writeXml(result) {
        const name = main.map.group[0]?.input.find((each) => each.mode === 'target')?.type
        const type = name === undefined ? undefined : main.findType(name, 'target')
        if (type?.kind !== 'logical' || result === null || typeof result !== 'object' || Array.isArray(result))
          return undefined
        return writeModelXml(result, type)
      },
    }
  }

  async function find(url: string, supporting: StructureMap[]): Promise<StructureMap> {
    const wanted = parseCanonical(url)
    const own = supporting.find(
      (each) => each.url === wanted.url && (!wanted.version || each.version === wanted.version),
    )
    const [found] = own ? [own] : await environment.findMaps(url)
    if (!found) throw notFound({ text: `There is no StructureMap ${url}`, expression: 'Parameters.parameter' })
    return readR5(found)
  }

  function cached(url: string): Promise<CompiledMap> {
    if (environment.revision() !== revision) {
      cache.clear()
      revision = environment.revision()
    }
    const known = cache.get(url)
    if (known) return known
    const made = find(url, []).then((map) => build(map, []))
    cache.set(url, made)
    if (cache.size > CACHE_ENTRIES) cache.delete(cache.keys().next().value ?? '')
    // A failure is told each time anew: what was missing may come.
    made.catch(() => cache.get(url) === made && cache.delete(url))
    return made
  }

  return {
    async compile(urlOrMap, supporting = []) {
      const helpers = supporting.map(readR5)
      if (typeof urlOrMap !== 'string') return build(readR5(urlOrMap), helpers)
      return helpers.length === 0 ? cached(urlOrMap) : build(await find(urlOrMap, helpers), helpers)
    },
  }
}
