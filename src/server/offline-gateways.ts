import type { Config } from '../config.ts'
import { readAnchors } from '../gateway/open-gateway.ts'
import type { GatewayDownloads } from '../trust/lists/gateway-source.ts'
import { UndeliveredSource } from '../trust/lists/trust-source.ts'

/**
 * Gateways of the configuration that nobody can ask: their anchors prove what was downloaded before. No key of ours is opened for it.
 * What is found throws the error of the file system when an anchor cannot be read.
 */
export function offlineGateways({ gateways }: Pick<Config, 'gateways'>): (id: string) => GatewayDownloads | undefined {
  const refuse = () =>
    Promise.reject(new UndeliveredSource('the gateway is not asked here, or the network is off (NETWORK=off)'))
  return (id) => {
    const found = gateways.find((each) => each.id === id)
    return (
      found && {
        id,
        country: found.country,
        anchors: found.anchors.flatMap(readAnchors),
        certificates: refuse,
        issuers: refuse,
        revocationList: refuse,
        revocationBatch: refuse,
      }
    )
  }
}
