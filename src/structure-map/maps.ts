/**
 * Maps: FHIR Mapping Language and StructureMap (https://hl7.org/fhir/R4/structuremap.html, mapping-language.html).
 * Text ↔ StructureMap is in {@link parseMap} and {@link printMap}; {@link createMaps} compiles maps and runs them.
 */

import { keep } from '../base/keep.ts'
import { brokenSignature } from '../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../fhir/canonical.ts'
import { notFound } from '../fhir/error.ts'
import type { StructureMap } from '../fhir/types.ts'
import { modelFaults } from './check/model-faults.ts'
import { loadProgram } from './compile/load-program.ts'
import type { CompiledMap, Maps, Slices } from './compiled-map.ts'
import type { MapEnvironment } from './environment.ts'
import { type Generation, generatedRuns } from './generate/generated-runs.ts'
import { readR5 } from './language/spelling.ts'
import { DEFAULT_LIMITS, type TransformLimits } from './run/run.ts'
import { modelOf } from './run/write.ts'
import { writeModelXml } from './run/write-xml.ts'
import { runProgram } from './run-program.ts'

export { checkMap } from './check/check-map.ts'
export { asAuthorSees, checkWithStore } from './check/check-with-store.ts'
export type { CompiledMap, MapCall, Maps } from './compiled-map.ts'
export type { MapEnvironment } from './environment.ts'
export { parseMap } from './language/parser.ts'
export { printReadable } from './language/print-readable.ts'
export { printMap } from './language/printer.ts'
export { readR5 } from './language/spelling.ts'
export type { TraceEvent, TraceSink, TransformLimits, ValueRemark } from './run/run.ts'
export { describeRemark } from './run/value-remark.ts'

/** Settings of {@link createMaps}. */
export interface MapOptions {
  limits?: Partial<TransformLimits>
  /** Monotonic clock in milliseconds for the time limit; without it there is none. */
  elapsed?(): number
  /** Evaluate every FHIRPath expression in the full engine: slower, and the measure of the closures that stand in for it. */
  engineOnly?: boolean
  /** Maps that are published and run often are turned into JavaScript, which answers the same in less time. Default: never. */
  generate?: Generation | undefined
}

const CACHE_ENTRIES = 200

/** Maps over what the server has stored. */
export function createMaps(environment: MapEnvironment, options: MapOptions = {}): Maps {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  let revision = environment.revision()
  // Apart, for a canonical is any text that somebody sends: none of them is the place of a version.
  const byCanonical = keep<string, Promise<CompiledMap>>(CACHE_ENTRIES)
  const byPlace = keep<string, Promise<CompiledMap>>(CACHE_ENTRIES)

  async function build(
    map: StructureMap,
    supporting: StructureMap[],
    budget?: Slices,
    isStored = false,
  ): Promise<CompiledMap> {
    const { program, main, warnings, unusable } = await loadProgram(map, supporting, {
      environment,
      engineOnly: options.engineOnly === true,
      budget,
    })
    const { generate } = options
    const isPublished = isStored && program.scopes.every((each) => each.map.status === 'active')
    const findRun = generate && isPublished ? generatedRuns(program, generate) : undefined
    return {
      canonical: formatCanonical(map.url, map.version),
      warnings,
      unusable,
      run: (source, call) => runProgram({ program, main, source, call, limits, elapsed: options.elapsed, findRun }),
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

  function cached(cache: typeof byCanonical, key: string, read: () => Promise<StructureMap>): Promise<CompiledMap> {
    if (environment.revision() !== revision) {
      byCanonical.clear()
      byPlace.clear()
      revision = environment.revision()
    }
    // A failure is told each time anew: what was missing may come.
    return cache.of(key, async () => build(await read(), [], undefined, true))
  }

  return {
    async compile(urlOrMap, supporting = [], budget) {
      const helpers = supporting.map(readR5)
      if (typeof urlOrMap !== 'string') return build(readR5(urlOrMap), helpers, budget)
      if (helpers.length > 0) return build(await find(urlOrMap, helpers), helpers)
      return cached(byCanonical, urlOrMap, () => find(urlOrMap, []))
    },
    async compileStored(map) {
      const { id, meta } = map
      const isKnown = id && meta?.versionId && brokenSignature(map) === undefined
      return isKnown ? cached(byPlace, `${id}/${meta.versionId}`, async () => readR5(map)) : build(readR5(map), [])
    },
  }
}
