/** What operations are given: terminology, maps, rules and evaluation over one store. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config.ts'
import type { CredentialFormat } from '../credentials/credential-format.ts'
import { createEvaluate, type Evaluate } from '../evaluate/evaluate.ts'
import { artefactName } from '../fhir/artefact.ts'
import type { Principal } from '../fhir/principal.ts'
import { searchableTypes } from '../fhir/search/parse-search.ts'
import type { PlanDefinition } from '../fhir/types.ts'
import { createImageReader, type ImageReader } from '../images/images.ts'
import type { NetworkClient } from '../network/network-client.ts'
import type { OperationContext } from '../operations/context.ts'
import { INDEXES_FOLDER, indexReader } from '../packages/large-code-system/code-system-index.ts'
import type { PendingContent } from '../publish/base-content/pending.ts'
import { manifestReader } from '../publish/lifecycle/manifest.ts'
import type { RuleGuard } from '../publish/provenance/rule-guard.ts'
import { createPlans, createRules, type Rules } from '../rules/rules.ts'
import {
  instanceFinder,
  intact,
  madeByRevision,
  mapFinder,
  mapTypes,
  ruleTypes,
  terminologySource,
  terminologyTypes,
} from '../storage/by-revision.ts'
import {
  findByCanonical as find,
  findMaps,
  findRunnable,
  findStructure,
  listLogicalModels,
  listUsable,
} from '../storage/find-artefacts.ts'
import { publicView } from '../storage/public-view.ts'
import type { Storage } from '../storage/storage.ts'
import { createMapJobs } from '../structure-map/map-jobs.ts'
import { createMaps, type MapEnvironment, type Maps } from '../structure-map/maps.ts'
import { euValueSet, expandCodes } from '../terminology/expand-codes.ts'
import { createTerminology, type Terminology } from '../terminology/terminology.ts'
import { openCodeSystem } from '../terminology/vocabularies/open.ts'
import type { Trust } from '../trust/trust.ts'
import { threadMilliseconds } from '../workers/budget.ts'
import { artefactHashes } from './content/artefact-hashes.ts'
import type { SharedIndexes } from './content/shared-indexes.ts'
import { createEuValueSets, type EuValueSets } from './eu-value-sets.ts'
import { evaluationsUnder } from './lifecycle.ts'
import { linkFollower } from './link-follower.ts'
import { memberships, type Revision, ruleTerminology } from './memberships.ts'
import { evaluationsAsOf, type PastParts } from './past/as-of.ts'
import { createValidation } from './validation.ts'

/** The translations of own rules that are shipped. */
export const elmFolder = fileURLToPath(new URL('../../rules/cql', import.meta.url))

/** What operations are given, and the maps of verdicts, which use no draft that is not named by its version. */
export type Context = OperationContext & {
  verdictMaps: Maps
  images: ImageReader
  euValueSets: EuValueSets
  closeManifests(): Promise<void>
}

/** What everybody is given, and what those are who are known. */
export interface Contexts {
  everybody: Context
  /** Of those who may read or write everything, and of the server itself. */
  authors: Context
  /** What a principal is given; undefined when that is what everybody is. */
  viewOf(principal: Principal): { storage: Storage; context: Context } | undefined
  /** What everybody is given, over a store that does some things otherwise, until it is closed. */
  over(own: (storage: Storage) => Partial<Storage>): { context: Context; close(): Promise<void> }
  close(): Promise<void>
}

/** Makes what operations are given, with what is not for everybody and without. */
export function createContexts(parts: ContextParts): Contexts {
  const asOf = evaluationsAsOf(parts.past, (past, audience: 'everybody' | 'authors') => {
    const storage = audience === 'everybody' ? publicView(past.storage) : past.storage
    const made = createContext({ ...parts, ...past, storage, evaluateAsOf: asOf.evaluateAsOf(audience) })
    return { ...made, close: () => closeContext(made) }
  })
  const authors = createContext({ ...parts, evaluateAsOf: asOf.evaluateAsOf('authors') })
  const storage = publicView(parts.storage)
  const everybody = createContext({ ...parts, storage, evaluateAsOf: asOf.evaluateAsOf('everybody') })
  const seesOf = (principal: Principal) => (type: string) =>
    (['read', 'search', 'create', 'update'] as const).some((each) => principal.permits(each, type))
  return {
    everybody,
    authors,
    viewOf(principal) {
      const sees = seesOf(principal)
      if (sees('*')) return { storage: parts.storage, context: authors }
      if (!searchableTypes.some(sees)) return undefined
      // Who sees a part of it finds his own; what is made of many types is made of what everybody sees.
      const storage = publicView(parts.storage, sees)
      return { storage, context: { ...(draftTypes.every(sees) ? authors : everybody), storage } }
    },
    over(own) {
      const changed = { ...storage, ...own(storage) }
      const context = createContext({ ...parts, storage: changed, evaluateAsOf: asOf.evaluateAsOf('everybody') })
      return { context, close: () => closeContext(context) }
    },
    close: async () => void (await Promise.all([...[everybody, authors].map(closeContext), asOf.close()])),
  }
}

