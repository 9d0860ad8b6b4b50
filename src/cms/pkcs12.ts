/** Key and certificates from a PKCS#12 file (RFC 7292), as openssl and the key stores of operating systems write them. */
import { createHmac, createPrivateKey, type KeyObject, timingSafeEqual, X509Certificate } from 'node:crypto'
import { type Element, expectTag, objectIdentifier, octets, readBer, smallInteger, tags } from './ber.ts'
import { CmsError, malformed, unproved } from './cms-error.ts'
import { decryptWithPassword, deriveKey, keyByPbkdf2, roundsOf } from './password-encryption.ts'
import { identifiers } from './signed-data.ts'

/** What a file holds. */
export interface OpenedPkcs12 {
  privateKey: KeyObject
  /** The certificate of the key, then its issuer and so on, then what else there is. */
  certificates: X509Certificate[]
}

/** Largest file, in bytes. */
const FILE_BYTES = 1_000_000
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const PBMAC1 = '1.2.840.113549.1.5.14'
const X509 = '1.2.840.113549.1.9.22.1'
const bags = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  bags: '1.2.840.113549.1.12.10.1.6',
} as const
const field = { explicit0: 0xa0, implicit0: 0x80 } as const

const digests: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const hmacs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}
const WRONG = 'the password is wrong, or the file is damaged'

/**
 * Opens a file that holds one private key with its certificate.
 * @throws CmsError `signature` when the password is wrong or the file was changed, `malformed` for what is no such file
 */
export async function openPkcs12(der: Uint8Array, password: string): Promise<OpenedPkcs12> {
  if (der.length > FILE_BYTES) malformed('the PKCS#12 file is larger than is read')
  const [version, safe, mac] = expectTag(readBer(der), tags.sequence, 'the PKCS#12 file').children
  if (smallInteger(version, 'the version of the PKCS#12 file') !== 3) malformed('the PKCS#12 file is not of version 3')
  const content = dataOf(safe)
  if (mac) checkMac(mac, content, password)
  const found: Found = { keys: [], certificates: [] }
  for (const info of expectTag(readBer(content), tags.sequence, 'the content of the PKCS#12 file').children)
    readBags(contentsOf(info, password), password, found)
  const [privateKey, ...more] = found.keys
  if (!privateKey || more.length > 0) return malformed('the PKCS#12 file has not exactly one private key')
  return { privateKey, certificates: inOrder(found.certificates, privateKey) }
}

interface Found {
  keys: KeyObject[]
  certificates: X509Certificate[]
}

/** Bytes of a ContentInfo of type data. */
function dataOf(info: Element | undefined): Buffer {
  const [type, wrapper] = expectTag(info, tags.sequence, 'the content of the PKCS#12 file').children
  if (objectIdentifier(type, 'the type of the content') !== identifiers.data)
    malformed('the PKCS#12 file is protected by a signature, not by a password')
  return octets(wrapper?.tag === field.explicit0 ? wrapper.children[0] : undefined, 'the content of the PKCS#12 file')
}

/** Checks the MAC: with the derivation of RFC 7292, or with PBMAC1 (RFC 9579). */
function checkMac(mac: Element, content: Buffer, password: string): void {
  const [info, salt, rounds] = expectTag(mac, tags.sequence, 'the MAC').children
  const [algorithm, expected] = expectTag(info, tags.sequence, 'the MAC').children
  const [name, parameters] = expectTag(algorithm, tags.sequence, 'the algorithm of the MAC').children
  const identifier = objectIdentifier(name, 'the algorithm of the MAC')
  const value = octets(expected, 'the MAC')
  const computed = (): Buffer => {
    if (identifier === PBMAC1) return pbmac1(parameters, content, password)
    const digest = digests[identifier] ?? malformed('the algorithm of the MAC is none that is known here')
    const derivation = { password, salt: octets(salt, 'the salt'), rounds: rounds ? roundsOf(rounds) : 1 }
    const key = deriveKey(digest, { ...derivation, purpose: 3, size: value.length })
    return createHmac(digest, key).update(content).digest()
  }
  const found = computed()
  if (found.length !== value.length || !timingSafeEqual(found, value)) unproved(WRONG)
}

