/** Hosts that an operator names one by one: the only exception to the rules on ports and addresses (setting NETWORK_HOSTS). */

import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { pemCertificates } from '../base/crypto/pem.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { unknownMember } from '../base/nearest.ts'

/** One host that may be reached on its port, whatever its address is. */
export interface NetworkHost {
  /** Name in lower case, as it stands in addresses and in the host's certificate. */
  host: string
  port: number
  /** IP address to connect to in place of what the name resolves to. */
  address?: string
  /** PEM certificates of the authorities that its certificate is held against in place of the public ones. */
  ca?: string
}

/** A name of letters, digits and hyphens (RFC 952, RFC 1123); an underscore occurs in the field. */
const NAME = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/

/** Whether a text is the name of a host in lower case, and no IP address in any spelling that resolvers understand. */
export function isHostName(text: string): boolean {
  // A last label of digits alone, or in hexadecimal, is read as a number (WHATWG URL, ends in a number).
  return NAME.test(text) && isIP(text) === 0 && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(text)
}

/**
 * Reads the setting.
 * @param readFile reads a file of certificates that `ca` names
 * @throws Error whose message has one problem a line
 */
export function parseNetworkHosts(text: string, readFile: (path: string) => string): NetworkHost[] {
  const entries = parsed(text)
  const problems: string[] = []
  const hosts = entries.flatMap((entry, at) => {
    const host = readEntry(entry, readFile)
    if (typeof host !== 'string') return [host]
    problems.push(`entry ${at + 1}: ${host}`)
    return []
  })
  const names = hosts.map(({ host, port }) => `${host}:${port}`)
  for (const twice of new Set(names.filter((name, at) => names.indexOf(name) !== at)))
    problems.push(`${twice} is named twice`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return hosts
}

function parsed(text: string): Json[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  if (Array.isArray(json)) return json
  throw new Error('a JSON array of {"host", "port", "address"?, "ca"?} is wanted')
}

const members = ['host', 'port', 'address', 'ca']

function readEntry(entry: Json, readFile: (path: string) => string): NetworkHost | string {
  if (!isJsonObject(entry)) return 'an object with host and port is wanted'
  const unknown = Object.keys(entry).find((name) => !members.includes(name))
  if (unknown !== undefined) return unknownMember(unknown, members)
  const { host, port, address, ca } = entry
  if (typeof host !== 'string' || !isHostName(host.toLowerCase()))
    return 'host must be a name (an IP address goes into address)'
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    return 'port must be a number from 1 to 65535'
  if (address !== undefined && (typeof address !== 'string' || isIP(address) === 0))
    return 'address must be an IP address'
  const read: NetworkHost = { host: host.toLowerCase(), port, ...(address === undefined ? {} : { address }) }
  if (ca === undefined) return read
  const certificates = typeof ca === 'string' ? readAuthorities(ca, readFile) : undefined
  return certificates === undefined
    ? 'ca must be PEM certificates, or a file that holds them'
    : { ...read, ca: certificates }
}

function readAuthorities(ca: string, readFile: (path: string) => string): string | undefined {
  try {
    const found = pemCertificates(ca.includes('-----BEGIN') ? ca : readFile(ca))
    for (const each of found) new X509Certificate(each)
    return found.length > 0 ? found.join('\n') : undefined
  } catch {
    return undefined // no such file, or no certificate in it: the caller says what is wanted
  }
}
