/**
 * Composition root: the only place that opens a store, reads trust lists and gives each room what it needs of the
 * others. Everything here is wiring; what the server does stands in the rooms.
 */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { keep } from './base/keep.ts'
import { lineWriter } from './base/line-writer.ts'
import type { Config } from './config.ts'
import { credentialFormats } from './credentials/credentials.ts'
import { mapInputs } from './credentials/map-input.ts'
import { demoCardIssuer, demoCardKeys, demoIssuer, demoTrustFolder } from './demo/demo-issuer.ts'
import { createEvaluate } from './evaluate/evaluate.ts'
import { type MapChains, readMapChains } from './evaluate/map/map-chains.ts'
import { verifyCredential } from './evaluate/verify/verify.ts'
import { artefactName, withoutRefusal } from './fhir/artefact.ts'
import type { Library, PlanDefinition } from './fhir/types.ts'
import { type AccessLogEntry, createApp, type HttpLimits, listen, type RunningServer } from './http/app.ts'
import type { OperationContext } from './operations/context.ts'
import { operations } from './operations/index.ts'
import { tokenReason } from './operations/open-operations.ts'
import { createPendingContent, type PendingContent } from './packages/pending-content.ts'
import { createPublish, type Publish } from './publish/publish.ts'
import { readiness } from './readiness.ts'
import { createRules, selectPlans } from './rules/rules.ts'
import {
  findByCanonical as find,
  findMaps,
  findRunnable,
  findStructure,
  listAll,
  usable,
} from './storage/find-artefacts.ts'
import { openStorage } from './storage/open.ts'
import type { Storage } from './storage/storage.ts'
import {
  artefactSource,
  cachedByRevision,
  euValueSet,
  expandCodes,
  mapFinder,
  mapTypes,
  planTypes,
  ruleTypes,
  terminologyTypes,
} from './stored-artefacts.ts'
import { createMapJobs } from './structure-map/map-jobs.ts'
import { createMaps, type MapEnvironment, type Maps, parseMap, printMap, readR5 } from './structure-map/maps.ts'
import { createTerminology, type Membership, type Terminology } from './terminology/terminology.ts'
import { anchorKeySource } from './trust/keys/anchors.ts'
import { type After, refreshTrust } from './trust/lists/refresh.ts'
import type { TrustSource } from './trust/lists/trust-source.ts'
import { loadTrustLists, type Trust, type TrustListStatus } from './trust/trust.ts'
import { threadMilliseconds } from './workers/budget.ts'

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
  /**
   * Listens where the configuration says, and reads trust lists with `refreshSeconds` again from then on; resolves with the address
   * without `/fhir`.
   */
  listen(): Promise<string>
  /** Finishes requests under way, ends workers, closes the store. */
  close(): Promise<void>
}

/**
 * Makes a server of a configuration: opens the store, reads the trust lists, wires the rooms. It does not load
 * content and does not listen. `after` is the clock by which trust lists are read again, by default the process's.
 * @throws Error when the store cannot be opened
 */
export async function createServer(config: Config, after?: After): Promise<VidimusServer> {
  mkdirSync(config.dataDir, { recursive: true })
  const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
  const now = () => new Date()
  const trust = await loadConfiguredTrust(config)
  const pending = createPendingContent(storage.derived)
  const context = createContext({ config, storage, trust, pending, now })
  const publish = createPublish({
    ...context,
    maps: context.verdictMaps,
    find: (type, canonical) => find(storage, type, canonical),
  })
  const baseUrl = () =>
    config.baseUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  let port = config.port
  let running: RunningServer | undefined
  let endRefresh: (() => Promise<void>) | undefined
  const mayWrite = (bytes: number) => running?.connections.mayWrite(bytes) ?? true
  const newApp = () => createHttpApp({ config, context, publish, pending, trust, baseUrl: baseUrl(), mayWrite })
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
        trustedProxies: config.trustedProxies,
        limits: connectionLimits(config),
      })
      if (running.port !== port) {
        port = running.port
        await app.audit.flush()
        await app.close()
        app = newApp()
      }
      endRefresh ??= refreshTrust(trust, config.trustLists ?? [], { after, ...refreshReport })
      return baseUrl()
    },
    async close() {
      await endRefresh?.()
      await running?.close(10_000)
      await app.audit.flush()
      accessLines.flush()
      await Promise.all([app.close(), context.rules.close(), context.mapJobs.close()])
      await storage.close()
    },
  }
}

