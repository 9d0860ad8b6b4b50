/** Decrypts what a password protects: PBES2 (RFC 8018) and the older schemes of PKCS#12 (RFC 7292, B and C). */
import { createDecipheriv, createHash, pbkdf2Sync } from 'node:crypto'
import { type Element, expectTag, objectIdentifier, octets, smallInteger, tags } from './ber.ts'
import { malformed } from './cms-error.ts'
import { decryptRc2 } from './rc2.ts'

/** More rounds than any tool asks for would only hold up the process. */
const ROUNDS = 10_000_000
/** The older derivation runs in this program. */
const OLD_ROUNDS = 1_000_000
const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'

const ciphers: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
}

/** HMACs of a derivation. */
const functions: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** pbeWithSHA1And… of RFC 7292, C. */
const older: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', keyBytes: 24 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede-cbc', keyBytes: 16 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2', keyBytes: 16 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2', keyBytes: 5 },
}

/**
 * Decrypts with the scheme of an AlgorithmIdentifier.
 * @throws CmsError for a scheme that is not known; Error of node:crypto when the password does not fit
 */
export function decryptWithPassword(bytes: Uint8Array, algorithm: Element | undefined, password: string): Buffer {
  const [scheme, parameters] = expectTag(algorithm, tags.sequence, 'the encryption').children
  const name = objectIdentifier(scheme, 'the encryption')
  const { children } = expectTag(parameters, tags.sequence, 'the parameters of the encryption')
  if (name === PBES2) return decryptPbes2(bytes, children, password)
  const old = older[name]
  if (!old) return malformed('the encryption is none that is known here: PBES2, 3DES and RC2 are')
  const salt = octets(children[0], 'the salt')
  const rounds = roundsOf(children[1], OLD_ROUNDS)
  const derive = (purpose: 1 | 2, size: number) => deriveKey('sha1', { password, salt, rounds, purpose, size })
  const [key, iv] = [derive(1, old.keyBytes), derive(2, 8)]
  if (old.name === 'rc2') return decryptRc2(bytes, key, iv)
  // Two keys of 3DES are three of which the last is the first; Node knows only that spelling.
  const whole = old.name === 'des-ede-cbc' ? Buffer.concat([key, key.subarray(0, 8)]) : key
  return decrypted(bytes, 'des-ede3-cbc', whole, iv)
}

function decryptPbes2(bytes: Uint8Array, [derivation, encryption]: readonly Element[], password: string): Buffer {
  const [cipherName, iv] = expectTag(encryption, tags.sequence, 'the cipher').children
  const cipher = ciphers[objectIdentifier(cipherName, 'the cipher')]
  if (!cipher) return malformed('the cipher is none that is known here: AES and 3DES in CBC mode are')
  const key = keyByPbkdf2(derivation, password, cipher.keyBytes)
  return decrypted(bytes, cipher.name, key, octets(iv, 'the initial value'))
}

/** A key by PBKDF2 from its AlgorithmIdentifier (RFC 8018, A.2). @throws CmsError */
export function keyByPbkdf2(derivation: Element | undefined, password: string, size: number): Buffer {
  const [name, parameters] = expectTag(derivation, tags.sequence, 'the derivation of the key').children
  if (objectIdentifier(name, 'the derivation of the key') !== PBKDF2)
    malformed('the derivation of the key is none that is known here: PBKDF2 is')
  const [salt, rounds, ...more] = expectTag(parameters, tags.sequence, 'the parameters of the derivation').children
  if (more[0]?.tag === tags.integer && smallInteger(more.shift(), 'the length of the key') !== size)
    malformed('the length of the key is not that of the cipher')
  const hmac = more[0] ? functions[objectIdentifier(more[0].children[0], 'the HMAC of the derivation')] : 'sha1'
  if (!hmac) malformed('the HMAC of the derivation is none that is known here')
  return pbkdf2Sync(password, octets(salt, 'the salt'), roundsOf(rounds, ROUNDS), size, hmac)
}

/** A number of rounds. @throws CmsError */
export function roundsOf(element: Element | undefined, most: number = OLD_ROUNDS): number {
  const rounds = smallInteger(element, 'the number of rounds')
  if (rounds < 1 || rounds > most) malformed('the number of rounds is none that is computed')
  return rounds
}

function decrypted(bytes: Uint8Array, cipher: string, key: Buffer, iv: Buffer): Buffer {
  const decipher = createDecipheriv(cipher, key, iv)
  return Buffer.concat([decipher.update(bytes), decipher.final()])
}

/** What a key is derived from. */
export interface Derivation {
  password: string
  salt: Buffer
  rounds: number
  /** 1 a key, 2 an initial value, 3 a MAC key. */
  purpose: 1 | 2 | 3
  /** Bytes wanted. */
  size: number
}

/** The derivation of PKCS#12 (RFC 7292, B.2). */
export function deriveKey(digest: string, { password, salt, rounds, purpose, size }: Derivation): Buffer {
  const block = digest === 'sha384' || digest === 'sha512' ? 128 : 64
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const input = Buffer.concat([filled(salt, block), filled(text, block)])
  const diversifier = Buffer.alloc(block, purpose)
  const parts: Buffer[] = []
  for (let made = 0; made < size; ) {
    let hash = createHash(digest).update(diversifier).update(input).digest()
    for (let round = 1; round < rounds; round++) hash = createHash(digest).update(hash).digest()
    parts.push(hash)
    made += hash.length
    addToBlocks(input, filled(hash, block).subarray(0, block), block)
  }
  return Buffer.concat(parts).subarray(0, size)
}

/** Bytes repeated to a whole number of blocks. */
function filled(bytes: Buffer, block: number): Buffer {
  if (bytes.length === 0) return bytes
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes)
}

/** Adds a number and 1 to each block (RFC 7292, B.2, step 6C). */
function addToBlocks(input: Buffer, number: Buffer, block: number): void {
  for (let from = 0; from < input.length; from += block) {
    let carry = 1
    for (let at = block - 1; at >= 0; at--) {
      carry += (input[from + at] ?? 0) + (number[at] ?? 0)
      input[from + at] = carry & 0xff
      carry >>= 8
    }
  }
}
