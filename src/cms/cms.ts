/**
 * Signed messages (CMS SignedData, RFC 5652) as the gateways of the network take and give them: one signer, whose certificate is inside.
 * Who signed is a second question: a caller compares the certificate byte by byte with the one that he expects. No chain is built here.
 */
import { createHash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { hasBase64Letters } from '../base/crypto/base64.ts'
import { hasPeriod, subjectKeyIdentifier } from '../base/crypto/x509.ts'
import { readBer, tags } from './ber.ts'
import { malformed, unproved } from './cms-error.ts'
import { der, explicit, objectIdentifier, octetString, sequence, setOf, smallInteger, time } from './der.ts'
import { digestOf, signatureIsGood } from './signature-algorithms.ts'
import { identifiers, readSignedData, type SignedDataParts, type SignerParts } from './signed-data.ts'

export { CmsError } from './cms-error.ts'

/** Who signs a message, and when. */
export interface CmsSigner {
  certificate: X509Certificate
  privateKey: KeyObject
  at: Date
}

/** A message whose signature is good. */
export interface OpenedCms {
  content: Buffer
  /** Whose key made the signature. Nothing is said about whether it is to be trusted. */
  signer: X509Certificate
  /** All certificates of the message, the signer's among them. */
  certificates: X509Certificate[]
  /** As the signer says. */
  signingTime?: Date
}

/** What is expected of a message. */
export interface OpenCmsOptions {
  /** The content, when it may stand beside the message; content inside must then be the same. */
  detached?: Uint8Array
  /** Object identifier of the content's type; default id-data. */
  contentType?: string
  /** How many certificates may stand in the message; default one. */
  certificates?: 'one' | 'many'
}

/** Longest message, in bytes: the largest answer of another server is smaller. */
const MESSAGE_BYTES = 64_000_000
/** Longest text of a message, in characters. */
const TEXT_CHARACTERS = Math.ceil(MESSAGE_BYTES / 3) * 4

/** Bytes of a message that is base64 on one line; padding may be missing at its end. @throws CmsError `malformed` */
export function cmsFromText(text: string): Buffer {
  if (text.length > TEXT_CHARACTERS) malformed('the message is larger than is read')
  if (!hasBase64Letters(text)) malformed('the message is not base64 on one line')
  const bytes = Buffer.from(text, 'base64')
  const canonical = bytes.toString('base64')
  if (text !== canonical && text !== canonical.replace(/=+$/, '')) malformed('the message is not base64 on one line')
  return bytes
}

/**
 * Opens a message: its one signature is checked over its content, or over the content beside it.
 * @throws CmsError `malformed` when it is no such message, `signature` when it proves nothing
 */
export async function openCms(bytes: Uint8Array, options: OpenCmsOptions = {}): Promise<OpenedCms> {
  if (bytes.length > MESSAGE_BYTES) malformed('the message is larger than is read')
  const parts = readSignedData(bytes)
  const { detached, contentType = identifiers.data } = options
  if (parts.contentType !== contentType) malformed('the content is of another type than is expected')
  if (parts.certificates.length === 0) malformed('the message has no certificate')
  if (parts.certificates.length > 1 && options.certificates !== 'many')
    malformed('the message has more than one certificate')
  const certificates = parts.certificates.map(readCertificate)
  const content = contentOf(parts, detached)
  const signer = signerAmong(certificates, parts.signer)
  check(parts, content, signer)
  const signingTime = parts.signer.attributes?.signingTime
  return { content, signer, certificates, ...(signingTime ? { signingTime } : {}) }
}

/** Otherwise the signature over the content inside would count for the content beside it. */
function contentOf({ content }: SignedDataParts, detached: Uint8Array | undefined): Buffer {
  if (content && detached && !content.equals(detached)) unproved('the content inside the message is another one')
  const found = detached === undefined ? content : Buffer.from(detached)
  return found ?? malformed('the message has no content')
}

function readCertificate(bytes: Buffer): X509Certificate {
  try {
    const certificate = new X509Certificate(bytes)
    if (hasPeriod(certificate)) return certificate
  } catch {
    // OpenSSL's words say nothing here: told below
  }
  return malformed('a certificate of the message cannot be read')
}

function signerAmong(certificates: readonly X509Certificate[], signer: SignerParts): X509Certificate {
  const [found, ...more] = certificates.filter((each) => isNamed(each, signer))
  if (!found || more.length > 0) malformed('the certificate of the signer is not in the message')
  return found
}

function isNamed(certificate: X509Certificate, { issuer, serialNumber, keyIdentifier }: SignerParts): boolean {
  if (keyIdentifier) {
    const own = subjectKeyIdentifier(certificate.raw)
    return own !== undefined && keyIdentifier.equals(own)
  }
  const named = issuerAndSerialNumber(certificate)
  return issuer?.equals(named.issuer) === true && serialNumber?.equals(named.serialNumber) === true
}

/** As they stand in the certificate (RFC 5280, 4.1). */
function issuerAndSerialNumber(certificate: X509Certificate) {
  const fields = readBer(certificate.raw).children[0]?.children ?? []
  const [serial, , issuer] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields
  if (!serial || !issuer) malformed('a certificate of the message cannot be read')
  return { issuer: issuer.raw, serial: serial.raw, serialNumber: serial.content }
}

/** @throws CmsError `signature` */
function check({ contentType, signer }: SignedDataParts, content: Buffer, certificate: X509Certificate): void {
  const { attributes, signatureAlgorithm: algorithm, signature } = signer
  const digest = digestOf(signer.digestAlgorithm)
  if (attributes) {
    if (attributes.contentType !== contentType) unproved('the signed type of the content is another one')
    if (!createHash(digest).update(content).digest().equals(attributes.messageDigest))
      unproved('the signed digest is that of another content')
  } else if (contentType !== identifiers.data) malformed('content of this type needs signed attributes')
  else if (couldBeAttributes(content)) unproved('the content could be the attributes of another message')
  const signed = attributes?.signed ?? content
  if (!signatureIsGood({ key: publicKeyOf(certificate), algorithm, digest, signed, signature }))
    unproved('the signature is not good')
}

/**
 * A signature over attributes is, bit by bit, a signature over a content that reads the same: whoever drops the attributes and gives their
 * bytes out as the content would have a message that nobody signed.
 */
function couldBeAttributes(content: Buffer): boolean {
  if (content[0] !== tags.set) return false
  try {
    return readBer(content).children.some(({ children }) => children[0]?.tag === tags.objectIdentifier)
  } catch {
    return false // a text that begins with the digit 1
  }
}

function publicKeyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey
  } catch {
    return malformed('the key of the signer cannot be read')
  }
}

