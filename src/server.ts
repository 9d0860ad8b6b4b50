/**
 * Composition root: the only place that opens a store, reads trust lists and gives each room what it needs of the
 * others. Everything here is wiring; what the server does stands in the rooms.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import product from '../package.json' with { type: 'json' }
import type { After } from './base/after.ts'
import { type Config, publicAddress } from './config.ts'
import type { CredentialFormat } from './credentials/credential-format.ts'
import { specimenDocuments } from './demo/specimen-documents.ts'
import { uploadFolder } from './files/upload-folder.ts'
import { createApp } from './http/app.ts'
import { createNetworkClient } from './network/network-client.ts'
import type { OperationContext } from './operations/context.ts'
import { tokenReason } from './operations/open-operations.ts'
import type { SigningKeys } from './provenance/keys.ts'
import { createPendingContent, type PendingContent } from './publish/base-content/pending.ts'
import { createPublish, type Publish } from './publish/publish.ts'
import type { Rules } from './rules/rules.ts'
import { authorityAt, authorityWarnings } from './server/authority.ts'
import { shareIndexes } from './server/content/shared-indexes.ts'
import { createContexts } from './server/context.ts'
import { keyDirectory, standing } from './server/directory.ts'
import { documents } from './server/documents.ts'
import { createAuditFeeds } from './server/front/audit-feeds.ts'
import { createFront, type Front } from './server/front/front.ts'
import { idleSettings } from './server/front/idle-settings.ts'
import { createLog, type Tell } from './server/front/log.ts'
import { readinessOf, shownBy } from './server/front/shown.ts'
import { createRegistration, gatewayDownloads, openGateways, type Registration } from './server/gateway.ts'
import { createVerifierKits } from './server/kit/verifier-kits.ts'
import { guardLives } from './server/lifecycle.ts'
import { createMirror, listsOf, type Mirror, type RunBeside, ruleSuppliers } from './server/mirror.ts'
import { createProvenance, type Provenance, signingKeys } from './server/provenance.ts'
import { completeWrites } from './server/publication.ts'
import { createSignatures, type Signatures } from './server/signatures.ts'
import { loadConfiguredTrust, trustsDemonstration } from './server/trust.ts'
import { openAnnouncedHistory } from './server/workers/announce.ts'
import { asTheLead, workBeside } from './server/workers/lead-work.ts'
import { createReplica, jobsOfReplica } from './server/workers/replicas.ts'
import { alone, type Together } from './server/workers/together.ts'
import { findByCanonical as find } from './storage/find-artefacts.ts'
import { guardCopies } from './storage/guard-copies.ts'
import { isElsewhere, openStorage } from './storage/open.ts'
import type { Storage } from './storage/storage.ts'
import { parseMap, printMap, readR5 } from './structure-map/maps.ts'
import { searchTokens, subsumedTokens } from './terminology/expand-codes.ts'
import type { KeyDirectory } from './trust/directory/key-directory.ts'
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
  /** Signatures on artefacts. */
  signed: Signatures
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
  /** Says in `/ready` from now on that it is about to end, and goes on answering. */
  drain(): void
  /** Finishes requests under way, ends workers, closes the store. */
  close(): Promise<void>
}

/** What an embedder may bring along. */
export interface ServerParts {
  /** The clock by which trust lists are read again, by default the process's. */
  after?: After
  /** The credential formats that are read, by default all that this software knows. */
  formats?: readonly CredentialFormat[]
  /** What stands between verdicts and rules, and sees what they are asked: for tests of rules. */
  aroundRules?: (rules: Rules) => Rules
  /** Runs a command beside the server; without it the server's own thread does that work. */
  beside?: RunBeside | undefined
  /** Other processes that serve together with this one; by default there are none. */
  together?: Together
}

/**
 * Makes a server of a configuration: opens the store, reads the trust lists, wires the rooms. It does not load
 * content and does not listen.
 * @throws Error when the store cannot be opened
 */
