import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { CertificateInput } from '../../credentials/credential-format.ts'
import { artefactName, isNamedBy, statusOf } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { issue } from '../../fhir/error.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type { Bundle, Issue, StructureMap } from '../../fhir/types.ts'
import { type CompiledMap, describeRemark, type ValueRemark } from '../../structure-map/maps.ts'
import { checkMapped } from './check-mapped.ts'
import { instancesOf, isResourceBundle, letStandAlone, type Mapped, mergeBundles } from './mapped.ts'

/** What is there at once, or comes: nearly always it is there, and then nobody waits for it. */
type Soon<T> = T | Promise<T>

/** What mapping needs from the outside. */
export interface Mapping {
  /** Compiled map of a canonical. @throws FhirError when there is none or it is broken */
  compile(canonical: string): Soon<CompiledMap>
  /** The map resource itself, to see what it reads. A canonical that names no active map may find a draft. */
  findMap(canonical: string): Soon<StructureMap | undefined>
  now: Date
  uuid(): string
}

/**
 * Runs the default maps of each kind of certificate over what they get of the content, and makes one of their Bundles; or the maps
 * that the request names, over the first kind, which names the credential: what they leave is an event without a core data set.
 */
export async function mapContent(inputs: CertificateInput[], chosen: string[], mapping: Mapping): Promise<Mapped> {
  const mapped: Mapped = {
    coreDataSets: [],
    bundle: undefined,
    subject: undefined,
    structureMaps: [],
    warnings: [],
    obstacles: [],
    doubts: [],
    leftOut: [],
  }
  const run: Run = { mapping, mapped, makers: new Map(), compiled: new Map() }
  const bundles: Bundle[] = []
  for (const input of chosen.length > 0 ? inputs.slice(0, 1) : inputs) {
    const made = runMaps(input, chosen, run)
    const output = made instanceof Promise ? await made : made
    if (isResourceBundle(output) && isOfType(output, 'Bundle')) bundles.push(output)
  }
  let isR4 = false
  if (bundles.length > 0) {
    mapped.bundle = mergeBundles(bundles, mapped.obstacles)
    if (isByDefault(chosen, inputs)) isR4 = letStandAlone(mapped.bundle, mapping.uuid)
  }
  let due = 0
  for (const { events } of inputs) due += events
  checkMapped(mapped, { due, makers: run.makers, clock: mapping.now, isR4 })
  return mapped
}

/** Whoever names other maps wants to see what they write: that stays as it is. Naming the very ones that run anyway changes nothing. */
function isByDefault(chosen: string[], inputs: CertificateInput[]): boolean {
  if (chosen.length === 0) return true
  const own = new Set(inputs.flatMap(({ maps }) => [...maps.coreDataSet, ...maps.bundle]))
  return chosen.every((each) => own.has(parseCanonical(each).url))
}

interface Run {
  mapping: Mapping
  mapped: Mapped
  /** Which map made a core data set: it knows the model. */
  makers: Map<JsonObject, CompiledMap>
  /** Maps by the canonicals of this run: each is looked up once. */
  compiled: Map<string, CompiledMap>
}

function compiledMap(canonical: string, { mapping, compiled }: Run): Soon<CompiledMap> {
  const known = compiled.get(canonical)
  if (known) return known
  const map = mapping.compile(canonical)
  if (map instanceof Promise)
    return map.then((come) => {
      compiled.set(canonical, come)
      return come
    })
  compiled.set(canonical, map)
  return map
}

/** Runs the maps of one kind of certificate; core data sets are noted on the way. */
function runMaps(input: CertificateInput, chosen: string[], run: Run): Soon<Json> {
  if (chosen.length > 0) return runChosen(input, chosen, run)
  const { coreDataSet, bundleOf } = input.maps
  const ofContent = bundleOf === 'content'
  const goOn = (core: Json) => {
    const made = instancesOf(core)
    noteMaker(made, run.compiled.get(coreDataSet.at(-1) ?? ''), run)
    return toBundle(input, { current: ofContent ? input.claims : core, made, ofContent }, run)
  }
  const core = advanceAll(coreDataSet, input.claims, true, run)
  return core instanceof Promise ? core.then(goOn) : goOn(core)
}

async function runChosen(input: CertificateInput, chosen: string[], run: Run): Promise<Json> {
  let current = input.claims
  let made: JsonObject[] = []
  for (const [index, canonical] of chosen.entries()) {
    const map = await run.mapping.findMap(canonical)
    if (index === 0) current = inputFor(map, input)
    current = await advance(canonical, current, readsBundles(map), run)
    if (!makesCoreDataSets(map)) continue
    made = instancesOf(current)
    noteMaker(made, await compiledMap(canonical, run), run)
  }
  return toBundle(input, { current, made, ofContent: false }, run)
}

function noteMaker(made: JsonObject[], maker: CompiledMap | undefined, { makers }: Run): void {
  if (maker) for (const each of made) makers.set(each, maker)
}

/** Makes resources of core data sets, unless they are there, or of the content. */
function toBundle(
  { maps }: CertificateInput,
  { current, made, ofContent }: { current: Json; made: JsonObject[]; ofContent: boolean },
  run: Run,
): Soon<Json> {
  run.mapped.coreDataSets.push(...made)
  const isDue = ofContent || (!isResourceBundle(current) && made.length > 0)
  return isDue ? advanceAll(maps.bundle, current, ofContent, run) : current
}

