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
import { formatCanonical, parseCanonical } from './fhir/canonical.ts'
import { FhirError, isError } from './fhir/error.ts'
import type { Issue, Library, PlanDefinition, Resource, StructureMap, ValueSet } from './fhir/types.ts'
import { type AccessLogEntry, createApp, type HttpLimits, listen, type RunningServer } from './http/app.ts'
import { lineWriter } from './line-writer.ts'
import type { OperationContext } from './operations/context.ts'
import { operations } from './operations/index.ts'
import { tokenReason } from './operations/open-operations.ts'
import { ARTEFACTS_FOLDER, readArtefacts } from './packages/large-code-system/artefact.ts'
import { createRules, selectPlans } from './rules/rules.ts'
import { openStorage } from './storage/open.ts'
import { findByCanonical as find, findMaps, findStructure, listAll } from './storage/reading.ts'
import type { Storage } from './storage/storage.ts'
import { createMapJobs } from './structure-map/map-jobs.ts'
import { checkMap, createMaps, type MapEnvironment, parseMap, printMap, readR5 } from './structure-map/maps.ts'
import { largeCodeSystem } from './terminology/large/large-code-system.ts'
import { createTerminology, type Terminology } from './terminology/terminology.ts'
import { anchorKeySource } from './trust/anchors.ts'
import { demoCardIssuer, demoCardKeys, demoIssuer, demoTrustFolder } from './trust/demo-issuer.ts'
import { loadTrustLists, type Trust } from './trust/trust.ts'
import type { TrustSource } from './trust/trust-source.ts'
import { threadMilliseconds } from './workers/budget.ts'

const projectRoot = resolve(dirname(new URL(import.meta.url).pathname), '..')

/** Folders of the content that is served out of the box. */
export const ownContentFolders = ['igs', 'rules', 'valuesets'].map((name) => join(projectRoot, name))

/** Name, version and release date of this software, from its package.json. */
export const software = readSoftware()

/** A server with everything wired, listening or not. */
export interface VidimusServer extends OperationContext {
  config: Config
  trust: Trust
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
  const context = createContext({ config, storage, trust, now })
  const baseUrl = () =>
    config.baseUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  let port = config.port
  let running: RunningServer | undefined
  const mayWrite = (bytes: number) => running?.connections.mayWrite(bytes) ?? true
  const newApp = () => createHttpApp({ config, context, baseUrl: baseUrl(), mayWrite })
  let app = newApp()
  return {
    ...context,
    config,
    trust,
    handler: (message, response) => app.handler(message, response),
    async listen() {
      running = await listen((message, response) => app.handler(message, response), {
        host: config.host,
        port: config.port,
        trustedProxies: config.trustedProxies,
        limits: connectionLimits(config),
      })
      if (running.port !== port) {
        port = running.port
        await app.audit.flush()
        await app.close()
        app = newApp()
      }
      return baseUrl()
    },
    async close() {
      await running?.close(10_000)
      await app.audit.flush()
      accessLines.flush()
      await Promise.all([app.close(), context.rules.close(), context.mapJobs.close()])
      await storage.close()
    },
  }
}

function connectionLimits(config: Config) {
  return {
    connections: config.maxConnections,
    connectionsOfOne: config.maxConnectionsPerClient,
    headerSeconds: config.headerSeconds,
    bodySeconds: config.bodySeconds,
    replySeconds: config.replySeconds,
    replyBytes: config.maxUnfinishedBytes,
  }
}