/**
 * Signs content: DER of a message with the signer's certificate, signed attributes and SHA-256. Detached, the content stands beside it.
 * @throws Error when the key is not that of the certificate, or of a kind that gateways do not take
 */
export async function signCms(
  content: Uint8Array,
  signer: CmsSigner,
  options: { detached?: boolean } = {},
): Promise<Buffer> {
  const { certificate, privateKey, at } = signer
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('the key is not that of the certificate')
  const attribute = (type: string, value: Buffer) => sequence(objectIdentifier(type), setOf(value))
  const attributes = setOf(
    attribute(identifiers.contentType, objectIdentifier(identifiers.data)),
    attribute(identifiers.signingTime, time(at)),
    attribute(identifiers.messageDigest, octetString(createHash('sha256').update(content).digest())),
  )
  const { issuer, serial } = issuerAndSerialNumber(certificate)
  const signerInfo = sequence(
    smallInteger(1),
    sequence(issuer, serial),
    sha256,
    Buffer.concat([Buffer.from([0xa0]), attributes.subarray(1)]),
    signatureAlgorithm(privateKey),
    octetString(sign('sha256', attributes, privateKey)),
  )
  const inside = options.detached ? [] : [explicit(0, octetString(content))]
  const signedData = sequence(
    smallInteger(1),
    setOf(sha256),
    sequence(objectIdentifier(identifiers.data), ...inside),
    der(0xa0, certificate.raw),
    setOf(signerInfo),
  )
  return sequence(objectIdentifier(identifiers.signedData), explicit(0, signedData))
}

const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'))

function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ec') return sequence(objectIdentifier('1.2.840.10045.4.3.2'))
  if (key.asymmetricKeyType === 'rsa') return sequence(objectIdentifier('1.2.840.113549.1.1.1'), der(0x05))
  throw new Error('messages are signed with EC and RSA keys only')
}