function pbmac1(parameters: Element | undefined, content: Buffer, password: string): Buffer {
  const [derivation, scheme] = expectTag(parameters, tags.sequence, 'the parameters of the MAC').children
  const hmac = hmacs[objectIdentifier(scheme?.children[0], 'the HMAC')]
  if (!hmac) return malformed('the HMAC is none that is known here')
  const size = { sha256: 32, sha384: 48, sha512: 64 }[hmac] ?? 32
  return createHmac(hmac, keyByPbkdf2(derivation, password, size))
    .update(content)
    .digest()
}

/** SafeContents of one ContentInfo, decrypted where it is encrypted. */
function contentsOf(info: Element, password: string): Buffer {
  const [type, wrapper] = expectTag(info, tags.sequence, 'a part of the PKCS#12 file').children
  const name = objectIdentifier(type, 'the type of a part')
  if (name === identifiers.data) return dataOf(info)
  if (name !== ENCRYPTED_DATA) malformed('a part of the PKCS#12 file is encrypted for a certificate, not by a password')
  const [, encrypted] = expectTag(wrapper?.children[0], tags.sequence, 'an encrypted part').children
  const [, algorithm, bytes] = expectTag(encrypted, tags.sequence, 'an encrypted part').children
  return opened(octets(bytes, 'an encrypted part', field.implicit0), algorithm, password)
}

/** What fails in decryption, or gives no ASN.1, is a password that does not fit: some padding is there by chance. */
function opened(bytes: Buffer, algorithm: Element | undefined, password: string): Buffer {
  const plain = decrypted(bytes, algorithm, password)
  try {
    readBer(plain)
  } catch {
    return unproved(WRONG)
  }
  return plain
}

function decrypted(bytes: Buffer, algorithm: Element | undefined, password: string): Buffer {
  try {
    return decryptWithPassword(bytes, algorithm, password)
  } catch (error) {
    if (error instanceof CmsError) throw error
    return unproved(WRONG)
  }
}

function readBags(contents: Buffer, password: string, found: Found): void {
  for (const bag of expectTag(readBer(contents), tags.sequence, 'a part of the PKCS#12 file').children) {
    const [type, wrapper] = expectTag(bag, tags.sequence, 'an entry of the PKCS#12 file').children
    const name = objectIdentifier(type, 'the type of an entry')
    const value = wrapper?.tag === field.explicit0 ? wrapper.children[0] : undefined
    if (name === bags.certificate) found.certificates.push(...certificateIn(value))
    if (name === bags.key) found.keys.push(readKey(expectTag(value, tags.sequence, 'a key').raw))
    if (name === bags.shroudedKey) {
      const [algorithm, bytes] = expectTag(value, tags.sequence, 'a key').children
      found.keys.push(readKey(opened(octets(bytes, 'a key'), algorithm, password)))
    }
    if (name === bags.bags) readBags(expectTag(value, tags.sequence, 'entries').raw, password, found)
  }
}

function certificateIn(value: Element | undefined): X509Certificate[] {
  const [type, wrapper] = expectTag(value, tags.sequence, 'a certificate').children
  if (objectIdentifier(type, 'the type of a certificate') !== X509) return []
  try {
    return [new X509Certificate(octets(wrapper?.children[0], 'a certificate'))]
  } catch {
    return malformed('a certificate of the PKCS#12 file cannot be read')
  }
}

function readKey(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    return malformed('the private key of the PKCS#12 file cannot be read')
  }
}

/** The certificate of the key first, then each one's issuer, then the rest as it stands. */
function inOrder(certificates: readonly X509Certificate[], key: KeyObject): X509Certificate[] {
  const leaf = certificates.find((each) => each.checkPrivateKey(key))
  if (!leaf) return malformed('the PKCS#12 file has no certificate for its key')
  const chain = [leaf]
  const rest = new Set(certificates.filter((each) => each !== leaf))
  for (let last: X509Certificate | undefined = leaf; last; ) {
    const child: X509Certificate = last
    last = [...rest].find((each) => child.checkIssued(each))
    if (last) {
      chain.push(last)
      rest.delete(last)
    }
  }
  return [...chain, ...rest]
}
