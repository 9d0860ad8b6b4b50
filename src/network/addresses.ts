/**
 * Which addresses belong to the public internet: the special-purpose registries of IANA (RFC 6890, with what came after), read so that
 * what is not known to be public is not.
 */
import { isIP } from 'node:net'

/** A block: its first bytes, and how many bits of them count. */
type Block = readonly [first: readonly number[], bits: number]

const v4 = (text: string): Block => {
  const [address = '', bits = '32'] = text.split('/')
  return [address.split('.').map(Number), Number(bits)]
}

/** IPv4 blocks that are not public (IANA IPv4 special-purpose address registry), and multicast. */
const closedV4: readonly Block[] = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, and the metadata services of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmark
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '168.63.129.16/32', // the host of a virtual machine in one large cloud, though its block is public
].map(v4)

const v6 = (text: string): Block => {
  const [address = '', bits = '128'] = text.split('/')
  return [bytesOfV6(address) ?? [], Number(bits)]
}

/** Only this block of IPv6 is given out for the public internet (RFC 4291, 2.4; IANA IPv6 global unicast). */
const openV6: Block = [[0x20], 3]
/** Of it, these are not public, or hold an IPv4 address that a relay would go on to. */
const closedV6: readonly Block[] = [
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmark
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '2620:4f:8000::/48', // AS112
  '3ffe::/16', // 6bone, returned
  '3fff::/20', // documentation
].map(v6)

/**
 * Whether an IP address is one of the public internet. IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4, Teredo) is not: it would be
 * another way to say a private address.
 */
export function isPublicAddress(text: string): boolean {
  const kind = isIP(text)
  if (kind === 4) {
    const bytes = text.split('.').map(Number)
    return !closedV4.some((block) => contains(block, bytes))
  }
  const bytes = kind === 6 ? bytesOfV6(text) : undefined
  if (!bytes) return false
  return contains(openV6, bytes) && !closedV6.some((block) => contains(block, bytes))
}

function contains([first, bits]: Block, bytes: readonly number[]): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const left = Math.min(8, bits - bit)
    const mask = (0xff << (8 - left)) & 0xff
    const at = bit / 8
    if (((first[at] ?? 0) & mask) !== ((bytes[at] ?? 0) & mask)) return false
  }
  return true
}

/** The 16 bytes of an IPv6 address that is well-formed; undefined with a zone, which names an interface of this machine. */
function bytesOfV6(text: string): number[] | undefined {
  if (text.includes('%')) return undefined
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const [head = '', tail] = (dotted ? `${dotted[1]}0:0` : text).split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((each) => Number.parseInt(each, 16)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0)
  const bytes = [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff])
  if (dotted?.[2]) bytes.splice(12, 4, ...dotted[2].split('.').map(Number))
  return bytes.length === 16 ? bytes : undefined
}
