/**
 * Composition root: the only place that opens a store, reads trust lists and gives each room what it needs of the
 * others. Everything here is wiring; what the server does stands in the rooms.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { credentialFormats } from './credentials/credentials.ts'
import { mapInput } from './credentials/map-input.ts'
import { createEvaluate } from './evaluate/evaluate.ts'
import { type MapChains, readMapChains } from './evaluate/map-chains.ts'
import { verifyCredential } from './evaluate/verify.ts'
import { artefactName, statusOf, withoutRefusal } from './fhir/artefact.ts'
import { formatCanonical, parseCanonical } from './fhir/canonical.ts'
import { unprocessable } from './fhir/error.ts'
import type { Library, PlanDefinition, Resource, StructureMap, ValueSet } from './fhir/types.ts'
import { type AccessLogEntry, createApp, listen, type RunningServer } from './http/app.ts'
import { lineWriter } from './line-writer.ts'
import type { OperationContext } from './operations/context.ts'
import { operations } from './operations/index.ts'
import { ARTEFACTS_FOLDER, readArtefacts } from './packages/large-code-system/artefact.ts'
import { createPendingContent, type PendingContent } from './packages/pending-content.ts'
import { createPublish, type Publish } from './publish/publish.ts'
import { readiness } from './readiness.ts'
import { createRules, selectPlans } from './rules/rules.ts'
import { openStorage } from './storage/open.ts'
import { findByCanonical as find, findMaps, findRunnable, findStructure, listAll, usable } from './storage/reading.ts'
import type { Storage } from './storage/storage.ts'
import { createMaps, parseMap, printMap, readR5 } from './structure-map/maps.ts'
import { largeCodeSystem } from './terminology/large/large-code-system.ts'
import { createTerminology, type Terminology } from './terminology/terminology.ts'
import { preferredFirst } from './terminology/versions.ts'
import { anchorKeySource } from './trust/anchors.ts'
import { demoCardIssuer, demoCardKeys, demoIssuer, demoTrustFolder } from './trust/demo-issuer.ts'
import { loadTrustLists, type Trust } from './trust/trust.ts'
import type { TrustSource } from './trust/trust-source.ts'

/** Folder of the product. */
export const projectRoot = resolve(dirname(new URL(import.meta.url).pathname), '..')

/** Folders of the content that is served out of the box. */
export const ownContentFolders = ['igs', 'rules', 'valuesets'].map((name) => join(projectRoot, name))

/** Name, version and release date of this software, from its package.json. */
export const software = readSoftware()

/** A server with everything wired, listening or not. */
export interface VidimusServer extends OperationContext {
  config: Config
  trust: Trust
  /** The one way in for content. */
  publish: Publish
  /** Where the base content stands; who loads it tells. */
  pending: PendingContent
  /** For `http.createServer`, when the server is embedded. */
  handler: ReturnType<typeof createApp>['handler']
  /** Listens where the configuration says; resolves with the address without `/fhir`. */
  listen(): Promise<string>
  /** Finishes requests under way, ends workers, closes the store. */
  close(): Promise<void>
}

/**
 * Makes a server of a configuration: opens the store, reads the trust lists, wires the rooms. It does not load
 * content and does not listen.
 * @throws Error when the store cannot be opened
 */
export async function createServer(config: Config): Promise<VidimusServer> {
  mkdirSync(config.dataDir, { recursive: true })
  const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
  const now = () => new Date()
  const trust = await loadConfiguredTrust(config)
  const pending = createPendingContent(storage.derived)
  const context = createContext({ config, storage, trust, pending, now })
  const publish = createPublish({ ...context, find: (type, canonical) => find(storage, type, canonical) })
  const baseUrl = () =>
    config.baseUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  let port = config.port
  let running: RunningServer | undefined
  const newApp = () => createHttpApp({ config, context, publish, pending, trust, baseUrl: baseUrl() })
  let app = newApp()
  return {
    ...context,
    publish,
    pending,
    config,
    trust,
    handler: (message, response) => app.handler(message, response),
    async listen() {
      running = await listen((message, response) => app.handler(message, response), {
        host: config.host,
        port: config.port,
      })
      if (running.port !== port) {
        port = running.port
        await app.audit.flush()
        app = newApp()
      }
      return baseUrl()
    },
    async close() {
      await running?.close(10_000)
      await app.audit.flush()
      accessLines.flush()
      await context.rules.close()
      await storage.close()
    },
  }
}

/** Reads the trust lists of a configuration, without a store. */
export function loadConfiguredTrust(config: Config): Promise<Trust> {
  const now = () => new Date()
  return loadTrustLists(config.trustLists ?? demoSources(config, now()), { now })
}