/** Applies maps one after another. */
function advanceAll(maps: readonly string[], current: Json, whole: boolean, run: Run): Soon<Json> {
  let made = current
  for (let at = 0; at < maps.length; at++) {
    const advanced = advance(maps[at] ?? '', made, whole, run)
    if (advanced instanceof Promise) return advanced.then((come) => advanceAll(maps.slice(at + 1), come, whole, run))
    made = advanced
  }
  return made
}

/** Applies one map: to the whole, or to each core data set in turn, whose Bundles become one. */
function advance(canonical: string, current: Json, whole: boolean, run: Run): Soon<Json> {
  const instances = whole || isResourceBundle(current) ? [] : instancesOf(current)
  const [first] = instances
  if (!first) return apply(canonical, current, run)
  return instances.length === 1 ? apply(canonical, first, run) : advanceEach(canonical, instances, run)
}

async function advanceEach(canonical: string, instances: JsonObject[], run: Run): Promise<Json> {
  const outputs: Json[] = []
  for (const instance of instances) outputs.push(await apply(canonical, instance, run))
  const bundles = outputs.filter((each) => isOfType(each, 'Bundle'))
  if (bundles.length < outputs.length)
    return { resourceType: 'Bundle', entry: outputs.map((resource) => ({ resource })) }
  return asJson(mergeBundles(bundles, run.mapped.obstacles))
}

function apply(canonical: string, source: Json, run: Run): Soon<Json> {
  const map = compiledMap(canonical, run)
  return map instanceof Promise
    ? map.then((come) => applyMap(canonical, come, source, run))
    : applyMap(canonical, map, source, run)
}

function applyMap(canonical: string, map: CompiledMap, source: Json, run: Run): Soon<Json> {
  const { mapping, mapped } = run
  if (mapped.structureMaps.includes(map.canonical)) return applied(map, source, run)
  const found = mapping.findMap(canonical)
  if (found instanceof Promise)
    return found.then((come) => {
      noteMap(canonical, { map, found: come }, mapped)
      return applied(map, source, run)
    })
  noteMap(canonical, { map, found }, mapped)
  return applied(map, source, run)
}

/** What is to be said of a map that runs, once. */
function noteMap(
  canonical: string,
  { map, found }: { map: CompiledMap; found: StructureMap | undefined },
  mapped: Mapped,
): void {
  if (found && !isNamedBy(canonical, found)) mapped.obstacles.push(notActive(found))
  mapped.structureMaps.push(map.canonical)
  for (const each of map.warnings) if (!map.unusable.includes(each)) mapped.warnings.push(each)
  // What such a set or map was to say is missing, and nobody knows what it would have been.
  for (const each of map.unusable) mapped.obstacles.push({ ...each, severity: 'error' })
}

function applied(map: CompiledMap, source: Json, { mapping, mapped }: Run): Json {
  const remark = (found: ValueRemark) => {
    // An id is no datum of the certificate: those of cards are not FHIR's.
    if (found.kind === 'left-out' && found.type !== 'id') addOnce(mapped.leftOut, leftOutText(found))
    else addIssueOnce(mapped.warnings, remarkIssue(found))
  }
  return map.run(source, { now: mapping.now, uuid: mapping.uuid, tolerant: true, remark })
}

/** A draft shows what it makes, and decides nothing unless it is named exactly. */
const notActive = (map: StructureMap): Issue =>
  issue('business-rule', {
    severity: 'warning',
    text: `StructureMap ${artefactName(map)} is not active: its status is ${statusOf(map) ?? 'missing'}. Nothing is decided over what it makes unless it is named with its version`,
  })

function addOnce(texts: string[], text: string): void {
  if (!texts.includes(text)) texts.push(text)
}

function addIssueOnce(issues: Issue[], added: Issue): void {
  if (!issues.some((each) => each.details?.text === added.details?.text)) issues.push(added)
}

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
function inputFor(map: StructureMap | undefined, input: CertificateInput): Json {
  const group = map?.group[0]
  const source = group?.input.find((each) => each.mode === 'source')?.name
  if (!group || source === undefined) return input.claims
  const read = new Set<string>()
  collectReads(group.rule, source, read)
  const score = (shape: Json) =>
    isJsonObject(shape) ? Object.keys(shape).filter((member) => read.has(member)).length : 0
  const composition = input.composition?.() ?? input.claims
  const difference = score(composition) - score(input.claims)
  return difference > 0 || (difference === 0 && !makesCoreDataSets(map)) ? composition : input.claims
}

function collectReads(rules: StructureMap['group'][0]['rule'], variable: string, read: Set<string>): void {
  for (const rule of rules) {
    for (const source of rule.source) if (source.context === variable && source.element) read.add(source.element)
    if (rule.rule) collectReads(rule.rule, variable, read)
  }
}

/** That a map left a value out, for `payload`: where, what it was not, which rule; never the value. */
function leftOutText({ element, type, place }: ValueRemark): string {
  const rule = place?.rule === undefined ? '' : ` (StructureMap ${place.map}, rule '${place.rule}')`
  return `${placeText(element)} ${type ? `is not a FHIR ${type}` : 'is not what the map expects'} and was left out${rule}`
}

/** What a map did with a value that does not change what the certificate says, or could not translate. */
function remarkIssue(remark: ValueRemark): Issue {
  const code = remark.kind === 'not-translated' ? 'not-found' : 'value'
  return issue(code, { severity: 'warning', text: describeRemark(remark), expression: remark.element })
}

/** `DDCCCoreDataSetVS.birthDate` is `birthDate of the core data set`. */
function placeText(element: string): string {
  const [model = '', ...path] = element.split('.')
  return /CoreDataSet/.test(model) && path.length > 0 ? `${path.join('.')} of the core data set` : element
}