/** Ends the processes of a context. */
export async function closeContext({ rules, mapJobs, images, closeManifests }: Context): Promise<void> {
  await Promise.all([rules.close(), mapJobs.close(), images.close(), closeManifests()])
}

/** Types that terminology, maps and rules are made of. */
const draftTypes = [...new Set([...mapTypes, ...ruleTypes])]

/** What a context is made of. */
export interface ContextParts
  extends Pick<OperationContext, 'storage' | 'now' | 'trustedReference' | 'signatures' | 'baseUrl' | 'verifierKits'> {
  config: Config
  /** Admits rules and maps that are to be run. */
  guard: RuleGuard
  /** Without `status` where lists are no server's own: those of a kit, or of a moment of the past. */
  trust: Pick<Trust, 'keys' | 'revocations'> & Partial<Pick<Trust, 'status'>>
  pending: PendingContent
  /** What answers of the past are made of. */
  past: PastParts
  network: NetworkClient
  /** The credential formats that are read; default: all that this software knows. */
  formats?: readonly CredentialFormat[]
  /** Names the content of artefacts; default: of the store. */
  contentOf?: ReturnType<typeof artefactHashes>
  /** Copies an index of a code system that other replicas have; default: none does. */
  bringIndex?: SharedIndexes['bringIndex'] | undefined
  /** What stands between verdicts and rules; default: nothing. */
  aroundRules?: ((rules: Rules) => Rules) | undefined
}

function terminologyOver(
  { config, storage, pending, guard, now, bringIndex }: Omit<ContextParts, 'past'>,
  uuid: () => string,
): Terminology {
  const { read } = indexReader(join(config.dataDir, INDEXES_FOLDER), openCodeSystem, bringIndex)
  return createTerminology(
    { ...terminologySource(storage, pending, guard), largeCodeSystem: read },
    {
      now,
      uuid,
      limits: { evaluationMilliseconds: config.requestLimits.cpuMilliseconds },
      milliseconds: threadMilliseconds,
      snomedEdition: config.snomedEdition,
    },
  )
}

/** Gives each room what it needs of the others. */
export function createContext(parts: Omit<ContextParts, 'past'> & Pick<OperationContext, 'evaluateAsOf'>): Context {
  const { config, storage, pending, now, trustedReference, signatures, guard } = parts
  const uuid = () => randomUUID()
  const { cpuMilliseconds, replyBytes } = config.requestLimits
  const terminology = terminologyOver(parts, uuid)
  const revision: Revision = (types) => storage.revision(types) + pending.epoch() + guard.epoch()
  const membership = memberships(terminology, revision)
  const mapEnvironment: MapEnvironment = {
    findMaps: async (url) => guard.admit(await findMaps(storage, url)),
    findStructure: async (url) => intact(await findStructure(storage, url), guard),
    membership,
    translator: (conceptMap) => terminology.translator(conceptMap),
    revision: () => revision(mapTypes),
  }
  // `$transform` decides no verdict: an author tries his maps with drafts of the terminology, as WHO publishes it.
  const draftEnvironment: MapEnvironment = {
    ...mapEnvironment,
    findStructure: async (url) => intact(await findStructure(storage, url, { drafts: true }), guard),
    membership: memberships(terminology, revision, { drafts: true }),
    translator: (conceptMap) => terminology.translator(conceptMap, { drafts: true }),
  }
  const euValueSets = createEuValueSets(storage)
  const mapOptions = {
    elapsed: () => performance.now(),
    generate: config.mapCode ? { failed: tellWarning('code for a map could not be generated') } : undefined,
  }
  const verdictMaps = createMaps(mapEnvironment, mapOptions)
  const maps = createMaps(draftEnvironment, mapOptions)
  // Of each program: the translator, CQL, maps.
  const jobProcesses = { processes: config.jobProcesses, idleSeconds: 30 }
  const mapJobs = createMapJobs(draftEnvironment, jobProcesses)
  const images = createImageReader({ processes: config.jobProcesses })
  const { aroundRules = (made) => made } = parts
  const programFailed = tellWarning('a compiled rule failed that the executor answered')
  const compiled = { isCompiled: config.compiledRules, isGenerated: config.ruleCode, programFailed }
  const librariesOf = libraryFinder(storage, guard, () => revision(ruleTypes))
  const ownRules = createRules(
    {
      findLibraries: async (url) => librariesOf(url),
      listLibraries: async () => guard.admit(await listUsable(storage, 'Library')),
      listLogicalModels: async () => guard.admit(await listLogicalModels(storage)),
      membership,
      ...ruleTerminology(terminology, revision),
      expand: (valueSet) => expandCodes(terminology, { url: valueSet }),
      euValueSet: async (id) => euValueSet(terminology, await intact(await euValueSets.find(id), guard)),
      derived: storage.derived,
      revision: () => revision(ruleTypes),
    },
    { ...jobProcesses, jobSeconds: cpuMilliseconds / 1000, elmFolder, ...compiled },
  )
  const rules = aroundRules(ownRules)
  const evaluate = wireEvaluate(parts, { rules, verdictMaps, images, revision })
  const limits = { cpuMilliseconds, replyBytes }
  const { trust } = parts
  const trusted = { trustedKeys: () => trust.keys(), trustStatus: () => trust.status?.() ?? [] }
  const manifest = manifestReader({ storage, terminology })
  const under = evaluationsUnder(storage, manifest, (pinned) => {
    const made = createContext({ ...parts, storage: pinned })
    return { evaluate: made.evaluate, close: () => closeContext(made) }
  })
  const { evaluateUnder } = under
  const made = { storage, terminology, maps, verdictMaps, mapJobs, images, rules, evaluate, euValueSets }
  const own = { ...made, manifest, evaluateUnder, closeManifests: under.close }
  const { baseUrl, evaluateAsOf, verifierKits } = parts
  const folders = { uploads: join(config.dataDir, 'uploads'), indexes: join(config.dataDir, INDEXES_FOLDER) }
  const validation = createValidation({ ...own, pending, now })
  const given = { trustedReference, signatures, ...trusted, baseUrl, evaluateAsOf, verifierKits }
  const instances = { storage, find: instancesOf(storage, guard, { terminology, revision }) }
  const wired = { admit: guard.admit, instances, validation, ...given }
  return { ...own, ...folders, ...wired, limits, now, uuid }
}

