/** Signed messages with one thing changed each, which no signing tool would write. */
import { createHash, sign } from 'node:crypto'
import { der, explicit, objectIdentifier, octetString, sequence, setOf, smallInteger, time } from '../../src/cms/der.ts'
import type { TestSigner } from './cms-signer.ts'

/** What can be written otherwise; signatures are good over what is then there, unless a change says so. */
export interface MessageChanges {
  /** Of the message. */
  outerType?: string
  contentType?: string
  /** Content inside, as elements; default one OCTET STRING. */
  inside?: Buffer[]
  certificates?: Buffer[]
  signers?: number
  /** Attributes that are signed; default the three of RFC 5652. */
  attributes?: Buffer[] | 'none'
  /** What the signature is over; default the attributes. */
  signed?: Buffer
  digestAlgorithm?: string
  /** AlgorithmIdentifier. */
  signatureAlgorithm?: Buffer
  /** Identifier of the signer. */
  sid?: Buffer
  /** After the signature. */
  unsigned?: Buffer[]
  /** After the last field of SignedData. */
  after?: Buffer[]
}

const data = '1.2.840.113549.1.7.1'
const digest = '2.16.840.1.101.3.4.2.1'

/** One attribute with its values. */
export const attribute = (type: string, ...values: Buffer[]): Buffer =>
  sequence(objectIdentifier(type), setOf(...values))

/** The three attributes of a good message. */
export const goodAttributes = (content: Uint8Array, contentType = data): Buffer[] => [
  attribute('1.2.840.113549.1.9.3', objectIdentifier(contentType)),
  attribute('1.2.840.113549.1.9.5', time(new Date('2026-11-29T12:00:00Z'))),
  attribute('1.2.840.113549.1.9.4', octetString(createHash('sha256').update(content).digest())),
]

/** DER of a message. */
export function writeMessage(content: Buffer, signer: TestSigner, changes: MessageChanges = {}): Buffer {
  const { contentType = data, attributes = goodAttributes(content, contentType) } = changes
  const list = attributes === 'none' ? undefined : setOf(...attributes)
  const algorithm = sequence(objectIdentifier(changes.digestAlgorithm ?? digest))
  const signerInfo = sequence(
    smallInteger(1),
    changes.sid ?? issuerAndSerialNumber(signer.certificate.raw),
    algorithm,
    ...(list ? [Buffer.concat([Buffer.from([0xa0]), list.subarray(1)])] : []),
    changes.signatureAlgorithm ?? sequence(objectIdentifier('1.2.840.10045.4.3.2')),
    octetString(sign('sha256', changes.signed ?? list ?? content, signer.privateKey)),
    ...(changes.unsigned ?? []),
  )
  const inside = changes.inside ?? [octetString(content)]
  const signedData = sequence(
    smallInteger(1),
    setOf(algorithm),
    sequence(objectIdentifier(contentType), ...(inside.length > 0 ? [explicit(0, Buffer.concat(inside))] : [])),
    der(0xa0, ...(changes.certificates ?? [signer.certificate.raw])),
    setOf(...new Array<Buffer>(changes.signers ?? 1).fill(signerInfo)),
    ...(changes.after ?? []),
  )
  return sequence(objectIdentifier(changes.outerType ?? '1.2.840.113549.1.7.2'), explicit(0, signedData))
}

/** Of a certificate that `writeCertificate` made: its issuer after version, serial number and algorithm. */
export function issuerAndSerialNumber(certificate: Uint8Array): Buffer {
  const skip = (at: number) => {
    const first = certificate[at + 1] ?? 0
    const size = first < 0x80 ? 0 : first & 0x7f
    const length = size === 0 ? first : Buffer.from(certificate).readUIntBE(at + 2, size)
    return { content: at + 2 + size, end: at + 2 + size + length }
  }
  const version = skip(skip(0).content).content
  const serial = skip(version).end
  const algorithm = skip(serial).end
  const issuer = skip(algorithm).end
  return sequence(certificate.subarray(issuer, skip(issuer).end), certificate.subarray(serial, algorithm))
}