/** Without configured lists a development server trusts the issuer that it made itself; a production server nobody. */
function demoSources(config: Config, now: Date): TrustSource[] {
  if (config.production) return []
  demoIssuer(config.dataDir, now)
  return [
    { name: 'demo', kind: 'certificates', location: demoTrustFolder(config.dataDir) },
    { name: 'demo-cards', kind: 'jwks', location: demoCardKeys(config.dataDir), issuer: demoCardIssuer },
  ]
}

interface Wiring {
  config: Config
  storage: Storage
  trust: Trust
  pending: PendingContent
  now(): Date
}

function createContext({ config, storage, trust, pending, now }: Wiring): OperationContext {
  const uuid = () => randomUUID()
  const terminology = createTerminology(artefactSource(storage, pending, config.dataDir), { now, uuid })
  // What was looked for in vain before content was on its way is looked for again.
  const revision = (types: readonly string[]) => storage.revision(types) + pending.epoch()
  const terminologyRevision = () => revision(terminologyTypes)
  const bound = cachedByRevision(terminologyRevision, () => new Map<string, Promise<BoundValueSet>>())
  const bind = (valueSet: string) => {
    const known = bound()
    const binding = known.get(valueSet) ?? bindValueSet(valueSet, terminology, storage)
    known.set(valueSet, binding)
    return binding
  }
  const membership = async (valueSet: string) => (await bind(valueSet)).member
  const maps = createMaps(
    {
      findMaps: (url) => findMaps(storage, url),
      findStructure: (url) => findStructure(storage, url),
      membership,
      translator: terminology.translator,
      revision: () => revision(mapTypes),
    },
    { elapsed: () => performance.now() },
  )
  const rules = createRules({
    findLibraries: (url) => find<Library>(storage, 'Library', url),
    listLibraries: async () => usable(storage, await listAll<Library>(storage, 'Library')),
    membership,
    expand: (valueSet) => expandCodes(terminology, { url: valueSet }),
    euValueSet: (id) => euValueSet(storage, terminology, id),
    derived: storage.derived,
    revision: () => revision(ruleTypes),
  })
  const mapsByName = cachedByRevision(
    () => revision(mapTypes),
    () => new Map<string, Promise<StructureMap | undefined>>(),
  )
  const findMap = (canonical: string) => {
    const known = mapsByName()
    const found =
      known.get(canonical) ?? findRunnable<StructureMap>(storage, 'StructureMap', canonical).then(([map]) => map)
    // Names come from outside, any number of them.
    if (known.size >= mapsKept) known.clear()
    known.set(canonical, found)
    return found
  }
  const plans = cachedByRevision(
    () => storage.revision(planTypes),
    () => listAll<PlanDefinition>(storage, 'PlanDefinition'),
  )
  const evaluate = createEvaluate({
    settings: config,
    chains: readOwnMapChains(),
    keys: () => trust.keys(),
    anchors: anchorKeySource,
    verify: (text, keys, clock, trustDomains) =>
      verifyCredential(text, {
        formats: credentialFormats,
        keys,
        clock,
        trustDomains,
        revocationFailure: config.revocationFailure,
      }),
    mapInput: ({ format, content }) => mapInput(format ?? 'hcert-dcc', content ?? null),
    mapping: {
      compile: async (canonical) => {
        const map = await findMap(canonical)
        return maps.compile(map ? artefactName(map) : canonical)
      },
      findMap,
    },
    rules,
    selectPlans: async (choice) => selectPlans(await plans(), choice),
    hasLibrary: async (canonical) => (await findRunnable<Library>(storage, 'Library', canonical)).length > 0,
    findPlans: (canonical) => findRunnable<PlanDefinition>(storage, 'PlanDefinition', canonical),
    pinValueSet: async (canonical) => (await bind(canonical)).canonical,
    now,
  })
  return { storage, terminology, maps, rules, evaluate, now, uuid }
}

/** Most maps that are kept by name. */
const mapsKept = 200

interface HttpWiring {
  config: Config
  context: OperationContext
  publish: Publish
  pending: PendingContent
  trust: Trust
  baseUrl: string
}

