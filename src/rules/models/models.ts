/** Which model a library means by `using`: a shipped one before all others, else one of the logical models that are published here. */
import { isRefused, mirroredFrom } from '../../fhir/artefact.ts'
import { compareVersions, parseCanonical } from '../../fhir/canonical.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue, StructureDefinition } from '../../fhir/types.ts'
import { formatIdentifier, fullName, type UsedModel } from '../cql/translate/cql-source.ts'
import { gather, isLogical, named, placeOf } from './gather.ts'
import { generateModel } from './generate.ts'
import type { LogicalModel } from './logical-model.ts'
import { ddccModel } from './shipped-models.ts'

/** Where models come from. */
export interface ModelStore {
  /** Every stored StructureDefinition of a logical model, whatever its status; without the function there is none. */
  listLogicalModels?(): Promise<StructureDefinition[]>
  revision(): number
}

/** The library that uses a model. */
interface UsingLibrary {
  /** CQL identifier, for places. */
  id: string
  canonical: string
  /** What is active uses what is active. */
  status?: string | undefined
  /** The participant of whose Library it is a copy. */
  publisher?: string | undefined
}

/** Models by the names that libraries use. */
export interface Models {
  /** The models of a library in order, without System and FHIR; or why one of them cannot be used, each with its place. */
  find(usings: readonly UsedModel[], from: UsingLibrary): Promise<{ models: LogicalModel[]; issues: Issue[] }>
}

/** Models that the translator brings or has from elsewhere: nobody takes their names. */
const reserved = new Set(['System', 'FHIR'])
const reservedUrls = new Set(['urn:hl7-org:elm-types:r1', 'http://hl7.org/fhir'])

/** Core data sets are used by what stands before these words in their names. */
const suffix = 'CoreDataSet'

/** Makes the models over a store, which is read once per revision, and only when a library uses what is not shipped. */
export function createModels(store: ModelStore): Models {
  let read: Reading | undefined
  const list = (): Reading => {
    const revision = store.revision()
    if (read?.revision === revision) return read
    const all = (store.listLogicalModels?.() ?? Promise.resolve([])).then(usable)
    const current: Reading = { revision, all, made: new Map() }
    read = current
    // What could not be read is asked for again.
    all.catch(() => {
      if (read === current) read = undefined
    })
    return current
  }
  const findOne = async (wanted: UsedModel, from: UsingLibrary): Promise<LogicalModel | string> => {
    const shipped = ddccModel()
    if (isShipped(wanted, shipped)) return shipped
    if (wanted.version === undefined)
      return 'it is used without a version: any later one of it would change these rules'
    // One state of the store for all that follows, even where it changes meanwhile.
    const { all: reading, made } = list()
    const all = await reading
    const fit = all.filter((each) => isMeant(each, wanted))
    const root = choose(fit, wanted, from)
    if (root === undefined || typeof root === 'string') return root ?? unknownModel(wanted, [shipped, ...all])
    if (from.status === 'active' && root.status !== 'active')
      return `${named(root)} is stored, but not active: its content may still change`
    // A library that is active sees nothing that may still change; what is tried out sees all.
    const seen = all.filter(({ status }) => from.status !== 'active' || status === 'active')
    const key = [wanted.id, named(root), mirroredFrom(root), from.status === 'active'].join('\0')
    const known = made.get(key)
    const model = known ?? modelOf(wanted.id, root, seen)
    made.set(key, model)
    if (!('faults' in model)) return model
    return `${named(root)} cannot be used: ${model.faults.map(({ path, text }) => `${path} ${text}`).join('; ')}`
  }
  return {
    async find(usings, from) {
      const models: LogicalModel[] = []
      const issues: Issue[] = []
      for (const wanted of usings) {
        if (wanted.url === undefined ? reserved.has(wanted.id) : reservedUrls.has(wanted.url)) continue
        const found = await findOne(wanted, from)
        if (typeof found !== 'string') {
          if (!models.includes(found)) models.push(found)
        } else issues.push(notUsable(wanted, from, found))
      }
      return { models, issues }
    },
  }
}

/** The store as it was read, and what was made of it. */
interface Reading {
  revision: number
  all: Promise<StructureDefinition[]>
  made: Map<string, ReturnType<typeof generateModel>>
}

function usable(all: StructureDefinition[]): StructureDefinition[] {
  const standing = ({ status }: StructureDefinition) => (status === 'active' ? 0 : 1)
  return all
    .filter((each) => isLogical(each) && !isRefused(each))
    .toSorted((a, b) => standing(a) - standing(b) || compareVersions(b.version ?? '', a.version ?? ''))
}

function isShipped({ id, version, namespace, url }: UsedModel, shipped: LogicalModel): boolean {
  if (version !== shipped.version) return false
  if (url !== undefined) return url === shipped.url
  return id === shipped.name && (namespace === undefined || namespace === placeOf(shipped))
}

function isMeant(definition: StructureDefinition, { id, version, namespace, url }: UsedModel): boolean {
  if (definition.version !== version) return false
  if (url !== undefined) return definition.url === url
  if (namespace !== undefined && namespace !== placeOf(definition)) return false
  return definition.name === id || definition.name === `${id}${suffix}`
}

/** Of several models of one name the one that is published beside the library, else what is active. */
function choose(
  fit: StructureDefinition[],
  wanted: UsedModel,
  from: UsingLibrary,
): StructureDefinition | string | undefined {
  const exact = fit.filter(({ name }) => name === wanted.id)
  let candidates = exact.length > 0 ? exact : fit
  for (const publisher of [from.publisher, undefined]) {
    const own = candidates.filter((each) => mirroredFrom(each) === publisher)
    if (own.length > 0) {
      candidates = own
      break
    }
  }
  const library = parseCanonical(from.canonical).url
  const beside = candidates.filter((each) => library.startsWith(`${placeOf(each)}/`))
  if (beside.length > 0) candidates = beside
  const active = candidates.filter(({ status }) => status === 'active')
  if (active.length > 0) candidates = active
  const urls = [...new Set(candidates.map(({ url }) => url))]
  if (urls.length > 1)
    return `it may be ${urls.join(' or ')}: say whose it is, as in using "${placeOf(candidates[0] ?? {})}".${wanted.id}`
  return candidates[0]
}

function modelOf(
  name: string,
  root: StructureDefinition,
  all: readonly StructureDefinition[],
): ReturnType<typeof generateModel> {
  const gathered = gather(root, all)
  if ('text' in gathered) return { faults: [gathered] }
  const model = generateModel(name, gathered)
  const faults = gathered.ambiguous()
  return faults.length > 0 ? { faults } : model
}

function unknownModel(wanted: UsedModel, known: { name: string; version?: string | undefined }[]): string {
  const versions = known
    .filter(({ name }) => name === wanted.id || name === `${wanted.id}${suffix}`)
    .flatMap(({ version }) => version ?? [])
  const hint = versions.length === 0 ? '' : `; known are the versions ${[...new Set(versions)].join(', ')}`
  return `no logical model of that name and version is known to this server${hint}`
}

function notUsable(wanted: UsedModel, { id }: UsingLibrary, why: string): Issue {
  const name = wanted.url === undefined ? fullName(wanted) : formatIdentifier({ ...wanted, id: wanted.url })
  const { place } = wanted
  const diagnostics = [`library ${id}`, place ? `line ${place.line}, column ${place.column}` : undefined]
    .filter((each) => each !== undefined)
    .join(', ')
  return issue('not-found', { text: `the model ${name}: ${why}`, diagnostics })
}
