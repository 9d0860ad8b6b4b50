/** The artefacts of a kit: rule sets of a jurisdiction, the maps of every format, and all that they lean on, one a file. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { canonicalJson } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { artefactName, brokenSignature, statusOf } from '../../fhir/artefact.ts'
import { FhirError } from '../../fhir/error.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type { CodeSystem, PlanDefinition, Resource, ValueSet } from '../../fhir/types.ts'
import { resourceContent } from '../../provenance/content.ts'
import { byName, type KitFile, type KitRemark } from '../manifest.ts'
import type { KitFiles } from './trust-files.ts'

/** Where artefacts come from: one state of a store. */
export interface ArtefactSource {
  /** Rule sets, admitted: those whose signature holds no more are marked. */
  plans: readonly PlanDefinition[]
  /** Canonicals of the maps of every format. */
  maps: readonly string[]
  findMap(canonical: string): Promise<Resource | undefined>
  /** Everything that an artefact leans on, itself first, and what of it is not there. @throws FhirError */
  closure(root: Resource): Promise<{ resources: Resource[]; missing: KitRemark[] }>
  /** The same; marked where the signature of the author holds no more. */
  admit<T extends Resource>(resources: T[]): Promise<T[]>
  /** Hash by which verdicts name it. */
  contentHash(resource: Resource): string
  /** With its members. @throws FhirError where they cannot be told */
  expand(valueSet: ValueSet): Promise<ValueSet>
  /** What rule sets use when they run. */
  runOnce(plans: readonly PlanDefinition[]): Promise<UsedByRules>
}

/** What rules use beside what they name. */
export interface UsedByRules {
  /** Compiled rules, by the name under which they are looked for. */
  translations: ReadonlyMap<string, string>
  /** Models that their texts are written over. */
  models: readonly Resource[]
}

/** What is written of them. */
export interface ArtefactFiles {
  files: KitFiles
  /** Canonical and type of the files that are artefacts. */
  named: Map<string, Required<Pick<KitFile, 'canonical' | 'type'>> & Pick<KitFile, 'content'>>
  missing: KitRemark[]
  withheld: KitRemark[]
}

/** Rule sets that are not in the kit: what tells whether they would apply, so that they are missed where they would. */
export const withheldFile = 'package/withheld.json'
const elmFile = (key: string) => `package/elm/${key}.json`
/** Name under which the rules look for a translation; undefined for any other file. */
export const elmKey = (file: string): string | undefined => /^package\/elm\/(.+)\.json$/.exec(file)?.[1]

/** Writes the artefacts. Others are answered meanwhile. @throws FhirError 5xx alone, when the store cannot answer now */
export async function artefactFiles(source: ArtefactSource): Promise<ArtefactFiles> {
  const written: ArtefactFiles = { files: new Map(), named: new Map(), missing: [], withheld: [] }
  const whole = source.plans.filter((plan) => brokenSignature(plan) === undefined)
  const broken = source.plans.filter((plan) => brokenSignature(plan) !== undefined)
  const maps: Resource[] = []
  for (const canonical of source.maps) {
    const map = await source.findMap(canonical)
    if (map) maps.push(map)
    else written.missing.push({ canonical, type: 'StructureMap', reason: 'it is not known to this server' })
  }
  const { translations, models } = await source.runOnce(whole)
  const found = await allOf([...whole, ...maps, ...models.filter(isActive)], source, written)
  const apart = new Set(found.filter(isApart).flatMap(({ url }) => url ?? []))
  for (const resource of found) {
    await nextTurn()
    if (!isApart(resource)) await writeArtefact(resource, { source, written, apart })
  }
  for (const [key, text] of translations) written.files.set(elmFile(key), Buffer.from(text))
  writeWithheld(broken, written)
  const order = (a: KitRemark, b: KitRemark) => byName(a.canonical, b.canonical) || byName(a.reason, b.reason)
  written.missing = distinct(written.missing).sort(order)
  written.withheld = distinct(written.withheld).sort(order)
  return written
}

/** What roots lean on, each once; without what must not be run. */
async function allOf(roots: Resource[], source: ArtefactSource, written: ArtefactFiles): Promise<Resource[]> {
  const found = new Map<string, Resource>()
  for (const root of roots) {
    await nextTurn()
    const { resources, missing } = await closureOf(root, source)
    written.missing.push(...missing)
    for (const each of resources) found.set(`${each.resourceType}/${each.id}`, each)
  }
  const admitted = await source.admit([...found.values()].filter(isPublished))
  for (const each of admitted) {
    const reason = brokenSignature(each)
    if (reason !== undefined) written.withheld.push(remark(each, reason))
  }
  return admitted.filter((each) => brokenSignature(each) === undefined)
}

