/**
 * RC2 (RFC 2268), decryption alone: older tools keep the certificates of a PKCS#12 file in it, and Node's openssl knows it no longer. It
 * protects nothing here: what it hides are certificates.
 */

/** PITABLE of RFC 2268, 2, as hexadecimal text. */
const PITABLE = Buffer.from(
  [
    'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2',
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82',
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626',
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7',
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec',
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731',
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9',
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  ].join(''),
  'hex',
)
const BLOCK = 8
const SHIFTS = [1, 2, 3, 5] as const

/**
 * Decrypts in CBC mode; the padding of RFC 8018, 6.1.1 is taken off. All bits of the key are effective.
 * @throws RangeError when the bytes are no whole blocks, or their padding is none
 */
export function decryptRc2(bytes: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  if (bytes.length === 0 || bytes.length % BLOCK !== 0) throw new RangeError('no whole blocks')
  const words = expandedKey(key)
  const plain = Buffer.alloc(bytes.length)
  let previous = iv
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK)
    decryptBlock(block, words).forEach((byte, index) => {
      plain[at + index] = byte ^ (previous[index] ?? 0)
    })
    previous = block
  }
  const padding = plain.at(-1) ?? 0
  const isPadded = padding >= 1 && padding <= BLOCK && plain.subarray(-padding).every((byte) => byte === padding)
  if (!isPadded) throw new RangeError('no padding')
  return plain.subarray(0, -padding)
}

/** Key expansion (RFC 2268, 2) to 64 words. */
function expandedKey(key: Uint8Array): Uint16Array {
  const size = key.length
  const bytes = Buffer.alloc(128)
  bytes.set(key)
  const at = (index: number) => bytes[index] ?? 0
  for (let index = size; index < 128; index++) bytes[index] = PITABLE[(at(index - 1) + at(index - size)) & 0xff] ?? 0
  bytes[128 - size] = PITABLE[at(128 - size)] ?? 0
  for (let index = 127 - size; index >= 0; index--) bytes[index] = PITABLE[at(index + 1) ^ at(index + size)] ?? 0
  return Uint16Array.from({ length: 64 }, (_, index) => bytes.readUInt16LE(2 * index))
}

/** One block (RFC 2268, 4): 5, 6 and 5 rounds of mixing with a mash between. */
function decryptBlock(block: Uint8Array, words: Uint16Array): Uint8Array {
  const input = Buffer.from(block)
  const registers = Uint16Array.from([0, 2, 4, 6].map((at) => input.readUInt16LE(at)))
  const register = (index: number) => registers[index & 3] ?? 0
  let next = 63
  const mix = () => {
    for (let index = 3; index >= 0; index--) {
      const shift = SHIFTS[index] ?? 0
      const turned = (register(index) >>> shift) | (register(index) << (16 - shift))
      const [one, two, three] = [register(index + 3), register(index + 2), register(index + 1)]
      registers[index] = turned - (words[next--] ?? 0) - (one & two) - (~one & three)
    }
  }
  const mash = () => {
    for (let index = 3; index >= 0; index--) registers[index] = register(index) - (words[register(index + 3) & 63] ?? 0)
  }
  for (const rounds of [5, 6, 5]) {
    for (let round = 0; round < rounds; round++) mix()
    if (next >= 0) mash()
  }
  const output = Buffer.alloc(BLOCK)
  registers.forEach((word, index) => {
    output.writeUInt16LE(word, 2 * index)
  })
  return output
}
