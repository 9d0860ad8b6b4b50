import { followLink } from '../credentials/health-link/follow.ts'
import type { EvaluateEnvironment } from '../evaluate/environment.ts'
import type { NetworkClient } from '../network/network-client.ts'
import { createMessageSigner } from '../network/own-key.ts'

/** Time for everything that is behind one link, in milliseconds. */
const LINK_MILLISECONDS = 60_000

/** What following links needs. */
interface LinkFollowerOptions {
  network: NetworkClient
  /** Where the key of this server is kept. */
  dataDir: string
  now(): Date
}

/** Follows health links through the guarded client, known to sharers by the key of this server. */
export function linkFollower(options: LinkFollowerOptions): NonNullable<EvaluateEnvironment['followLink']> {
  const { network, dataDir, now } = options
  const sign = createMessageSigner(dataDir, now)
  return (link, question) => {
    const signal = AbortSignal.timeout(LINK_MILLISECONDS)
    return followLink(link, question, {
      request: (asked) => network.request({ ...asked, signal }),
      sign,
      isListed: network.isListed,
    })
  }
}