const isActive = (resource: Resource): boolean => statusOf(resource) === 'active'

/** A draft is in no kit, whoever leans on it. */
const isPublished = (resource: Resource): boolean => statusOf(resource) !== 'draft'

async function closureOf(root: Resource, source: ArtefactSource) {
  try {
    return await source.closure(root)
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return { resources: [root], missing: [remark(root, `what it leans on cannot be told: ${error.message}`)] }
  }
}

const remark = (resource: Resource, reason: string): KitRemark => ({
  canonical: artefactName(resource),
  type: resource.resourceType,
  reason,
})

const distinct = (remarks: KitRemark[]): KitRemark[] => [
  ...new Map(remarks.map((each) => [JSON.stringify([each.type, each.canonical, each.reason]), each])).values(),
]

/** Whether a code system has its concepts elsewhere: they are too many for a kit. */
const isApart = (resource: Resource): resource is CodeSystem =>
  isOfType(resource, 'CodeSystem') && !resource.concept && Boolean(resource.count)

interface Writing {
  source: ArtefactSource
  written: ArtefactFiles
  /** Code systems that do not go along. */
  apart: ReadonlySet<string>
}

async function writeArtefact(resource: Resource, { source, written, apart }: Writing): Promise<void> {
  const { files, named, missing } = written
  try {
    const told = isOfType(resource, 'ValueSet') ? await withMembers(resource, { source, written, apart }) : resource
    const file = `package/${resource.resourceType}-${resource.id}.json`
    files.set(file, resourceContent(told).bytes)
    const content = told === resource ? {} : { content: source.contentHash(resource) }
    named.set(file, { canonical: artefactName(resource), type: resource.resourceType, ...content })
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    missing.push(remark(resource, error.message))
  }
}

/** A moment that is no moment: the members are those of the versions that stand beside them. */
const noMoment = '1970-01-01T00:00:00Z'

/** The value set with its members; with them alone where it leans on what does not go along. */
async function withMembers(valueSet: ValueSet, { source, written, apart }: Writing): Promise<ValueSet> {
  try {
    const { expansion } = await source.expand(valueSet)
    if (!expansion) return valueSet
    const { identifier: _identifier, ...rest } = expansion
    const whole: ValueSet = { ...valueSet, expansion: { ...rest, timestamp: noMoment } }
    if (!leansOn(valueSet, apart)) return whole
    const { compose: _compose, ...members } = whole
    return members
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    written.missing.push(remark(valueSet, `its members cannot be told: ${error.message}`))
    return valueSet
  }
}

const leansOn = ({ compose }: ValueSet, apart: ReadonlySet<string>): boolean =>
  [...(compose?.include ?? []), ...(compose?.exclude ?? [])].some(({ system }) => apart.has(system ?? ''))

/** What tells whether a rule set applies, and nothing of what it says. */
const outlineMembers = [
  'resourceType',
  'id',
  'url',
  'identifier',
  'version',
  'name',
  'title',
  'status',
  'type',
  'jurisdiction',
  'useContext',
  'effectivePeriod',
  // The mark that says why it must not be run.
  'modifierExtension',
]

function writeWithheld(broken: readonly PlanDefinition[], { files, withheld }: ArtefactFiles): void {
  for (const plan of broken) withheld.push(remark(plan, brokenSignature(plan) ?? ''))
  const plans = broken.map(outlineOf).sort((a, b) => byName(sha256Hex(canonicalJson(a)), sha256Hex(canonicalJson(b))))
  files.set(withheldFile, Buffer.from(canonicalJson({ plans })))
}

function outlineOf(plan: PlanDefinition): JsonObject {
  const members = asJson(plan)
  const outline: JsonObject = {}
  for (const name of outlineMembers) {
    const value = members[name]
    if (value !== undefined) outline[name] = value
  }
  // Whose demand it is decides by which country it is chosen.
  const codes = (plan.action ?? []).flatMap(({ code }) => code ?? [])
  return codes.length > 0 ? { ...outline, action: [{ code: codes.map((each) => asJson(each)) }] } : outline
}