/** What a request may use. */
function requestLimits(config: Config): Partial<HttpLimits> {
  return {
    openBodyBytes: config.openBodyLimitBytes,
    batchEntries: config.batchLimit,
    replyBytes: config.replyLimitBytes,
    cpuMilliseconds: config.requestCpuMilliseconds,
    bodies: config.maxUnfinishedBodies,
    bodiesOfOne: config.maxUnfinishedBodiesPerClient,
    bytes: config.maxUnfinishedBytes,
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
  now(): Date
}

function createContext({ config, storage, trust, now }: Wiring): OperationContext {
  const uuid = () => randomUUID()
  const terminology = createTerminology(artefactSource(storage, config.dataDir), {
    now,
    uuid,
    limits: { evaluationMilliseconds: config.requestCpuMilliseconds },
    milliseconds: threadMilliseconds,
  })
  const terminologyRevision = () => storage.revision(terminologyTypes)
  const bound = cachedByRevision(terminologyRevision, () => new Map<string, Promise<BoundValueSet>>())
  const bind = (valueSet: string) => {
    const known = bound()
    const binding = known.get(valueSet) ?? bindValueSet(valueSet, terminology, storage)
    known.set(valueSet, binding)
    return binding
  }
  const membership = async (valueSet: string) => (await bind(valueSet)).member
  const mapEnvironment: MapEnvironment = {
    findMaps: (url) => findMaps(storage, url),
    findStructure: (url) => findStructure(storage, url),
    membership,
    translator: terminology.translator,
    revision: () => storage.revision(mapTypes),
  }
  const maps = createMaps(mapEnvironment, { elapsed: () => performance.now() })
  // Of each program: the translator, CQL, maps.
  const jobProcesses = { processes: config.jobProcesses, idleSeconds: 30 }
  const mapJobs = createMapJobs(mapEnvironment, jobProcesses)
  const rules = createRules(
    {
      findLibraries: (url) => find<Library>(storage, 'Library', url),
      listLibraries: () => listAll<Library>(storage, 'Library'),
      membership,
      expand: (valueSet) => expandCodes(terminology, { url: valueSet }),
      euValueSet: (id) => euValueSet(storage, terminology, id),
      derived: storage.derived,
      revision: () => storage.revision(ruleTypes),
    },
    { ...jobProcesses, jobSeconds: config.requestCpuMilliseconds / 1000, elmFolder: join(projectRoot, 'rules/cql') },
  )
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
      compile: (canonical) => maps.compile(canonical),
      findMap: async (canonical) => (await findMaps(storage, canonical))[0],
    },
    rules,
    selectPlans: async (choice) => selectPlans(await plans(), choice),
    hasLibrary: async (canonical) => (await storage.findCanonical('Library', canonical)).length > 0,
    findPlan: async (canonical) => (await find<PlanDefinition>(storage, 'PlanDefinition', canonical))[0],
    pinValueSet: async (canonical) => (await bind(canonical)).canonical,
    now,
  })
  const limits = { cpuMilliseconds: config.requestCpuMilliseconds, replyBytes: config.replyLimitBytes }
  return { storage, terminology, maps, mapJobs, rules, evaluate, limits, now, uuid }
}

interface HttpWiring {
  config: Config
  context: OperationContext
  baseUrl: string
  mayWrite(bytes: number): boolean
}

function createHttpApp({ config, context, baseUrl, mayWrite }: HttpWiring) {
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
      trustedProxies: config.trustedProxies,
      auditSampleRate: config.auditSampleRate,
      production: config.production,
    },
    limits: requestLimits(config),
    hooks: {
      mayWrite,
      tokenFor: (operation, call) => tokenReason(config.openOperations, operation, call),
      parseMap,
      readMap: readR5,
      printMap,
      checkWrite: (resource) => checkWrite(resource, context),
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

/** Content that is compiled is compiled before it is stored: a broken map or rule is refused where it is written. */
async function checkWrite(resource: Resource, context: OperationContext): Promise<Issue[]> {
  if (resource.resourceType === 'Library') return context.rules.checkLibrary(resource)
  if (resource.resourceType !== 'StructureMap') return []
  const issues = checkMap(resource)
  return issues.some(isError) ? issues : [...issues, ...(await unresolved(resource, context))]
}

/** What a map needs and the store does not have: a remark, for maps and models come in any order. */
async function unresolved(map: StructureMap, { maps }: OperationContext): Promise<Issue[]> {
  try {
    return (await maps.compile(map)).warnings
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return error.issues.map((each) => ({ ...each, severity: 'warning' }))
  }
}

// ---------- reading the store for the rooms ----------

/** Whose changes make compiled value sets, maps and rules stale: a write of another type leaves them. */
const terminologyTypes = ['CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem']
const mapTypes = [...terminologyTypes, 'StructureMap', 'StructureDefinition']
const planTypes = ['PlanDefinition']
const ruleTypes = [...terminologyTypes, 'Library', 'PlanDefinition']

const artefactSource = (storage: Storage, dataDir: string) => ({
  find: (type: string, url: string) => storage.findCanonical(type, url),
  list: (type: string) => listAll<Resource>(storage, type),
  revision: () => storage.revision(terminologyTypes),
  largeCodeSystem: readArtefacts(join(dataDir, ARTEFACTS_FOLDER), largeCodeSystem).read,
})

/** A value set as rules ask it, with `url|version` of what is stored, so that a reply can be reproduced. */
interface BoundValueSet {
  canonical: string
  member(code: string, system?: string): boolean
}

async function bindValueSet(valueSet: string, terminology: Terminology, storage: Storage): Promise<BoundValueSet> {
  const member = await terminology.membership(valueSet)
  const { url, version } = parseCanonical(valueSet)
  const [stored] = version ? [] : await find<ValueSet>(storage, 'ValueSet', url)
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

/** EU rules name value sets by a bare id: the stored ValueSet of that id. */
async function euValueSet(storage: Storage, terminology: Terminology, id: string): Promise<string[]> {
  const stored = (await storage.read('ValueSet', id))?.resource
  if (stored?.resourceType !== 'ValueSet') return []
  return (await expandCodes(terminology, { valueSet: stored })).map(({ code }) => code)
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
