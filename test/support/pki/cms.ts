/**
 * CMS SignedData (RFC 5652) as participants send it, and as they should not: every deviation that a gateway has to tell apart. Written
 * apart from the product's own, so that a fault of that one does not agree with itself.
 */
import { constants, createHash, sign, type X509Certificate } from 'node:crypto'
import { issuerOf, keyIdentifier, type PkiKey } from './certificate.ts'
import { implicit, integer, nothing, octets, oid, parsed, sequence, setOf, tagged, time, toDer } from './der.ts'

/** How a message differs from the usual one. */
export interface CmsOptions {
  /** Without the content. */
  isDetached?: boolean
  /** Certificates inside; by default the signer's alone. */
  certificates?: X509Certificate[]
  /** Who signs besides. */
  furtherSigners?: PkiKey[]
  /** Nobody signs. */
  isUnsigned?: boolean
  /** Content type; by default id-data. */
  contentType?: string
  /** Signing time; null for none. */
  at?: Date | null
  /** Without signed attributes the content itself is signed. */
  hasNoAttributes?: boolean
  hash?: 'sha256' | 'sha384'
  /** The signer named by key identifier instead of by issuer and serial number. */
  isByKeyId?: boolean
  /** RSASSA-PSS instead of PKCS #1 v1.5. */
  isPss?: boolean
  /** What is inside instead of what was signed. */
  contentInside?: Uint8Array
  /** BER with indefinite lengths outside. */
  isIndefinite?: boolean
}

const ids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  rsa: '1.2.840.113549.1.1.1',
  pss: '1.2.840.113549.1.1.10',
  mgf: '1.2.840.113549.1.1.8',
}
const hashes = {
  sha256: { id: '2.16.840.1.101.3.4.2.1', ecdsa: '1.2.840.10045.4.3.2', length: 32 },
  sha384: { id: '2.16.840.1.101.3.4.2.2', ecdsa: '1.2.840.10045.4.3.3', length: 48 },
}

/** A message over the content, DER (or BER). */
export function makeCms(content: Uint8Array, signer: PkiKey, options: CmsOptions = {}): Buffer {
  const { hash = 'sha256', certificates = [signer.certificate], furtherSigners = [], contentType = ids.data } = options
  const signers = options.isUnsigned ? [] : [signer, ...furtherSigners]
  const inside = options.contentInside ?? content
  const algorithms = new Set([toDer(sequence(oid(hashes[hash].id))).toString('hex')])
  const parts = [
    integer(options.isByKeyId || contentType !== ids.data ? 3 : 1),
    setOf(...[...algorithms].map((each) => parsed(Buffer.from(each, 'hex')))),
    sequence(oid(contentType), ...(options.isDetached ? [] : [tagged(0, octets(inside))])),
    ...(certificates.length > 0 ? [tagged(0, ...certificates.map(({ raw }) => parsed(raw)))] : []),
    setOf(...signers.map((each) => signerInfo(content, each, options))),
  ]
  if (!options.isIndefinite) return toDer(sequence(oid(ids.signedData), tagged(0, sequence(...parts))))
  const signed = endless(0x30, ...parts.map(toDer))
  return endless(0x30, toDer(oid(ids.signedData)), endless(0xa0, signed))
}

/** The body of an upload: base64 on one line of a message over a text. */
export const cmsText = (content: string | Uint8Array, signer: PkiKey, options: CmsOptions = {}): string =>
  makeCms(Buffer.from(content), signer, options).toString('base64')

/** Indefinite length (X.690, 8.1.3.6). */
const endless = (tag: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])])

function signerInfo(content: Uint8Array, { certificate, privateKey }: PkiKey, options: CmsOptions) {
  const { hash = 'sha256', at = new Date(), contentType = ids.data } = options
  const attribute = (type: string, value: Parameters<typeof toDer>[0]) => sequence(oid(type), setOf(value))
  const attributes = [
    attribute(ids.contentType, oid(contentType)),
    ...(at ? [attribute(ids.signingTime, time(at))] : []),
    attribute(ids.messageDigest, octets(createHash(hash).update(content).digest())),
  ]
  // what is signed is the SET; it stands in the message as [0] IMPLICIT (RFC 5652, 5.4)
  const signed = options.hasNoAttributes ? content : toDer(setOf(...attributes))
  const serial = Buffer.from(
    certificate.serialNumber.padStart(certificate.serialNumber.length + (certificate.serialNumber.length % 2), '0'),
    'hex',
  )
  const padding = options.isPss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashes[hash].length } : {}
  return sequence(
    integer(options.isByKeyId ? 3 : 1),
    options.isByKeyId
      ? implicit(0, keyIdentifier(certificate.publicKey))
      : sequence(parsed(issuerOf(certificate)), integer(serial)),
    sequence(oid(hashes[hash].id)),
    ...(options.hasNoAttributes ? [] : [tagged(0, ...attributes)]),
    signatureAlgorithm(privateKey.asymmetricKeyType === 'rsa', options),
    octets(sign(hash, signed, { key: privateKey, ...padding })),
  )
}

function signatureAlgorithm(isRsa: boolean, { hash = 'sha256', isPss }: CmsOptions) {
  if (!isRsa) return sequence(oid(hashes[hash].ecdsa))
  if (!isPss) return sequence(oid(ids.rsa), nothing())
  const digest = sequence(oid(hashes[hash].id))
  const parameters = [digest, sequence(oid(ids.mgf), digest), integer(hashes[hash].length)]
  return sequence(oid(ids.pss), sequence(...parameters.map((each, at) => tagged(at, each))))
}