/** Most maps that are kept compiled by the names that verdicts give them. */
const mapsCompiled = 100

function wireEvaluate(
  { config, storage, trust, network, now, formats, guard, contentOf }: Omit<ContextParts, 'past'>,
  { rules, verdictMaps, images, revision }: Pick<Context, 'rules' | 'verdictMaps' | 'images'> & { revision: Revision },
): Evaluate {
  const findMap = mapFinder(storage, () => revision(mapTypes))
  const compile = madeByRevision(
    () => revision(mapTypes),
    mapsCompiled,
    async (canonical) => {
      const map = await findMap(canonical)
      return verdictMaps.compile(map ? artefactName(map) : canonical)
    },
  )
  const plans = madeByRevision(
    () => storage.revision(planTypes) + guard.epoch(),
    1,
    async () => (await guard.admit(await listUsable(storage, 'PlanDefinition'))).toSorted(byName),
  )
  return createEvaluate({
    settings: config,
    ...(formats ? { formats } : {}),
    ...(config.network ? { followLink: linkFollower({ network, dataDir: config.dataDir, now }) } : {}),
    keys: () => trust.keys(),
    revocations: () => trust.revocations(),
    mapping: { compile, findMap },
    readImage: images.read,
    rules,
    plans: createPlans({
      all: () => plans('all'),
      find: async (canonical) => guard.admit(await findRunnable(storage, 'PlanDefinition', canonical)),
    }),
    hasLibrary: async (canonical) => (await findRunnable(storage, 'Library', canonical)).length > 0,
    ...(contentOf
      ? { contentOf }
      : {
          contentOf: artefactHashes(storage, () => revision(draftTypes)),
          contentRevision: () => revision(draftTypes),
        }),
    now,
  })
}

const instancesOf = (
  storage: Storage,
  guard: RuleGuard,
  { terminology, revision }: { terminology: Terminology; revision: Revision },
) => instanceFinder(storage, { guard, revision: () => revision(terminologyTypes), known: terminology.known })

/** What changes no answer and should not be: on standard error, without a word of what it was about. */
const tellWarning =
  (what: string) =>
  (error: unknown): void =>
    process.emitWarning(`${what}: ${error instanceof Error ? error.name : 'unknown'}`)

const planTypes = ['PlanDefinition']

/** Most urls of libraries that are kept. */
const librariesKept = 200

/** Libraries by url, once a revision: reasons and CertLogic rules ask for the same few with each verdict. */
const libraryFinder = (storage: Storage, guard: RuleGuard, revision: () => number) =>
  madeByRevision(revision, librariesKept, async (url) => guard.admit(await find(storage, 'Library', url)))

/** Rule sets answer in an order of their own, not in that in which they were stored: on every server, and by a kit, in the same. */
const byName = (a: PlanDefinition, b: PlanDefinition): number => compareNames(nameOf(a), nameOf(b))

const nameOf = (plan: PlanDefinition): string => `${artefactName(plan)} ${plan.id}`
const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
