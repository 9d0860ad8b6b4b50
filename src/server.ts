/**
 * Composition root: the only place that opens a store, reads trust lists and gives each room what it needs of the
 * others. Everything here is wiring; what the server does stands in the rooms.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import product from '../package.json' with { type: 'json' }
import type { After } from './base/after.ts'
import { lineWriter } from './base/line-writer.ts'
import { type Config, publicAddress } from './config.ts'
import type { CredentialFormat } from './credentials/credential-format.ts'
import { type AccessLogEntry, createApp, listen, type RunningServer } from './http/app.ts'
import { readiness } from './http/readiness-parts.ts'
import { createNetworkClient, type NetworkClient } from './network/network-client.ts'
import type { OperationContext } from './operations/context.ts'
import { operations } from './operations/index.ts'
import { tokenReason } from './operations/open-operations.ts'
import type { SigningKeys } from './provenance/keys.ts'
import { createPendingContent, type PendingContent } from './publish/base-content/pending.ts'
import { createPublish, type Publish } from './publish/publish.ts'
import { authorityAt, authorityWarnings } from './server/authority.ts'
import { type Contexts, createContexts } from './server/context.ts'
import { keyDirectory, standing } from './server/directory.ts'
import { documents } from './server/documents.ts'
import { createRegistration, gatewayDownloads, openGateways, type Registration } from './server/gateway.ts'
import { listeners } from './server/listeners.ts'
import { createMirror, listsOf, type Mirror, ruleSuppliers } from './server/mirror.ts'
import { createProvenance, type Provenance, signingKeys } from './server/provenance.ts'
import { completeWrites } from './server/publication.ts'
import { configuredSources, loadConfiguredTrust } from './server/trust.ts'
import { uploadFolder } from './server/uploads.ts'
import { findByCanonical as find } from './storage/find-artefacts.ts'
import { guardCopies } from './storage/guard-copies.ts'
import { openStorage } from './storage/open.ts'
import { parseMap, printMap, readR5 } from './structure-map/maps.ts'
import { searchTokens, subsumedTokens } from './terminology/expand-codes.ts'
import type { KeyDirectory } from './trust/directory/key-directory.ts'
import { refreshTrust } from './trust/lists/refresh.ts'
import type { Trust } from './trust/trust.ts'

/** Folder of the product. */
const projectRoot = resolve(dirname(new URL(import.meta.url).pathname), '..')

/** Folders of the content that is served out of the box. */
export const ownContentFolders = ['igs', 'rules', 'valuesets'].map((name) => join(projectRoot, name))

/** File that names every shipped artefact with the hash of its content; written by `node scripts/record-content.ts`. */
export const contentRecord = join(projectRoot, 'content-record.json')

/** Name, version and release date of this software, from its package.json. */
export const software = { name: product.name, version: product.version, releaseDate: product.releaseDate }

/** A server with everything wired, listening or not. */
export interface VidimusServer extends OperationContext {
  config: Config
  trust: Trust
  /** The one way in for content. */
  publish: Publish
  /** Where the base content stands; who loads it tells. */
  pending: PendingContent
  /** What it signs with. */
  signing: SigningKeys
  /** What it vouches for, at its public address. */
  provenance(): Provenance
  /** This server at its gateways. */
  registration: Registration
  /** What other participants publish, as far as it is wanted here. */
  mirror: Mirror
  /** The keys that it trusts, as trust lists for others. */
  directory: KeyDirectory
  /** For `http.createServer`, when the server is embedded. */
  handler: ReturnType<typeof createApp>['handler']
  /**
   * Listens where the configuration says, and reads trust lists with `refreshSeconds` again from then on; resolves with the address
   * without `/fhir`.
   */
  listen(): Promise<string>
  /** Ports it listens on; none before it does. */
  ports(): { port?: number | undefined; tlsPort?: number | undefined }
  /** Reads the files of the TLS listener again. */
  reload(): void
  /** Finishes requests under way, ends workers, closes the store. */
  close(): Promise<void>
}

/** What an embedder may bring along. */
export interface ServerParts {
  /** The clock by which trust lists are read again, by default the process's. */
  after?: After
  /** The credential formats that are read, by default all that this software knows. */
  formats?: readonly CredentialFormat[]
}

/**
 * Makes a server of a configuration: opens the store, reads the trust lists, wires the rooms. It does not load
 * content and does not listen.
 * @throws Error when the store cannot be opened
 */