function createHttpApp({ config, context, publish, pending, trust, baseUrl }: HttpWiring) {
  const { storage, now, uuid, terminology } = context
  return createApp({
    storage,
    operations,
    context,
    settings: {
      baseUrl: `${baseUrl}/fhir`,
      ...(config.developmentToken ? { developmentToken: config.developmentToken } : {}),
      maintenance: () => config.maintenance,
      bodyLimitBytes: config.bodyLimitBytes,
      auditSampleRate: config.auditSampleRate,
      production: config.production,
    },
    hooks: {
      parseMap,
      readMap: readR5,
      printMap,
      checkWrite: publish.check,
      isPending: pending.isPending,
      readiness: () => readiness({ maintenance: config.maintenance, content: pending.state(), lists: trust.status() }),
      // Who writes a resource over REST has taken it in hand: what an import thought of it counts no more.
      publishedWrite: ({ resource, ...write }) =>
        publish.write(resource ? { ...write, resource: withoutRefusal(resource) } : write),
      expandTokens: async (valueSet) =>
        (await expandCodes(terminology, { url: valueSet })).map(({ system, code }) => `${system ?? ''}|${code}`),
    },
    ...(config.accessLog ? { accessLog: (entry: AccessLogEntry) => accessLines.line(JSON.stringify(entry)) } : {}),
    errorLog: ({ requestId, error }) => {
      process.stderr.write(`${requestId} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    },
    now,
    uuid,
    software,
    terminologyCapabilities: () => terminology.capabilities(`${baseUrl}/fhir`),
  })
}

const accessLines = lineWriter((lines) => void process.stdout.write(lines))

// ---------- reading the store for the rooms ----------

/** Whose changes make compiled value sets, maps and rules stale: a write of another type leaves them. */
const terminologyTypes = ['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem']
const mapTypes = [...terminologyTypes, 'StructureMap', 'StructureDefinition']
const planTypes = ['PlanDefinition']
const ruleTypes = [...terminologyTypes, 'Library', 'PlanDefinition']

const artefactSource = (storage: Storage, pending: PendingContent, dataDir: string) => ({
  find: async (type: string, url: string) => {
    const found = await usable(storage, await storage.findCanonical(type, url))
    if (found.length === 0) await pending.refuse(type, { urls: [url] })
    return found
  },
  list: async (type: string) => {
    if (type === 'ConceptMap') await pending.refuse(type, {})
    return usable(storage, await listAll<Resource>(storage, type))
  },
  revision: () => storage.revision(terminologyTypes) + pending.epoch(),
  largeCodeSystem: readArtefacts(join(dataDir, ARTEFACTS_FOLDER), largeCodeSystem).read,
})

/** A value set as rules ask it, with `url|version` of what is stored, so that a reply can be reproduced. */
interface BoundValueSet {
  canonical: string
  member: Awaited<ReturnType<Terminology['membership']>>
}

async function bindValueSet(valueSet: string, terminology: Terminology, storage: Storage): Promise<BoundValueSet> {
  const member = await terminology.membership(valueSet)
  const { url, version } = parseCanonical(valueSet)
  const [stored] = version ? [] : (await find<ValueSet>(storage, 'ValueSet', url)).sort(preferredFirst)
  return { canonical: formatCanonical(url, version ?? stored?.version), member }
}

async function expandCodes(terminology: Terminology, given: { url: string } | { valueSet: ValueSet }) {
  const parameter =
    'url' in given ? { name: 'url', valueUri: given.url } : { name: 'valueSet', resource: given.valueSet }
  const expanded = await terminology.expand({
    resourceType: 'Parameters',
    parameter: [parameter, { name: 'excludeNested', valueBoolean: true }],
  })
  return (expanded.expansion?.contains ?? []).flatMap(({ system, code, display }) =>
    code ? [{ code, ...(system ? { system } : {}), ...(display ? { display } : {}) }] : [],
  )
}

/**
 * EU rules name value sets by a bare id: the stored ValueSet of that id.
 * @throws FhirError 422 when it is not active: a rule must not go by a draft
 */
async function euValueSet(storage: Storage, terminology: Terminology, id: string) {
  const stored = (await storage.read('ValueSet', id))?.resource
  if (stored?.resourceType !== 'ValueSet') return undefined
  if (statusOf(stored) !== 'active') throw unprocessable(`ValueSet/${id} is not active`, 'business-rule')
  const codes = (await expandCodes(terminology, { valueSet: stored })).map(({ code }) => code)
  return { canonical: formatCanonical(stored.url, stored.version), codes }
}

/** A value made anew when the revision has changed. */
function cachedByRevision<T>(revision: () => number, make: () => T): () => T {
  let known: { revision: number; value: T } | undefined
  return () => {
    const current = revision()
    if (known?.revision !== current) known = { revision: current, value: make() }
    return known.value
  }
}

function readOwnMapChains(): MapChains {
  return readMapChains(JSON.parse(readFileSync(join(projectRoot, 'igs/map-chains.json'), 'utf8')))
}

function readSoftware() {
  const { name, version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  return { name, version, releaseDate: '2026-11-25' }
}
