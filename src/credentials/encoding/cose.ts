import { type CborLimits, type CborMap, type CborValue, decodeCbor } from './cbor.ts'

/** A COSE_Sign1 structure (RFC 9052, 4.2), taken apart. */
interface CoseSign1 {
  /** Serialised protected header exactly as received: it is signed in this form. */
  protectedBytes: Uint8Array
  /** Header parameters `alg` and `kid` (RFC 9052, 3.1). */
  algorithm: CborValue
  keyId: CborValue
  payload: Uint8Array
  signature: Uint8Array
}

/** Header labels (RFC 9052, 3.1). */
export const coseLabels = { alg: 1, crit: 2, kid: 4 } as const

const TAG_SIGN1 = 18
const TAG_CWT = 61

/**
 * Takes a COSE_Sign1 apart: any nesting of the tags 18 and 61 around an array of bstr, map, bstr, bstr. A text says what is
 * wrong with it, without quoting it.
 */
export function parseSign1(bytes: Buffer, limits: CborLimits): CoseSign1 | string {
  const decoded = decodeCbor(bytes, limits)
  if (!decoded) return 'not a single well-formed CBOR item'
  let item = decoded.value
  while (isTagged(item)) {
    if (item.tag !== TAG_SIGN1 && item.tag !== TAG_CWT) return `CBOR tag ${item.tag} is not COSE_Sign1`
    item = item.value
  }
  if (!Array.isArray(item) || item.length !== 4) return 'not an array of four'
  const [protectedBytes, unprotectedHeader, payload, signature] = item
  if (!(protectedBytes instanceof Uint8Array)) return 'protected header is not a byte string'
  if (!(unprotectedHeader instanceof Map)) return 'unprotected header is not a map'
  if (!(payload instanceof Uint8Array)) return 'payload is not a byte string'
  if (!(signature instanceof Uint8Array)) return 'signature is not a byte string'
  const protectedHeader = parseProtected(protectedBytes, limits)
  if (!protectedHeader) return 'protected header is not a well-formed map'
  if (protectedHeader.has(coseLabels.crit) || unprotectedHeader.has(coseLabels.crit)) return 'critical header parameter'
  // The protected header wins when both have a parameter; published test codes have either in either.
  const parameter = (label: number) => (protectedHeader.has(label) ? protectedHeader : unprotectedHeader).get(label)
  const [algorithm, keyId] = [parameter(coseLabels.alg), parameter(coseLabels.kid)]
  return { protectedBytes, algorithm, keyId, payload, signature }
}

function isTagged(item: CborValue): item is { tag: number | bigint; value: CborValue } {
  return typeof item === 'object' && item !== null && 'tag' in item
}

/** An empty byte string is an empty map (RFC 9052, 3). */
function parseProtected(bytes: Uint8Array, limits: CborLimits): CborMap | undefined {
  if (bytes.length === 0) return new Map()
  const decoded = decodeCbor(asBuffer(bytes), limits)
  return decoded?.value instanceof Map ? decoded.value : undefined
}

/** Array of four, text of ten characters `Signature1`. */
const SIGNATURE1 = Buffer.concat([Buffer.from([0x84, 0x6a]), Buffer.from('Signature1', 'latin1')])

/** The signed bytes: CBOR of ["Signature1", protected header as received, empty external data, payload] (RFC 9052, 4.4). */
export function signedBytes(protectedBytes: Uint8Array, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(SIGNATURE1.length + 11 + protectedBytes.length + payload.length)
  let at = SIGNATURE1.copy(out, 0)
  at = writeByteString(out, at, protectedBytes)
  out[at++] = 0x40
  at = writeByteString(out, at, payload)
  return out.subarray(0, at)
}

/** Writes a CBOR byte string in its shortest form; lengths beyond 2^32 cannot occur within the limits. */
function writeByteString(out: Buffer, start: number, bytes: Uint8Array): number {
  let at = start
  if (bytes.length < 24) out[at++] = 0x40 | bytes.length
  else if (bytes.length < 0x100) {
    out[at++] = 0x58
    out[at++] = bytes.length
  } else if (bytes.length < 0x10000) {
    out[at++] = 0x59
    at = out.writeUInt16BE(bytes.length, at)
  } else {
    out[at++] = 0x5a
    at = out.writeUInt32BE(bytes.length, at)
  }
  out.set(bytes, at)
  return at + bytes.length
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