export async function createServer(config: Config, parts: ServerParts = {}): Promise<VidimusServer> {
  let port = config.plainHttp ? config.port : (config.tls?.port ?? config.port)
  const baseUrl = () => publicAddress({ ...config, port, tls: config.tls && { ...config.tls, port } })
  const rooms = await openRooms(config, parts, baseUrl)
  const { front, contexts, beside, directory, keys } = rooms
  const newApp = () => createHttpApp({ ...rooms, config, baseUrl: baseUrl() })
  let app = newApp()
  front.show(shownBy({ ...rooms, config, now, recorder: () => app.audit, sinks: rooms.audit.sinks }))
  for (const warning of [...authorityWarnings({ config }), ...idleSettings(config)])
    rooms.together.tell(rooms.log.tell)(`warning: ${warning}`, 'warn')
  return {
    ...contexts.authors,
    ...rooms,
    // Who embeds the server answers for what he deletes; requests are judged.
    storage: rooms.plain,
    config,
    signing: keys,
    handler: (message, response) => app.handler(message, response),
    async listen() {
      await rooms.replica?.check()
      const listening = (await front.listen((message, response) => app.handler(message, response))) ?? port
      if (listening !== port) {
        port = listening
        const former = app
        app = newApp()
        await former.close()
        await former.audit.flush()
      }
      await beside.start()
      if (config.keyDirectory) directory.start(parts.after)
      return baseUrl()
    },
    ports: front.ports,
    reload: front.reload,
    drain: front.drain,
    async close() {
      rooms.closing.abort()
      await Promise.all([beside.close(), directory.close()])
      await front.close()
      // Of a program that embeds this server the connections are its own.
      await app.endRequests()
      rooms.network.close()
      await app.close()
      await app.audit.flush()
      await contexts.close()
      await rooms.storage.close()
    },
  }
}

const now = () => new Date()

/** Opens the store, reads keys and lists, and gives each room what it needs of the others. */
async function openRooms(config: Config, given: ServerParts, baseUrl: () => string) {
  const { after, formats, aroundRules, together = alone } = given
  mkdirSync(config.dataDir, { recursive: true })
  const log = createLog(config, now)
  const tell = together.tell(log.tell)
  const configured = await signingKeys(config, now)
  const front = await createFront(config, { log, software, now, together })
  const gateways = await openGateways(config, now)
  const opened = await openShared(config, { front, tell })
  const plain = guardCopies(opened, ruleSuppliers(config))
  const storage = guardLives(plain, () => contexts.authors.rules)
  const network = createNetworkClient({ isOn: config.network, hosts: config.networkHosts })
  const closing = new AbortController()
  const gateway = gatewayDownloads(config, gateways)
  const own = { software: `${software.name} ${software.version}`, now, tell }
  const { history, ...announced } = openAnnouncedHistory({ config, together, ...own })
  const trust = await loadConfiguredTrust(config, {
    network,
    keepsCopies: together.isLead,
    gateway,
    closing: closing.signal,
    remember: announced.remember,
  })
  const signed = await createSignatures({ config, storage, trust, keys: configured, baseUrl, software, now })
  const { keys } = signed
  const pending = createPendingContent(storage.derived)
  const provenance = madeAt(baseUrl, (address) =>
    createProvenance({ config, storage, keys, refresh: signed.revocations.refresh, software, now }, address),
  )
  const trustedReference: OperationContext['trustedReference'] = (version, domain) =>
    provenance().trustedReference(version, domain)
  const vouching = { trustedReference, baseUrl: () => `${baseUrl()}/fhir`, ...signed.context, verifierKits: () => kits }
  const guarded = (store: Storage) => guardCopies(store, ruleSuppliers(config))
  const past = { config, history, opened, guarded, signed, ...own }
  const wiring = { config, storage, trust, pending, network, now, past, bringIndex: opened.bringIndex, ...vouching }
  const contexts = createContexts({ ...wiring, aroundRules, ...(formats ? { formats } : {}) })
  const kits = createVerifierKits({ ...wiring, contexts, signed, address: baseUrl })
  const context = contexts.authors
  const publish = createPublish({
    ...context,
    maps: context.verdictMaps,
    codesOf: context.validation.codesOf,
    find: (type, canonical) => find(storage, type, canonical),
    drafts: config.drafts,
    unsigned: signed.unsigned,
  })
  const parts = { config, network, pending, now, after, beside: given.beside, tell }
  const manifests = async () => (keys.current() ? await provenance().manifests() : undefined)
  const registration = asTheLead(createRegistration({ ...parts, gateways, storage, baseUrl, manifests }), together)
  const mirror = createMirror({ ...parts, gateways: listsOf(gateways), storage: opened, publish, trust })
  const directory = keyDirectory({ config, storage, trust, keys, baseUrl, now, tell })
  const audit = createAuditFeeds({ ...parts, storage: opened, software: own.software, baseUrl })
  const replica = createReplica({ config, records: plain.records, signing: keys, tell, group: together.group })
  const work = { config, together, trust, tell, after, announced, audit, registration, mirror, replica }
  const beside = workBeside(work)
  const shared = { log, front, audit, together, beside, replica, storage, network, closing, trust, signed }
  return { ...shared, keys, pending, provenance, contexts, plain, publish, registration, mirror, directory }
}

