/** ECDSA signatures as SEQUENCE of two INTEGERs (RFC 3279 §2.2.3), which the clients of these endpoints verify. */

/** Signs lists. */
export interface ListSigner {
  /** Changes when another key signs. */
  keyId: string
  /** SubjectPublicKeyInfo, DER. */
  publicKey: Buffer
  /** ECDSA with SHA-256, DER. */
  sign(bytes: Uint8Array): Promise<Buffer>
}

/**
 * The DER form of a signature that is r‖s, as JOSE has it (RFC 7518 §3.4).
 * @throws RangeError when it does not have two halves
 */
export function derSignature(joined: Uint8Array): Buffer {
  if (joined.length === 0 || joined.length % 2 !== 0) throw new RangeError('a signature must have two equal halves')
  const half = joined.length / 2
  const parts = Buffer.concat([integer(joined.subarray(0, half)), integer(joined.subarray(half))])
  return Buffer.concat([Buffer.from([0x30]), lengthOf(parts), parts])
}

function integer(bytes: Uint8Array): Buffer {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first++
  const shortest = bytes.subarray(first)
  // A first bit that is set would make it negative.
  const value = (shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), shortest]) : Buffer.from(shortest)
  return Buffer.concat([Buffer.from([0x02]), lengthOf(value), value])
}

/** DER length; a signature of a curve of 521 bits needs two octets. */
const lengthOf = ({ length }: Uint8Array): Buffer => Buffer.from(length < 0x80 ? [length] : [0x81, length])