/** A list that turned bad, or good again, is told where the start-up told it. */
const refreshReport = {
  changed: ({ name, failure }: TrustListStatus) =>
    void process.stderr.write(`trust list ${name}: ${failure ?? 'can be read again'}\n`),
  failed: (error: unknown) =>
    void process.stderr.write(
      `trust lists: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    ),
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
  pending: PendingContent
  now(): Date
}

function createContext({ config, storage, trust, pending, now }: Wiring): Context {
  const uuid = () => randomUUID()
  const terminology = createTerminology(artefactSource(storage, pending, config.dataDir), {
    now,
    uuid,
    limits: { evaluationMilliseconds: config.requestCpuMilliseconds },
    milliseconds: threadMilliseconds,
  })
  // What was looked for in vain before content was on its way is looked for again.
  const revision = (types: readonly string[]) => storage.revision(types) + pending.epoch()
  const terminologyRevision = () => revision(terminologyTypes)
  const membership = memberships(terminology, terminologyRevision)
  const mapEnvironment: MapEnvironment = {
    findMaps: (url) => findMaps(storage, url),
    findStructure: (url) => findStructure(storage, url),
    membership,
    translator: (conceptMap) => terminology.translator(conceptMap),
    revision: () => revision(mapTypes),
  }
  // `$transform` decides no verdict: an author tries his maps with drafts of the terminology, as WHO publishes it.
  const draftEnvironment: MapEnvironment = {
    ...mapEnvironment,
    membership: memberships(terminology, terminologyRevision, { drafts: true }),
    translator: (conceptMap) => terminology.translator(conceptMap, { drafts: true }),
  }
  const clock = { elapsed: () => performance.now() }
  const verdictMaps = createMaps(mapEnvironment, clock)
  const maps = createMaps(draftEnvironment, clock)
  // Of each program: the translator, CQL, maps.
  const jobProcesses = { processes: config.jobProcesses, idleSeconds: 30 }
  const mapJobs = createMapJobs(draftEnvironment, jobProcesses)
  const rules = createRules(
    {
      findLibraries: (url) => find<Library>(storage, 'Library', url),
      listLibraries: async () => usable(storage, await listAll<Library>(storage, 'Library')),
      membership,
      expand: (valueSet) => expandCodes(terminology, { url: valueSet }),
      euValueSet: (id) => euValueSet(storage, terminology, id),
      derived: storage.derived,
      revision: () => revision(ruleTypes),
    },
    { ...jobProcesses, jobSeconds: config.requestCpuMilliseconds / 1000, elmFolder: join(projectRoot, 'rules/cql') },
  )
  const findMap = mapFinder(storage, () => revision(mapTypes))
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
        domainMismatch: config.domainMismatch,
      }),
    mapInputs: ({ formats, content }) => mapInputs(formats, content ?? null),
    mapping: {
      compile: async (canonical) => {
        const map = await findMap(canonical)
        return verdictMaps.compile(map ? artefactName(map) : canonical)
      },
      findMap,
    },
    rules,
    selectPlans: async (choice) => selectPlans(await plans(), choice),
    hasLibrary: async (canonical) => (await findRunnable<Library>(storage, 'Library', canonical)).length > 0,
    findPlans: (canonical) => findRunnable<PlanDefinition>(storage, 'PlanDefinition', canonical),
    now,
  })
  const limits = { cpuMilliseconds: config.requestCpuMilliseconds, replyBytes: config.replyLimitBytes }
  return { storage, terminology, maps, verdictMaps, mapJobs, rules, evaluate, limits, now, uuid }
}

/** Most value sets that are kept ready to be asked: names come from outside, any number of them. */
const membershipsKept = 1_000

/** Membership by value set, each read once until the terminology changes. */
function memberships(terminology: Terminology, revision: () => number, options: { drafts?: boolean } = {}) {
  const known = cachedByRevision(revision, () => keep<string, Promise<Membership>>(membershipsKept))
  return (valueSet: string): Promise<Membership> =>
    known().of(valueSet, () => terminology.membership(valueSet, options))
}

/** What operations are given, and the maps of verdicts, which use no draft that is not named by its version. */
type Context = OperationContext & { verdictMaps: Maps }

interface HttpWiring {
  config: Config
  context: OperationContext
  publish: Publish
  pending: PendingContent
  trust: Trust
  baseUrl: string
  mayWrite(bytes: number): boolean
}

function createHttpApp({ config, context, publish, pending, trust, baseUrl, mayWrite }: HttpWiring) {
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
    terminologyCapabilities: () => terminology.capabilities({ url: `${baseUrl}/fhir`, software }),
  })
}

const accessLines = lineWriter((lines) => void process.stdout.write(lines))

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
