import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { type CertificateContent, type CertificateIssuer, writeCertificate } from '../../src/demo/certificate-writer.ts'
import { canonicalQuads, trustListContexts } from '../../src/json-ld/canonize.ts'
import { derivedKeyId } from '../../src/trust/keys/trusted-key.ts'

/** Signing key of the lists that tests make. */
export const listSigner = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** The pinned key, as a file holds it. */
export const pinnedKey = JSON.stringify(listSigner.publicKey.export({ format: 'jwk' }))
/** DID of the lists that tests make. */
export const listDid = 'did:web:lists.example:v2:trustlist'

/** A further certificate under an authority, by default of country XA and valid for the years 2021 to 2030. */
export function certificateUnder(
  authority: CertificateIssuer,
  content: Partial<CertificateContent> & Pick<CertificateContent, 'publicKey'>,
): X509Certificate {
  const der = writeCertificate(
    {
      subject: { commonName: 'Further certificate', country: 'XA' },
      serialNumber: randomBytes(8),
      notBefore: new Date('2021-01-01T00:00:00Z'),
      notAfter: new Date('2030-12-31T23:59:59Z'),
      ...content,
    },
    authority,
  )
  return new X509Certificate(der)
}

/** An object of a trust list, as tests change it. */
export type ListObject = Record<string, unknown>

/** What an item is listed as. */
export interface ItemOptions {
  usage?: string
  domain?: string
  participant?: string
  keyId?: string
  /** Further certificates of `x5c`. */
  chain?: X509Certificate[]
}

/** One item of an embedded list, in the shape that the network publishes. */
export function listItem(certificate: X509Certificate, options: ItemOptions = {}): ListObject {
  const { usage = 'DSC', domain = 'DCC', participant = 'XXA', keyId = derivedKeyId(certificate), chain = [] } = options
  const x5c = [certificate, ...chain].map(({ raw }) => raw.toString('base64'))
  const isRsa = certificate.publicKey.asymmetricKeyType === 'rsa'
  const key = isRsa
    ? { kty: 'RSA', kid: keyId, x5c, e: 'AQAB', n: 'AQAB' }
    : { kty: 'EC', kid: keyId, x5c, crv: 'P-256', x: 'AA', y: 'AA' }
  return {
    id: `${listDid}:${domain}:${participant}:${usage === 'CSCA' ? 'SCA' : usage}#${keyId}`,
    type: 'JsonWebKey2020',
    controller: listDid,
    publicKeyJwk: key,
    domain: { code: `#${domain}` },
    participant: { code: `#${participant}` },
    keyusage: { code: `#${usage}` },
  }
}

/** An SCA and what it signed, as items. */
export const itemsOf = (issuer: { sca: X509Certificate; dsc: X509Certificate }): ListObject[] => [
  listItem(issuer.sca, { usage: 'CSCA' }),
  listItem(issuer.dsc, { chain: [issuer.sca] }),
]

/** What of a list is not as usual. */
export interface ListOptions {
  document?: ListObject
  created?: string
  signer?: KeyObject
}

/** A list signed as the network signs its lists. */
export async function signedList(methods: unknown[], options: ListOptions = {}): Promise<ListObject> {
  const document = {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/suites/jws-2020/v1',
      'https://smart.who.int/trust/tng-context/v1-DEV.jsonld',
    ],
    id: listDid,
    controller: listDid,
    verificationMethod: methods,
    ...options.document,
  }
  const statement = {
    type: 'JsonWebSignature2020',
    created: options.created ?? '2022-05-01T00:00:00Z',
    nonce: 'n',
    proofPurpose: 'assertionMethod',
    verificationMethod: 'did:web:lists.example:signer',
  }
  const header = Buffer.from(JSON.stringify({ b64: false, crit: ['b64'], alg: 'ES256' })).toString('base64url')
  const data = Buffer.concat([
    Buffer.from(`${header}.`),
    await hashOf({ '@context': ['https://w3id.org/security/v3'], ...statement }),
    await hashOf(document),
  ])
  const signature = sign('sha256', data, options.signer ?? listSigner.privateKey).toString('base64url')
  return { ...document, proof: { ...statement, jws: `${header}..${signature}` } }
}

async function hashOf(input: object): Promise<Buffer> {
  return createHash('sha256')
    .update(await canonicalQuads(input, await trustListContexts()))
    .digest()
}

/**
 * An item under a context of its own, with the same statements: the signed values stand under new names, and a forger's
 * certificate, listed for Germany, in the places that are read.
 */
export function forgedByContext(item: ListObject, forger: X509Certificate): ListObject {
  const forged = listItem(forger, { participant: 'DEU' })
  const x5c = forger.raw.toString('base64url')
  const coded = (name: string) => ({
    '@id': `https://smart.who.int/trust/ValueSet-${name}-DEV.jsonld`,
    '@type': '@id',
    '@context': {
      '@base': `https://smart.who.int/trust/ValueSet-${name}-DEV.jsonld#`,
      code: { '@id': '@id', '@type': '@id' },
    },
  })
  const type = 'https://w3id.org/security#JsonWebKey2020'
  const context = {
    JsonWebKey2020: type,
    publicKeyJwk: '@nest',
    x5c: '@type',
    [x5c]: type,
    realJwk: { '@id': 'https://w3id.org/security#publicKeyJwk', '@type': '@json' },
    participant: '@nest',
    domain: '@nest',
    keyusage: '@nest',
    realP: coded('Participants'),
    realD: coded('Domains'),
    realU: coded('KeyUsage'),
    code: '@type',
    '#DEU': type,
    '#DCC': type,
    '#DSC': type,
  }
  const { publicKeyJwk, participant, domain, keyusage, ...rest } = item
  return {
    '@context': context,
    ...rest,
    publicKeyJwk: { x5c: [x5c] },
    participant: forged.participant,
    domain: forged.domain,
    keyusage: forged.keyusage,
    realJwk: publicKeyJwk,
    realP: participant,
    realD: domain,
    realU: keyusage,
  }
}
