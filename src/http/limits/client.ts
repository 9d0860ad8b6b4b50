import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'

/** Names the client of a request: what is limited for each is limited by this name. */
export type ClientOf = (message: IncomingMessage) => string

/**
 * Clients by address. Behind a proxy that is trusted it is the address that the proxy tells: the last one of `X-Forwarded-For` that no
 * trusted proxy added; what anybody else writes there counts for nothing. An IPv6 client is its /64 network, which one subscriber has.
 * @param trustedProxies addresses and CIDR ranges, see {@link proxyProblem}
 */
export function clientsByAddress(trustedProxies: readonly string[]): ClientOf {
  const addressOf = clientAddresses(trustedProxies)
  return (message) => networkOf(addressOf(message))
}

/** The address of a client, as {@link clientsByAddress} finds it. */
export function clientAddresses(trustedProxies: readonly string[]): (message: IncomingMessage) => string {
  const trusted = blockList(trustedProxies)
  return (message) => {
    const own = plainAddress(message.socket.remoteAddress ?? '')
    if (trustedProxies.length === 0 || !isTrusted(trusted, own)) return own
    const forwarded = message.headers['x-forwarded-for']
    const hops = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? '')).split(',').reverse()
    let client = own
    for (const hop of hops) {
      const address = plainAddress(hop.trim())
      // What is no address says nothing of who asks; the proxy itself is answerable then.
      if (isIP(address) === 0) break
      client = address
      if (!isTrusted(trusted, address)) break
    }
    return client
  }
}

/** The client of a connection; undefined for a trusted proxy, behind which there are many. */
export function connectionClients(trustedProxies: readonly string[]): (socket: Socket) => string | undefined {
  const trusted = blockList(trustedProxies)
  return ({ remoteAddress }) => {
    const address = plainAddress(remoteAddress ?? '')
    return isTrusted(trusted, address) ? undefined : networkOf(address)
  }
}

/** What is wrong with an entry of the setting; undefined when it is an address or a CIDR range. */
export function proxyProblem(entry: string): string | undefined {
  const [address = '', prefix, ...more] = entry.split('/')
  const family = isIP(address)
  const most = family === 6 ? 128 : 32
  const isRange = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most)
  return family !== 0 && isRange && more.length === 0 ? undefined : 'an IP address or CIDR range is wanted'
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function isTrusted(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** An IPv4 address as such, also when it comes as ::ffff:192.0.2.1; without brackets, port and zone. */
function plainAddress(text: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.replace(/:\d+$/, '') : text)
  return bare.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest]
  return `${all
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