/** The store, watched, with its large indexes shared among replicas. */
async function openShared(config: Config, { front, tell }: { front: Pick<Front, 'watchStore'>; tell: Tell }) {
  return shareIndexes(front.watchStore(await openStorage(config.storageUrl, config)), { config, tell })
}

/** What is made for a public address, and anew when that is another: it is known when the server listens. */
function madeAt<T>(baseUrl: () => string, make: (address: string) => T): () => T {
  let made: { address: string; it: T } | undefined
  return () => {
    const address = baseUrl()
    if (made?.address !== address) made = { address, it: make(address) }
    return made.it
  }
}

interface HttpWiring extends Omit<Awaited<ReturnType<typeof openRooms>>, 'mirror' | 'closing'> {
  config: Config
  baseUrl: string
}

function createHttpApp(wiring: HttpWiring) {
  const { config, contexts, publish, pending, trust, signed, directory, registration, baseUrl } = wiring
  const { front, log } = wiring
  const provenance = wiring.provenance()
  const context = contexts.everybody
  const { storage, now, uuid, terminology } = context
  const authority = authorityAt(baseUrl, {
    config,
    storage: wiring.storage,
    trust,
    network: wiring.network,
    now,
    tell: log.tell,
  })
  return createApp({
    storage,
    operations: front.operations,
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
      hasSpecimens: trustsDemonstration(config),
      network: { isOn: config.network, hosts: config.networkHosts },
      jurisdiction: config.jurisdiction,
      gateways: registration.states,
      ...front.settings,
      ...authority.settings,
      ...(config.keyDirectory ? { keyDirectory: () => standing(directory) } : {}),
    },
    limits: config.requestLimits,
    hooks: {
      ...front.hooks,
      documents: front.documents([
        ...documents({ ...wiring, context, provenance, refresh: signed.revocations.refresh }),
        ...authority.documents,
        ...(trustsDemonstration(config) ? [specimenDocuments({ dataDir: config.dataDir, now })] : []),
      ]),
      ...authority.hooks,
      tokenFor: (operation, call) => tokenReason(config.openOperations, operation, call),
      parseMap,
      readMap: readR5,
      printMap,
      checkWrite: publish.check,
      jobsElsewhere: isElsewhere(config.storageUrl)
        ? jobsOfReplica(config, wiring.storage.records, wiring.together.jobs)
        : wiring.together.jobs,
      isPending: pending.isPending,
      contentEpoch: () => pending.epoch() + signed.context.guard.epoch(),
      readiness: () => readinessOf(wiring),
      publishedWrite: publish.writeInHand,
      completeWrites: completeWrites({ storage: wiring.storage, complete: signed.complete }),
      expandTokens: (valueSet) => searchTokens(terminology, valueSet),
      subsumedTokens: (token, direction) => subsumedTokens(terminology, token, direction),
    },
    ...(front.answered ? { accessLog: front.answered } : {}),
    errorLog: log.error,
    now,
    uuid,
    software,
    terminologyCapabilities: () => terminology.capabilities({ url: `${baseUrl}/fhir`, software }),
  })
}