export async function createServer(config: Config, { after, formats }: ServerParts = {}): Promise<VidimusServer> {
  mkdirSync(config.dataDir, { recursive: true })
  const now = () => new Date()
  const keys = await signingKeys(config, now)
  const gateways = await openGateways(config, now)
  const opened = await openStorage(config.storageUrl, { dataDir: config.dataDir })
  const storage = guardCopies(opened, ruleSuppliers(config))
  const network = createNetworkClient({ isOn: config.network, hosts: config.networkHosts })
  const closing = new AbortController()
  const gateway = gatewayDownloads(config, gateways)
  const trust = await loadConfiguredTrust(config, { network, keepsCopies: true, gateway, closing: closing.signal })
  const pending = createPendingContent(storage.derived)
  const newProvenance = () => createProvenance({ config, storage, keys, software, now }, baseUrl())
  const baseUrl = () => publicAddress({ ...config, port, tls: config.tls && { ...config.tls, port } })
  let port = config.plainHttp ? config.port : (config.tls?.port ?? config.port)
  let provenance = newProvenance()
  const trustedReference: OperationContext['trustedReference'] = (version, domain) =>
    provenance.trustedReference(version, domain)
  const fhirBase = () => `${baseUrl()}/fhir`
  const wiring = { config, storage, trust, pending, network, now, trustedReference, baseUrl: fhirBase }
  const contexts = createContexts({ ...wiring, ...(formats ? { formats } : {}) })
  const context = contexts.authors
  const publish = createPublish({
    ...context,
    maps: context.verdictMaps,
    find: (type, canonical) => find(storage, type, canonical),
    drafts: config.drafts,
  })
  let running: RunningServer | undefined
  const parts = { config, network, pending, now, after, tell }
  const manifests = async () => (keys.current() ? await provenance.manifests() : undefined)
  const registration = createRegistration({ ...parts, gateways, storage, baseUrl, manifests })
  const mirror = createMirror({ ...parts, gateways: listsOf(gateways), storage: opened, publish, trust })
  const directory = keyDirectory({ config, storage, trust, keys, baseUrl, now, tell })
  let endRefresh: (() => Promise<void>) | undefined
  const mayWrite = (bytes: number) => running?.connections.mayWrite(bytes) ?? true
  const own = { publish, registration, directory, config, trust, pending, keys }
  const newApp = () => createHttpApp({ ...own, contexts, network, provenance, baseUrl: baseUrl(), mayWrite })
  let app = newApp()
  for (const warning of authorityWarnings({ config })) tell(`warning: ${warning}`)
  return {
    ...context,
    ...own,
    mirror,
    signing: keys,
    provenance: () => provenance,
    handler: (message, response) => app.handler(message, response),
    async listen() {
      running = await listen((message, response) => app.handler(message, response), listeners(config, { now, tell }))
      const listening = (config.plainHttp ? running.port : running.tlsPort) ?? port
      if (listening !== port) {
        port = listening
        await app.audit.flush()
        await app.close()
        provenance = newProvenance()
        app = newApp()
      }
      endRefresh ??= beginRefresh(trust, config, after)
      registration.start()
      mirror.start()
      if (config.keyDirectory) directory.start(after)
      return baseUrl()
    },
    ports: () => ({ port: running?.port, tlsPort: running?.tlsPort }),
    reload: () => running?.reload(),
    async close() {
      closing.abort()
      await Promise.all([endRefresh?.(), registration.close(), mirror.close(), directory.close()])
      await running?.close(10_000)
      network.close()
      await app.audit.flush()
      accessLines.flush()
      await Promise.all([app.close(), contexts.close()])
      await storage.close()
    },
  }
}

/** Reads trust lists again from now on; what it returns ends that. */
function beginRefresh(trust: Trust, config: Config, after: After | undefined): () => Promise<void> {
  return refreshTrust(trust, configuredSources(config), {
    after,
    remoteSeconds: config.trustRefreshSeconds,
    changed: ({ name, failure }) => tell(`trust list ${name}: ${failure ?? 'is in use'}`),
    failed: (error) => tell(`trust lists: ${textOf(error)}`),
  })
}

const accessLines = lineWriter((lines) => void process.stdout.write(lines))
const tell = (text: string) => void process.stderr.write(`${text}\n`)
const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))

interface HttpWiring
  extends Pick<VidimusServer, 'config' | 'publish' | 'pending' | 'trust' | 'directory' | 'registration'> {
  contexts: Contexts
  keys: SigningKeys
  network: NetworkClient
  provenance: Provenance
  baseUrl: string
  mayWrite(bytes: number): boolean
}

function createHttpApp(wiring: HttpWiring) {
  const { config, contexts, publish, pending, trust, keys, directory, provenance, registration, baseUrl, mayWrite } =
    wiring
  const context = contexts.everybody
  const { storage, now, uuid, terminology } = context
  const authority = authorityAt(baseUrl, { config, storage, trust, network: wiring.network, now, tell })
  return createApp({
    storage,
    operations,
    context,
    viewFor: contexts.viewOf,
    settings: {
      baseUrl: `${baseUrl}/fhir`,
      ...(config.developmentToken ? { developmentToken: config.developmentToken } : {}),
      maintenance: () => config.maintenance,
      bodyLimitBytes: config.bodyLimitBytes,
      uploadFolder: uploadFolder(config, now),
      trustedProxies: config.trustedProxies,
      auditSampleRate: config.auditSampleRate,
      production: config.production,
      network: { isOn: config.network, hosts: config.networkHosts },
      gateways: registration.states,
      ...authority.settings,
      ...(config.keyDirectory ? { keyDirectory: () => standing(directory) } : {}),
    },
    limits: config.requestLimits,
    hooks: {
      documents: [
        ...documents({ config, context, pending, trust, keys, directory, provenance, baseUrl }),
        ...authority.documents,
      ],
      ...authority.hooks,
      mayWrite,
      tokenFor: (operation, call) => tokenReason(config.openOperations, operation, call),
      parseMap,
      readMap: readR5,
      printMap,
      checkWrite: publish.check,
      isPending: pending.isPending,
      readiness: () =>
        readiness({
          maintenance: config.maintenance,
          content: pending.state(),
          lists: trust.status(),
          unavailable: trust.keys().unavailable,
        }),
      publishedWrite: publish.writeInHand,
      completeWrites: completeWrites({ storage }),
      expandTokens: (valueSet) => searchTokens(terminology, valueSet),
      subsumedTokens: (token, direction) => subsumedTokens(terminology, token, direction),
    },
    ...(config.accessLog ? { accessLog: (entry: AccessLogEntry) => accessLines.line(JSON.stringify(entry)) } : {}),
    errorLog: ({ requestId, error }) => tell(`${requestId} ${textOf(error)}`),
    now,
    uuid,
    software,
    terminologyCapabilities: () => terminology.capabilities({ url: `${baseUrl}/fhir`, software }),
  })
}
