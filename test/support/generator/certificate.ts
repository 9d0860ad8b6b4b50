import { createHash, type KeyObject, sign } from 'node:crypto'

/** A certificate as a test wants it, honest or not. */
export interface CertificateText {
  /** Alpha-2; absent = none in the name. */
  country?: string
  name: string
  publicKey: KeyObject
  issuer: { country?: string; name: string; privateKey: KeyObject; publicKey: KeyObject }
  from: Date
  until: Date
  extendedUsages?: string[]
  isAuthority?: boolean
  /** Claimed in place of the issuer's real key identifier. */
  authorityKeyId?: Buffer
}

/** Writes the DER of an X.509 certificate (RFC 5280), signed with ECDSA and SHA-256. */
export function writeCertificate(text: CertificateText, serial: number): Buffer {
  const algorithm = element(0x30, oid('1.2.840.10045.4.3.2'))
  const { issuer, publicKey, extendedUsages = [], isAuthority = false } = text
  const extensions = [
    extension('2.5.29.19', element(0x30, ...(isAuthority ? [element(0x01, Buffer.of(0xff))] : []))),
    extension('2.5.29.14', element(0x04, keyIdentifier(publicKey))),
    extension('2.5.29.35', element(0x30, element(0x80, text.authorityKeyId ?? keyIdentifier(issuer.publicKey)))),
    ...(extendedUsages.length > 0 ? [extension('2.5.29.37', element(0x30, ...extendedUsages.map(oid)))] : []),
  ]
  const body = element(
    0x30,
    element(0xa0, element(0x02, Buffer.of(2))),
    element(0x02, Buffer.of(0x40, serial >> 8, serial & 255)),
    algorithm,
    distinguishedName(issuer.name, issuer.country),
    element(0x30, time(text.from), time(text.until)),
    distinguishedName(text.name, text.country),
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, element(0x30, ...extensions)),
  )
  return element(0x30, body, algorithm, element(0x03, Buffer.of(0), sign('sha256', body, issuer.privateKey)))
}

/** SHA-1 over the public key (RFC 5280, 4.2.1.2). */
export const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()

function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const extension = (id: string, value: Uint8Array) => element(0x30, oid(id), element(0x04, value))

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const arcs = rest.flatMap((arc) => {
    const digits =
      arc
        .toString(2)
        .padStart(Math.ceil(arc.toString(2).length / 7) * 7, '0')
        .match(/.{7}/g) ?? []
    return digits.map((each, at) => Number.parseInt(each, 2) | (at < digits.length - 1 ? 0x80 : 0))
  })
  return element(0x06, Buffer.of(first * 40 + second, ...arcs))
}

const time = (date: Date) =>
  element(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+Z/g, '')
        .slice(2)}Z`,
    ),
  )

function distinguishedName(name: string, country: string | undefined): Buffer {
  const attribute = (id: string, tag: number, value: string) =>
    element(0x31, element(0x30, oid(id), element(tag, Buffer.from(value))))
  return element(0x30, ...(country ? [attribute('2.5.4.6', 0x13, country)] : []), attribute('2.5.4.3', 0x0c, name))
}
