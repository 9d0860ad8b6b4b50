/**
 * An ECDSA signature r‖s, as COSE and JOSE write it (RFC 7518, 3.4), in the ASN.1 DER form that OpenSSL works with and the lists of the
 * network hold (RFC 3279, 2.2.3). Node can convert by itself (`dsaEncoding: 'ieee-p1363'`), but asks OpenSSL for the key's group each
 * time, which takes a third of a whole verification.
 * @param joined two halves of at most 66 bytes (P-521)
 * @throws RangeError when it does not have two halves of such a length
 */
export function derSignature(joined: Uint8Array): Buffer {
  if (joined.length === 0 || joined.length % 2 !== 0 || joined.length > LONGEST_BYTES)
    throw new RangeError('a signature must have two equal halves')
  const half = joined.length / 2
  const der = Buffer.allocUnsafe(joined.length + 9)
  // Up to P-384 the content fits a one-byte length; P-521 needs the long form. Write content first, behind a header of 3.
  const middle = writeInteger(der, 3, joined.subarray(0, half))
  const end = writeInteger(der, middle, joined.subarray(half))
  const length = end - 3
  const start = length < 0x80 ? 1 : 0
  der[start] = 0x30
  if (length >= 0x80) der[1] = 0x81
  der[2] = length
  return der.subarray(start, end)
}

const LONGEST_BYTES = 132

/** Writes an unsigned integer without superfluous zeros, with one where the sign bit would be set. */
function writeInteger(der: Buffer, start: number, magnitude: Uint8Array): number {
  let first = 0
  while (first < magnitude.length - 1 && magnitude[first] === 0) first++
  const pad = (magnitude[first] ?? 0) >= 0x80 ? 1 : 0
  der[start] = 0x02
  der[start + 1] = magnitude.length - first + pad
  if (pad) der[start + 2] = 0
  der.set(magnitude.subarray(first), start + 2 + pad)
  return start + 2 + pad + magnitude.length - first
}
