import { isResource } from '../fhir/elements.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Bundle, BundleEntry, Issue, Json, JsonObject, StructureMap } from '../fhir/types.ts'
import type { CompiledMap } from '../structure-map/maps.ts'
import type { MapChain } from './map-chains.ts'

/** What mapping needs from the outside. */
export interface Mapping {
  /** Compiled map of a canonical. @throws FhirError when there is none or it is broken */
  compile(canonical: string): Promise<CompiledMap>
  /** The map resource itself, to see what it reads. */
  findMap(canonical: string): Promise<StructureMap | undefined>
  now: Date
  uuid(): string
}

/** A verified credential's content in the two shapes that published maps read (credentials.md §8). */
export interface MapInput {
  /** Raw claims: what core-data-set maps read. */
  claims: Json
  /** Decoded model: what composition maps read. */
  composition: Json
}

/** What came out of the maps. */
export interface Mapped {
  /** One DDCC core data set per certified event. */
  coreDataSets: JsonObject[]
  bundle: Bundle | undefined
  /** Canonicals with version of the maps that ran, in order. */
  structureMaps: string[]
  warnings: Issue[]
}

/** Runs the default chain of a format, or the maps that the request names, over verified content. */
export async function mapContent(
  input: MapInput,
  chain: MapChain,
  chosen: string[],
  mapping: Mapping,
): Promise<Mapped> {
  const mapped: Mapped = { coreDataSets: [], bundle: undefined, structureMaps: [], warnings: [] }
  const maps = chosen.length > 0 ? chosen : chain.coreDataSet
  let current = chosen.length > 0 ? await inputFor(chosen[0], input, mapping) : input.claims
  for (const canonical of maps) {
    current = await run(canonical, current, mapping, mapped)
    sortOut(current, mapped)
  }
  if (maps.length === 0) sortOut(current, mapped)
  if (!mapped.bundle) await bundleOf(chain.bundle, mapping, mapped)
  return mapped
}

async function run(canonical: string, source: Json, mapping: Mapping, mapped: Mapped): Promise<Json> {
  const map = await mapping.compile(canonical)
  if (!mapped.structureMaps.includes(map.canonical)) {
    mapped.structureMaps.push(map.canonical)
    mapped.warnings.push(...map.warnings)
  }
  return map.run(source, { now: mapping.now, uuid: mapping.uuid })
}

/** The core data sets become one Bundle: the entries of each, in order. */
async function bundleOf(chain: string[], mapping: Mapping, mapped: Mapped): Promise<void> {
  if (chain.length === 0) return
  const bundles: Bundle[] = []
  for (const coreDataSet of mapped.coreDataSets) {
    let current: Json = coreDataSet
    for (const canonical of chain) current = await run(canonical, current, mapping, mapped)
    if (!isBundle(current)) throw unprocessable(`The map ${chain.at(-1)} did not produce a Bundle`)
    bundles.push(current as unknown as Bundle) // checked above: the JSON is a Bundle
  }
  const first = bundles[0]
  if (first) mapped.bundle = { ...first, entry: mergedEntries(bundles) }
}

/** Entries of all bundles; a resource that stands in several under one id, such as the holder, is kept once. */
function mergedEntries(bundles: Bundle[]): BundleEntry[] {
  const seen = new Set<string>()
  return bundles
    .flatMap((bundle) => bundle.entry ?? [])
    .filter(({ resource }) => {
      const key = resource?.id === undefined ? undefined : `${resource.resourceType}/${resource.id}`
      if (key === undefined) return true
      const isNew = !seen.has(key)
      seen.add(key)
      return isNew
    })
}

/** Keeps what a map produced: a FHIR Bundle of resources, a Bundle of core data sets, or one core data set. */
function sortOut(output: Json, mapped: Mapped): void {
  if (!output || typeof output !== 'object' || Array.isArray(output)) return
  if (!isBundle(output)) {
    mapped.coreDataSets = [output]
    return
  }
  const entries = Array.isArray(output.entry) ? output.entry : []
  const contents = entries.flatMap((entry) => (isObject(entry) && isObject(entry.resource) ? [entry.resource] : []))
  const logical = contents.filter((each) => typeof each.resourceType !== 'string' || !isResource(each.resourceType))
  if (contents.length > 0 && logical.length === contents.length) mapped.coreDataSets = logical
  else mapped.bundle = output as unknown as Bundle // checked above: the JSON is a Bundle
}

/**
 * The shape that a chosen map reads: published maps of both families carry similar canonicals, but each reads
 * members that only one shape has. Counting the members read by its first group decides; where both shapes have the
 * same members (SMART Health Cards), whether the map says that it makes a core data set.
 */
async function inputFor(canonical: string | undefined, input: MapInput, mapping: Mapping): Promise<Json> {
  const map = canonical === undefined ? undefined : await mapping.findMap(canonical)
  const group = map?.group[0]
  const source = group?.input.find((each) => each.mode === 'source')?.name
  if (!group || source === undefined) return input.claims
  const read = new Set<string>()
  collectReads(group.rule, source, read)
  const score = (shape: Json) => (isObject(shape) ? Object.keys(shape).filter((member) => read.has(member)).length : 0)
  const difference = score(input.composition) - score(input.claims)
  const makesCoreDataSet =
    map.structure?.some(({ mode, url }) => mode !== 'source' && /CoreDataSet/i.test(url)) ?? false
  return difference > 0 || (difference === 0 && !makesCoreDataSet) ? input.composition : input.claims
}

function collectReads(rules: StructureMap['group'][0]['rule'], variable: string, read: Set<string>): void {
  for (const rule of rules) {
    for (const source of rule.source) if (source.context === variable && source.element) read.add(source.element)
    if (rule.rule) collectReads(rule.rule, variable, read)
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isBundle = (value: Json): value is JsonObject => isObject(value) && value.resourceType === 'Bundle'
