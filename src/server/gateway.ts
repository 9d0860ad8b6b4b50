/** The gateways of the configuration, and registration there of what this server publishes. */

import { randomUUID } from 'node:crypto'
import { type After, afterTimeout } from '../base/after.ts'
import { errorText } from '../base/system-error.ts'
import { type Config, ConfigError } from '../config.ts'
import { type OpenGateway, type OpenGatewayOptions, openGateway } from '../gateway/open-gateway.ts'
import type { Wanted } from '../gateway/register/decide.ts'
import { certificateOfFile, type EndpointKey, endpointKey } from '../gateway/register/endpoint-key.ts'
import { knownKeys, singleReferences } from '../gateway/register/records.ts'
import { type Registrar, startRegistrar } from '../gateway/register/registrar.ts'
import { isOfManifest, type ManifestReference, wantedReferences } from '../gateway/register/wanted.ts'
import type { GatewaySettings } from '../gateway/settings.ts'
import { type GatewayStatus, gatewayStatus } from '../gateway/status.ts'
import type { NetworkClient } from '../network/network-client.ts'
import type { NetworkReply } from '../network/network-request.ts'
import type { PendingContent } from '../publish/base-content/pending.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import type { TrustReaders } from '../trust/lists/trust-source.ts'

/** What registration needs of the other rooms. */
export interface RegistrationOptions {
  config: Config
  gateways: readonly OpenGateway[]
  storage: Storage
  network: NetworkClient
  pending: PendingContent
  now(): Date
  /** Public address without `/fhir`. */
  baseUrl(): string
  /** The manifests that are public now; undefined without a key that signs them. */
  manifests(): Promise<readonly ManifestReference[] | undefined>
  after?: After | undefined
  tell(text: string): void
}

/** This server at its gateways. */
export interface Registration {
  gateways: readonly OpenGateway[]
  /** What a gateway of a participant should list; undefined while content is being loaded. @throws Error that says what is missing */
  wanted(country: string): Promise<Wanted[] | undefined>
  /** What stands at an address that is to be registered. @throws NetworkError */
  look(url: string): Promise<NetworkReply>
  /** For `/health`. */
  states(): { id: string; state: string }[]
  status(): Promise<GatewayStatus[]>
  /** Begins to register, and goes on until the end. */
  start(): void
  close(): Promise<void>
}

/** What manifests are made of; a change of these is a publication. */
const publishedTypes = ['ValueSet', 'CodeSystem', 'ConceptMap', 'StructureMap', 'Library', 'PlanDefinition'] as const
/** What is published one after the other is told of once. */
const WAIT_MILLISECONDS = 2_000
/** Certificates that end soon are told of once a day. */
const DAY_MILLISECONDS = 86_400_000

/** Registration with these gateways, which asks nothing yet. */
export function createRegistration(options: RegistrationOptions): Registration {
  const { config, gateways, storage, now, tell } = options
  const warn = () => {
    for (const { settings, warnings } of gateways)
      for (const warning of warnings(now())) tell(`gateway ${settings.id}: ${warning}`)
    for (const warning of signingWarnings(config, gateways)) tell(warning)
  }
  const ownKey = endpointKeys(options)
  const wanted = (country: string) => wantedOf(options, ownKey, country)
  let registrar: Registrar | undefined
  let endWatch = () => {}
  let warning: NodeJS.Timeout | undefined
  return {
    gateways,
    wanted,
    look: (url) => options.network.request({ url }),
    states: () =>
      registrar?.states() ??
      gateways.map(({ settings: { id } }) => ({ id, state: config.network ? 'unreachable' : 'off' })),
    status: () => gatewayStatus({ gateways, records: storage.records, isOn: config.network, now }),
    start() {
      if (!config.network || registrar || gateways.length === 0) return
      registrar = startRegistrar({
        gateways: gateways.map(({ client, upload }) => ({ client, registers: upload !== undefined })),
        records: storage.records,
        base: options.baseUrl,
        wanted,
        now,
        elapsed: () => performance.now(),
        random: Math.random,
        after: options.after ?? afterTimeout,
        tell,
        holder: randomUUID(),
      })
      endWatch = watchPublications(storage, registrar)
      warn()
      warning = setInterval(warn, DAY_MILLISECONDS).unref()
    },
    async close() {
      endWatch()
      clearInterval(warning)
      const closed = registrar?.close()
      for (const gateway of gateways) gateway.close()
      await closed
    },
  }
}

/** Tells the registrar that something was published, by whichever process. @returns what ends that */
function watchPublications(storage: Storage, registrar: Registrar): () => void {
  let seen = storage.revision(publishedTypes)
  let waiting: NodeJS.Timeout | undefined
  const tell = () => {
    waiting = undefined
    registrar.published()
  }
  const unsubscribe = storage.subscribe(() => {
    const revision = storage.revision(publishedTypes)
    if (revision === seen) return
    seen = revision
    waiting ??= setTimeout(tell, WAIT_MILLISECONDS).unref()
  })
  return () => {
    clearTimeout(waiting)
    unsubscribe()
  }
}

/**
 * Opens the keys of every gateway of the settings; asks nothing yet.
 * @throws ConfigError with every problem
 */
