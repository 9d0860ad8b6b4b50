/**
 * Key identifiers of X.509 certificates (RFC 5280, 4.2.1.1 and 4.2.1.2), which node:crypto does not read, and whether their period can be
 * read. At the bottom of the house because credentials/ and trust/ both need them and may not import each other.
 */
import type { X509Certificate } from 'node:crypto'

/**
 * Whether both ends of the period of a certificate are times. OpenSSL takes certificates with others, and Node tells an invalid date of
 * them, which no clock is before or after, or any moment.
 */
export const hasPeriod = ({ validFrom, validTo }: X509Certificate): boolean =>
  !Number.isNaN(Date.parse(validFrom)) && !Number.isNaN(Date.parse(validTo))

/** One DER element: where its content begins and ends. */
interface Element {
  tag: number
  start: number
  end: number
}

/** Reads the element at `at`; undefined when it does not fit into `limit`. */
function readElement(der: Uint8Array, at: number, limit: number): Element | undefined {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined) return undefined
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (lengthBytes > 4) return undefined
  let length = first < 0x80 ? first : 0
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (der[at + 2 + i] ?? 0)
  const start = at + 2 + lengthBytes
  return start + length <= limit ? { tag, start, end: start + length } : undefined
}

/** The elements inside another one; stops at the first that is broken. */
function children(der: Uint8Array, parent: Element): Element[] {
  const found: Element[] = []
  for (let at = parent.start; at < parent.end; ) {
    const child = readElement(der, at, parent.end)
    if (!child) break
    found.push(child)
    at = child.end
  }
  return found
}

const EXTENSIONS_TAG = 0xa3
const BIT_STRING_TAG = 0x03
const OCTET_STRING_TAG = 0x04
const KEY_IDENTIFIER_TAG = 0x80

/** Content of an extension's value, by the DER bytes of its object identifier. */
function extensionValue(der: Uint8Array, oid: number[]): Element | undefined {
  const certificate = readElement(der, 0, der.length)
  const [body] = certificate ? children(der, certificate) : []
  const explicit = body && children(der, body).find(({ tag }) => tag === EXTENSIONS_TAG)
  const [list] = explicit ? children(der, explicit) : []
  for (const extension of list ? children(der, list) : []) {
    const [id, ...rest] = children(der, extension)
    if (!id || id.end - id.start !== oid.length || !oid.every((byte, i) => der[id.start + i] === byte)) continue
    const value = rest.find(({ tag }) => tag === OCTET_STRING_TAG)
    return value && readElement(der, value.start, value.end)
  }
  return undefined
}

/** Authority key identifier, extension 2.5.29.35: which key signed the certificate. */
export function authorityKeyIdentifier(der: Uint8Array): Uint8Array | undefined {
  const value = extensionValue(der, [0x55, 0x1d, 0x23])
  const id = value && children(der, value).find(({ tag }) => tag === KEY_IDENTIFIER_TAG)
  return id && der.subarray(id.start, id.end)
}

/** Subject key identifier, extension 2.5.29.14. */
export function subjectKeyIdentifier(der: Uint8Array): Uint8Array | undefined {
  const value = extensionValue(der, [0x55, 0x1d, 0x0e])
  return value?.tag === OCTET_STRING_TAG ? der.subarray(value.start, value.end) : undefined
}

/**
 * Whether a certificate is for digital signatures (key usage, RFC 5280 §4.2.1.3); undefined when it restricts nothing. Node's
 * `keyUsage` is the extended one.
 */
export function isForSignatures(der: Uint8Array): boolean | undefined {
  const value = extensionValue(der, [0x55, 0x1d, 0x0f])
  if (!value) return undefined
  const bits = value.tag === BIT_STRING_TAG ? der[value.start + 1] : undefined
  return bits !== undefined && (bits & 0x80) !== 0
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** Key usage, extension 2.5.29.15 (RFC 5280, 4.2.1.3); undefined when there is none that can be read. */
export function keyUsageOf(der: Uint8Array): Set<(typeof KEY_USAGES)[number]> | undefined {
  const value = extensionValue(der, [0x55, 0x1d, 0x0f])
  if (value?.tag !== BIT_STRING_TAG) return undefined
  // The first byte counts the unused bits, which are zero.
  const bits = der.subarray(value.start + 1, value.end)
  return new Set(KEY_USAGES.filter((_, at) => ((bits[at >> 3] ?? 0) & (0x80 >> (at & 7))) !== 0))
}
