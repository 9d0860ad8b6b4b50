import { NetworkError } from './network-error.ts'
import type { NetworkHost } from './network-hosts.ts'
import { isHostName } from './network-hosts.ts'

/** Where one request goes. */
export interface Target {
  host: string
  port: number
  /** Path and query. */
  path: string
  /** What the operator says of this host and port, when he names them. */
  listed?: NetworkHost
}

const HTTPS_PORT = 443
/** Longest address, in characters. */
const ADDRESS_CHARACTERS = 8_000

/**
 * Reads an address: `https:` on port 443 or one that is listed for that host, a name with a dot and no IP address in any spelling
 * (decimal, octal, hexadecimal, shortened, full-width, in brackets), no user, no password. What stands after `#` is never sent.
 * @throws NetworkError `address`
 */
export function readTarget(address: string, hosts: readonly NetworkHost[]): Target {
  // The parser of URLs drops line ends and tabs and reads `\` as `/`: such an address is not what it looks like.
  const isPlain = address.length <= ADDRESS_CHARACTERS && /^https:\/\/[^\s\\]+$/i.test(address)
  const url = isPlain ? URL.parse(address) : null
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') throw new NetworkError('address')
  // An empty user (`https://@host`) leaves no trace in the parsed address.
  if (/^https:\/\/[^/?#]*@/i.test(address)) throw new NetworkError('address')
  const host = url.hostname
  const port = url.port === '' ? HTTPS_PORT : Number(url.port)
  const listed = hosts.find((each) => each.host === host && each.port === port)
  if (!isHostName(host)) throw new NetworkError('address')
  if (!listed && (port !== HTTPS_PORT || !host.includes('.'))) throw new NetworkError('address')
  return { host, port, path: `${url.pathname}${url.search}`, ...(listed ? { listed } : {}) }
}

/** Host and port as a Host header and `@authority` (RFC 9421, 2.2.3) have them. */
export const authorityOf = ({ host, port }: Pick<Target, 'host' | 'port'>): string =>
  port === HTTPS_PORT ? host : `${host}:${port}`
