import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { Issue, Resource } from '../../src/fhir/types.ts'
import { createMaps, type MapOptions, parseMap, type TraceEvent } from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from './map-cases.ts'

/** What {@link runMap} takes beside the map and the source. */
export interface MapRun {
  /** Further maps as FML. */
  maps?: string[]
  /** Definitions, concept maps, value sets. */
  artefacts?: Resource[]
  options?: MapOptions
  trace?: TraceEvent[]
}

/** The header of a map from one resource type to another. */
export function header(source = 'Patient', target = 'Patient', name = 'test'): string {
  const base = 'http://hl7.org/fhir/StructureDefinition/'
  return `map "http://example.org/StructureMap/${name}" = ${name}
uses "${base}${source}" alias Source as source
uses "${base}${target}" alias Target as target
`
}

/** A map with one group `main(source src, target tgt)` of these rules. */
export function withRules(rules: string, types: [string, string] = ['Patient', 'Patient']): string {
  return `${header(...types)}group main(source src : Source, target tgt : Target) {
${rules}
}
`
}

/** Runs a map given as FML; uuids count from 1, the clock stands at 2026-01-02T03:04:05Z. */
export async function runMap(fml: string, source: Json, run: MapRun = {}): Promise<Json> {
  return (await compileMap(fml, run)).run(source, mapCall(run.trace))
}

/** Compiles a map given as FML. */
export async function compileMap(fml: string, run: MapRun = {}) {
  const { map } = parseMap(fml)
  const others = (run.maps ?? []).map((each) => parseMap(each).map)
  return createMaps(memoryEnvironment([...others, ...(run.artefacts ?? [])]), run.options).compile(map)
}

/** Clock and uuids of a test run. */
export function mapCall(trace?: TraceEvent[]) {
  let count = 0
  return {
    now: new Date('2026-01-02T03:04:05Z'),
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    ...(trace ? { trace: { event: (event: TraceEvent) => void trace.push(event) } } : {}),
  }
}

/** The issues of the FhirError that a call fails with. */
export async function issuesOf(call: () => unknown): Promise<Issue[]> {
  try {
    await call()
  } catch (error) {
    if (error instanceof FhirError) return error.issues
    throw error
  }
  throw new Error('no error was thrown')
}
