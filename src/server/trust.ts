import { join } from 'node:path'
import type { Config } from '../config.ts'
import { demoTrustSources } from '../demo/demo-issuer.ts'
import type { OpenGateway } from '../gateway/open-gateway.ts'
import type { NetworkClient } from '../network/network-client.ts'
import { isOfGateway, type TrustReaders, type TrustSource } from '../trust/lists/trust-source.ts'
import { createBatchStore } from '../trust/revocation/gateway/batch-store.ts'
import { fileReaders, loadTrustLists, type Trust } from '../trust/trust.ts'
import { createCopyStore, fileDisk, fileName } from '../trust/upkeep/copy-store.ts'
import { openGateways } from './gateway.ts'

/** Folder of last good copies, below DATA_DIR. */
const FOLDER = 'trust'
/** Time for one document, in milliseconds, waiting for its turn included. */
const FETCH_MILLISECONDS = 30_000

/** What trust lists are read with. */
interface TrustParts {
  /** The way out; absent: remote lists are read from their copies. */
  network?: NetworkClient
  /** Whether last good copies are written: by servers, and by who refreshes them. */
  keepsCopies?: boolean
  /** Gateways of the configuration; absent: they are opened where a source names one. */
  gateways?: readonly OpenGateway[]
  /** Breaks off what is being fetched. */
  closing?: AbortSignal
}

/** The trust sources of a configuration. Without any a development server trusts the issuer that it made itself; a production server nobody. */
export const configuredSources = (config: Config): TrustSource[] =>
  config.trustLists?.map((source) => ({ ...settingsOfGateway(source, config), ...source })) ??
  (config.production ? [] : demoTrustSources(config.dataDir, new Date()))

/** What the settings of a gateway say of its list holds, where the source does not say otherwise. */
function settingsOfGateway({ kind, location }: TrustSource, { gateways }: Config) {
  const { mode, withFederation } = gateways.find(({ id }) => id === location) ?? {}
  if (kind !== 'gateway' && kind !== 'issuers') return {}
  return {
    ...(kind === 'gateway' && mode ? { mode } : {}),
    ...(withFederation === undefined ? {} : { withFederation }),
  }
}

/** Last good copies of a configuration. */
export const configuredCopies = (config: Pick<Config, 'dataDir'>) => createCopyStore(join(config.dataDir, FOLDER))

/** Reads the trust lists of a configuration, without a store: files, and the last good copies of what is remote. */
export async function loadConfiguredTrust(config: Config, parts: TrustParts = {}): Promise<Trust> {
  const { network, keepsCopies = false, closing } = parts
  const sources = configuredSources(config)
  const gateways = parts.gateways ?? (sources.some(isOfGateway) ? await openGateways(config, () => new Date()) : [])
  const readers: TrustReaders = {
    ...fileReaders,
    ...(config.network && network ? { fetch: fetchThrough(network, closing) } : {}),
    gateway: gatewaysById(gateways),
    batches: (name) => createBatchStore(join(config.dataDir, FOLDER, `${fileName(name)}.batches`), fileDisk),
  }
  return loadTrustLists(sources, {
    now: () => new Date(),
    readers,
    copies: configuredCopies(config),
    keepsCopies,
  })
}

/** What trust sources are given of gateways. */
function gatewaysById(gateways: readonly OpenGateway[]): NonNullable<TrustReaders['gateway']> {
  const byId = new Map(gateways.map(({ client, anchors }) => [client.id, { ...client, anchors }]))
  return (id) => byId.get(id)
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
