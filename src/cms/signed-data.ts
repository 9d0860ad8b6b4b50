/** SignedData (RFC 5652, 5) with one signer, read into its parts. Nothing is proved here. */
import { type Element, expectTag, objectIdentifier, octets, readBer, smallInteger, tags, time } from './ber.ts'
import { malformed } from './cms-error.ts'
import { der } from './der.ts'

/** Object identifiers of content types and attributes (RFC 5652, 4, 5.1, 11). */
export const identifiers = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
} as const

/** Tags of fields in their context. */
const field = { explicit0: 0xa0, explicit1: 0xa1, keyIdentifier: 0x80 } as const

/** The parts of a message with one signer. */
export interface SignedDataParts {
  /** eContentType. */
  contentType: string
  /** Content inside; undefined in a detached message. */
  content: Buffer | undefined
  /** DER of each certificate inside. */
  certificates: Buffer[]
  signer: SignerParts
}

/** One SignerInfo. */
export interface SignerParts {
  /** By issuer and serial number (both as they stand), or by key identifier. */
  issuer?: Buffer
  serialNumber?: Buffer
  keyIdentifier?: Buffer
  digestAlgorithm: Element | undefined
  signatureAlgorithm: Element
  signature: Buffer
  /** Absent when the content itself is signed. */
  attributes: SignedAttributes | undefined
}

/** Signed attributes (RFC 5652, 5.3). */
interface SignedAttributes {
  /** What is signed: the attributes under the tag of a SET, with the length that DER has. */
  signed: Buffer
  contentType: string
  messageDigest: Buffer
  signingTime: Date | undefined
}

/** @throws CmsError `malformed` */
export function readSignedData(bytes: Uint8Array): SignedDataParts {
  const info = expectTag(readBer(bytes), tags.sequence, 'the message')
  const [type, wrapper] = info.children
  if (info.children.length !== 2 || objectIdentifier(type, 'the type of the message') !== identifiers.signedData)
    malformed('the message is no SignedData')
  if (wrapper?.tag !== field.explicit0 || wrapper.children.length !== 1) malformed('the message has not one content')
  const { children } = expectTag(wrapper.children[0], tags.sequence, 'SignedData')
  const [version, digestAlgorithms, encapsulated, ...rest] = children
  smallInteger(version, 'the version of SignedData')
  expectTag(digestAlgorithms, tags.set, 'the list of digest algorithms')
  const signers = expectTag(rest.pop(), tags.set, 'the list of signers').children
  const [signer, ...more] = signers
  if (!signer || more.length > 0) malformed('the message has not exactly one signer')
  return { ...encapsulatedContent(encapsulated), certificates: certificatesIn(rest), signer: signerParts(signer) }
}

function encapsulatedContent(element: Element | undefined): { contentType: string; content: Buffer | undefined } {
  const { children } = expectTag(element, tags.sequence, 'the content')
  const [type, wrapper] = children
  if (children.length > 2) malformed('the content has fields that are not known')
  const contentType = objectIdentifier(type, 'the type of the content')
  if (!wrapper) return { contentType, content: undefined }
  if (wrapper.tag !== field.explicit0 || wrapper.children.length !== 1) malformed('the content has not one value')
  return { contentType, content: octets(wrapper.children[0], 'the content') }
}

/** What may stand before the signers: certificates, and revocation lists that are not consulted. */
function certificatesIn(elements: readonly Element[]): Buffer[] {
  const [certificates] = elements.filter(({ tag }) => tag === field.explicit0)
  const order = elements.map(({ tag }) => tag)
  if (order.some((tag, at) => (tag !== field.explicit0 && tag !== field.explicit1) || order.indexOf(tag) !== at))
    malformed('SignedData has fields that are not known')
  return (certificates?.children ?? []).map(
    (each) => expectTag(each, tags.sequence, 'a certificate of the message').raw,
  )
}

function signerParts(element: Element): SignerParts {
  const [version, sid, digestAlgorithm, ...rest] = expectTag(element, tags.sequence, 'the signer').children
  smallInteger(version, 'the version of the signer')
  const attributes = rest[0]?.tag === field.explicit0 ? rest.shift() : undefined
  const [algorithm, signature, unsigned, ...more] = rest
  if (more.length > 0 || (unsigned && unsigned.tag !== field.explicit1))
    malformed('the signer has fields that are not known')
  return {
    ...signerIdentifier(sid),
    digestAlgorithm,
    signatureAlgorithm: expectTag(algorithm, tags.sequence, 'the signature algorithm'),
    signature: octets(signature, 'the signature'),
    attributes: attributes && signedAttributes(attributes),
  }
}

function signerIdentifier(sid: Element | undefined): Pick<SignerParts, 'issuer' | 'serialNumber' | 'keyIdentifier'> {
  if (sid?.tag !== tags.sequence) return { keyIdentifier: octets(sid, 'the name of the signer', field.keyIdentifier) }
  const [issuer, serialNumber, ...more] = sid.children
  if (more.length > 0) malformed('the name of the signer has fields that are not known')
  return {
    issuer: expectTag(issuer, tags.sequence, 'the issuer of the signer').raw,
    serialNumber: expectTag(serialNumber, tags.integer, 'the serial number of the signer').content,
  }
}

/** The attributes of RFC 5652, 11, each once with one value; others are signed, but say nothing here. */
function signedAttributes(element: Element): SignedAttributes {
  const found = new Map<string, Element>()
  for (const attribute of element.children) {
    const [type, values] = expectTag(attribute, tags.sequence, 'a signed attribute').children
    const name = objectIdentifier(type, 'the type of a signed attribute')
    const [value, ...more] = expectTag(values, tags.set, 'the values of a signed attribute').children
    if (found.has(name)) malformed('a signed attribute stands there twice')
    if (!value || more.length > 0) {
      if (Object.values<string>(identifiers).includes(name)) malformed('a signed attribute has not one value')
      continue
    }
    found.set(name, value)
  }
  const at = found.get(identifiers.signingTime)
  return {
    signed: der(tags.set, element.content),
    contentType: objectIdentifier(found.get(identifiers.contentType), 'the signed type of the content'),
    messageDigest: octets(found.get(identifiers.messageDigest), 'the signed digest of the content'),
    signingTime: at && time(at, 'the signing time'),
  }
}