export async function openGateways(config: Config, now: () => Date): Promise<OpenGateway[]> {
  const problems: string[] = []
  const opened: OpenGateway[] = []
  for (const settings of config.gateways) {
    try {
      opened.push(await openConfiguredGateway(settings, { isOn: config.network, hosts: config.networkHosts, now }))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length === 0) return opened
  for (const gateway of opened) gateway.close()
  throw new ConfigError(problems)
}

/** A development server signs by a key that it made itself, and would register what nobody else believes. */
export function signingWarnings({ signing, production }: Config, gateways: readonly OpenGateway[]): string[] {
  const registers = gateways.some(({ upload }) => upload !== undefined)
  if (!registers || signing.current || production) return []
  return [
    'SIGNING_KEY is not set: what is registered at a gateway is signed by a development key, and other participants refuse it; set SIGNING_KEY and SIGNING_CERTIFICATE, for example to the upload certificate (UP)',
  ]
}

/** One gateway of the configuration. @throws ConfigError for keys that cannot be used */
export async function openConfiguredGateway(
  settings: GatewaySettings,
  options: OpenGatewayOptions,
): Promise<OpenGateway> {
  try {
    return await openGateway(settings, options)
  } catch (error) {
    throw new ConfigError(
      errorText(error)
        .split('\n')
        .map((each) => `gateway ${settings.id}: ${each}`),
    )
  }
}

/** What the trust room is given of the gateways: their downloads and anchors. Nothing of it with NETWORK=off. */
export function gatewayDownloads(
  { network }: Pick<Config, 'network'>,
  gateways: readonly OpenGateway[],
): NonNullable<TrustReaders['gateway']> {
  const byId = new Map(gateways.map(({ client, anchors }) => [client.id, { ...client, anchors }]))
  return (id) => (network ? byId.get(id) : undefined)
}

/** How this server stands at its gateways as its last run left it, without a server. @throws ConfigError for keys that cannot be used */
export async function configuredGatewayStatus(config: Config): Promise<GatewayStatus[]> {
  if (config.gateways.length === 0) return []
  const now = () => new Date()
  const gateways = await openGateways(config, now)
  const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
  try {
    return await gatewayStatus({ gateways, records: storage.records, isOn: config.network, now })
  } finally {
    for (const gateway of gateways) gateway.close()
    await storage.close()
  }
}

async function wantedOf(
  { pending, storage, manifests }: RegistrationOptions,
  ownKey: () => Promise<EndpointKey>,
  country: string,
): Promise<Wanted[] | undefined> {
  // What is still being loaded would look as if it were withdrawn.
  if (pending.state().status === 'loading') return undefined
  const [made, singles] = await Promise.all([manifests(), singleReferences(storage.records)])
  // A key that is missing by mistake would look as if everything had been withdrawn.
  if (made === undefined && (await knownKeys(storage.records)).some(isOfManifest))
    throw missing('there is no key that signs manifests (SIGNING_KEY): what is registered stays as it is')
  const found = made ?? []
  if (found.length + singles.length === 0) return []
  const sslPublicKey = found.length > 0 ? (await ownKey()).text : ''
  return wantedReferences(country, { manifests: found, singles, sslPublicKey })
}

/** What an operator has to see to before anything can be registered. */
const missing = (text: string) => Object.assign(new Error(text), { code: 'REGISTRATION' })

/** How long a certificate that was seen counts, in milliseconds of a stopwatch. */
const SEEN_MILLISECONDS = 3_600_000

/** The TLS key of the public address: that of a file, or what the address shows. */
function endpointKeys({ config, network, baseUrl, tell }: RegistrationOptions): () => Promise<EndpointKey> {
  let known: { key: EndpointKey; until: number } | undefined
  const told = (key: EndpointKey) => {
    if (key.warning !== undefined && key.warning !== known?.key.warning) tell(key.warning)
    return key
  }
  return async () => {
    if (config.publicTlsCertificate !== undefined) {
      const key = told(endpointKey(certificateOfFile(config.publicTlsCertificate)))
      known = { key, until: 0 }
      return key
    }
    if (known && performance.now() < known.until) return known.key
    const shown = await shownCertificate(network, baseUrl())
    if (typeof shown !== 'string') {
      known = { key: told(endpointKey(shown)), until: performance.now() + SEEN_MILLISECONDS }
      return known.key
    }
    if (known) return known.key // an address that is away for a moment has changed nothing
    throw missing(shown)
  }
}

/** What an address shows itself with, or why that cannot be seen. */
async function shownCertificate(network: NetworkClient, address: string): Promise<Buffer | string> {
  if (!address.startsWith('https://'))
    return 'BASE_URL must be the public https address of this server: what is registered is fetched from there'
  try {
    const { peer } = await network.request({ method: 'HEAD', url: `${address}/health` })
    return peer ?? 'the TLS certificate of BASE_URL could not be seen; set PUBLIC_TLS_CERTIFICATE'
  } catch (error) {
    return `the TLS certificate of BASE_URL could not be seen (${errorText(error)}); set PUBLIC_TLS_CERTIFICATE to its file`
  }
}
