import { join } from 'node:path'
import type { Config } from '../config.ts'
import { demoTrustSources } from '../demo/demo-issuer.ts'
import type { NetworkClient } from '../network/network-client.ts'
import { type TrustReaders, type TrustSource, UndeliveredSource } from '../trust/lists/trust-source.ts'
import { createBatchStore } from '../trust/revocation/gateway/batch-store.ts'
import { fileReaders, loadTrustLists, type Trust, type TrustOptions } from '../trust/trust.ts'
import { createCopyStore, fileDisk, fileName } from '../trust/upkeep/copy-store.ts'
import { offlineGateways } from './offline-gateways.ts'

/** Folder of last good copies, below DATA_DIR. */
const FOLDER = 'trust'
/** Time for one document, in milliseconds, waiting for its turn included. */
const FETCH_MILLISECONDS = 30_000

/** What trust lists are read with. */
interface TrustParts {
  /** The way out; absent: remote lists are read from their copies. */
  network?: NetworkClient
  /** Whether last good copies are written: by servers, and by who refreshes them. */
  keepsCopies?: TrustOptions['keepsCopies']
  /** Gateways of the configuration that can be asked; what came from others before is read all the same. */
  gateway?: TrustReaders['gateway']
  /** Told of what is about to count. */
  remember?: TrustOptions['remember']
  /** Breaks off what is being fetched. */
  closing?: AbortSignal
}

/** Whether the issuer that a development server made itself is all that it trusts. */
export const trustsDemonstration = ({ trustLists, production }: Pick<Config, 'trustLists' | 'production'>): boolean =>
  trustLists === undefined && !production

/** The trust sources of a configuration. Without any a development server trusts the issuer that it made itself; a production server nobody. */
export const configuredSources = (config: Config): TrustSource[] =>
  config.trustLists?.map((source) => asItsGateway(source, config)) ??
  (trustsDemonstration(config) ? demoTrustSources(config.dataDir, new Date()) : [])

/** A source of a gateway does as the gateway's own settings say, where it says nothing else. */
function asItsGateway(source: TrustSource, { gateways }: Pick<Config, 'gateways'>): TrustSource {
  const gateway = gateways.find(({ id }) => id === source.location)
  if (!gateway || (source.kind !== 'gateway' && source.kind !== 'issuers')) return source
  const { mode, withFederation } = gateway
  return { withFederation, ...(source.kind === 'gateway' ? { mode } : {}), ...source }
}

/** Last good copies of a configuration. */
export const configuredCopies = (config: Pick<Config, 'dataDir'>) => createCopyStore(join(config.dataDir, FOLDER))

/** Reads the trust lists of a configuration, without a store: files, and the last good copies of what is remote. */
export function loadConfiguredTrust(config: Config, parts: TrustParts = {}): Promise<Trust> {
  const { network, keepsCopies = false, closing } = parts
  const offline = offlineGateways(config)
  const readers: TrustReaders = {
    ...fileReaders,
    ...(config.network ? { fetch: network ? fetchThrough(network, closing) : asksNobody } : {}),
    gateway: (id) => parts.gateway?.(id) ?? offline(id),
    batches: (name) => createBatchStore(join(config.dataDir, FOLDER, `${fileName(name)}.batches`), fileDisk),
  }
  return loadTrustLists(configuredSources(config), {
    now: () => new Date(),
    readers,
    copies: configuredCopies(config),
    keepsCopies,
    ...(parts.remember ? { remember: parts.remember } : {}),
  })
}

/** Of a command that only reads what was kept. */
const asksNobody: NonNullable<TrustReaders['fetch']> = async () => {
  throw new UndeliveredSource('it is not asked for by this command')
}

function fetchThrough(network: NetworkClient, closing?: AbortSignal): NonNullable<TrustReaders['fetch']> {
  return ({ url, headers, maxBytes }) => {
    const timeout = AbortSignal.timeout(FETCH_MILLISECONDS)
    const signal = closing ? AbortSignal.any([timeout, closing]) : timeout
    // Each host has turns of its own: many lists at a time are no crowd.
    const client = `trust lists of ${URL.parse(url)?.host ?? ''}`
    return network.request({ url, maxBytes, signal, client, ...(headers ? { headers } : {}) })
  }
}
