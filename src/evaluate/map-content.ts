import type { MapInput } from '../credentials/map-input.ts'
import { isResource } from '../fhir/elements.ts'
import { issue } from '../fhir/error.ts'
import { isJsonObject } from '../fhir/json-object.ts'
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

/** What came out of the maps. */
export interface Mapped {
  /** One DDCC core data set per certified event. */
  coreDataSets: JsonObject[]
  bundle: Bundle | undefined
  /** Canonicals with version of the maps that ran, in order. */
  structureMaps: string[]
  warnings: Issue[]
  /** What makes `accepted` impossible: a required element of the logical model that the maps did not fill (evaluate.md, Fail closed 7). */
  obstacles: Issue[]
  /** Places of values that FHIR would refuse and that were left out, one remark each; never the value (Fail closed 4). */
  leftOut: string[]
}

/** Runs the default chain of a format, or the maps that the request names, over verified content. */
export async function mapContent(
  input: MapInput,
  chain: MapChain,
  chosen: string[],
  mapping: Mapping,
): Promise<Mapped> {
  const mapped: Mapped = {
    coreDataSets: [],
    bundle: undefined,
    structureMaps: [],
    warnings: [],
    obstacles: [],
    leftOut: [],
  }
  let current = input.claims
  if (chosen.length > 0) {
    for (const [index, canonical] of chosen.entries()) {
      const map = await mapping.findMap(canonical)
      if (index === 0) current = inputFor(map, input)
      current = await advance(canonical, current, readsBundles(map), { mapping, mapped })
      if (makesCoreDataSets(map)) mapped.coreDataSets = instancesOf(current)
    }
  } else {
    for (const canonical of chain.coreDataSet) current = await advance(canonical, current, true, { mapping, mapped })
    mapped.coreDataSets = instancesOf(current)
  }
  if (!isResourceBundle(current) && mapped.coreDataSets.length > 0) {
    for (const canonical of chain.bundle) current = await advance(canonical, current, false, { mapping, mapped })
  }
  if (isResourceBundle(current))
    mapped.bundle = current as unknown as Bundle // checked: the JSON is a Bundle of resources
  else
    mapped.warnings.push(
      issue('incomplete', { severity: 'warning', text: 'The maps made no FHIR resources of the content' }),
    )
  return mapped
}

interface Step {
  mapping: Mapping
  mapped: Mapped
}

/** Applies one map: to the whole, or to each core data set in turn, whose Bundles become one. */
async function advance(canonical: string, current: Json, whole: boolean, step: Step): Promise<Json> {
  const instances = whole || isResourceBundle(current) ? [] : instancesOf(current)
  if (instances.length === 0) return run(canonical, current, step)
  const outputs: Json[] = []
  for (const instance of instances) outputs.push(await run(canonical, instance, step))
  if (outputs.length === 1) return outputs[0] ?? null
  const bundles = outputs.filter(isBundle)
  if (bundles.length < outputs.length)
    return { resourceType: 'Bundle', entry: outputs.map((resource) => ({ resource })) }
  const entries = mergedEntries(bundles as unknown as Bundle[]) // checked above: the JSON is a list of Bundles
  return { ...bundles[0], entry: entries as unknown as Json[] }
}

async function run(canonical: string, source: Json, { mapping, mapped }: Step): Promise<Json> {
  const map = await mapping.compile(canonical)
  if (!mapped.structureMaps.includes(map.canonical)) {
    mapped.structureMaps.push(map.canonical)
    mapped.warnings.push(...map.warnings)
  }
  return map.run(source, { now: mapping.now, uuid: mapping.uuid })
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

/** Instances of logical models: those of a Bundle that holds nothing else, or the one that it is. */
function instancesOf(output: Json): JsonObject[] {
  if (!isJsonObject(output)) return []
  if (!isBundle(output)) return [output]
  const contents = resourcesOf(output)
  return contents.every((each) => !isFhir(each)) ? contents : []
}

/** A Bundle with at least one FHIR resource. */
const isResourceBundle = (output: Json) => isBundle(output) && resourcesOf(output).some(isFhir)

function resourcesOf(bundle: JsonObject): JsonObject[] {
  const entries = Array.isArray(bundle.entry) ? bundle.entry : []
  return entries.flatMap((entry) => (isJsonObject(entry) && isJsonObject(entry.resource) ? [entry.resource] : []))
}

const isFhir = ({ resourceType }: JsonObject) => typeof resourceType === 'string' && isResource(resourceType)

/** Whether a map takes a Bundle as a whole. */
function readsBundles(map: StructureMap | undefined): boolean {
  const bundle = 'http://hl7.org/fhir/StructureDefinition/Bundle'
  return (map?.structure ?? []).some(({ mode, url }) => mode === 'source' && url === bundle)
}

/** Whether a map says that it makes core data sets. */
function makesCoreDataSets(map: StructureMap | undefined): boolean {
  return (map?.structure ?? []).some(({ mode, url }) => mode !== 'source' && /CoreDataSet/i.test(url))
}

/**
 * The shape that a chosen map reads: published maps of both families carry similar canonicals, but each reads
 * members that only one shape has. Counting the members read by its first group decides; where both shapes have the
 * same members (SMART Health Cards), whether the map says that it makes a core data set.
 */
function inputFor(map: StructureMap | undefined, input: MapInput): Json {
  const group = map?.group[0]
  const source = group?.input.find((each) => each.mode === 'source')?.name
  if (!group || source === undefined) return input.claims
  const read = new Set<string>()
  collectReads(group.rule, source, read)
  const score = (shape: Json) =>
    isJsonObject(shape) ? Object.keys(shape).filter((member) => read.has(member)).length : 0
  const difference = score(input.composition) - score(input.claims)
  return difference > 0 || (difference === 0 && !makesCoreDataSets(map)) ? input.composition : input.claims
}

function collectReads(rules: StructureMap['group'][0]['rule'], variable: string, read: Set<string>): void {
  for (const rule of rules) {
    for (const source of rule.source) if (source.context === variable && source.element) read.add(source.element)
    if (rule.rule) collectReads(rule.rule, variable, read)
  }
}

const isBundle = (value: Json): value is JsonObject => isJsonObject(value) && value.resourceType === 'Bundle'
