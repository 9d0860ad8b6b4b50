import type { X509Certificate } from 'node:crypto'
import { badRequest } from '../fhir/error.ts'
import { isJsonObject } from '../fhir/json-object.ts'
import type { Json, JsonObject } from '../fhir/types.ts'
import { publicKeyFromJwk, x5cCertificates } from './jwk.ts'
import { fitsFilter, groupByKeyId, namedIssuerFrameworks } from './key-index.ts'
import { isoAlpha3 } from './participant-codes.ts'
import {
  certificateMembers,
  derivedKeyId,
  type KeySource,
  readCertificate,
  sha256Hex,
  type TrustedKey,
} from './trusted-key.ts'

/** Name under which anchors of a request appear in `issuer.trustList`. */
const REQUEST_LIST = 'request'

/**
 * Keys trusted for one request alone (credentials.md, "Request trust anchors"): each anchor is a DER certificate or
 * a JWK in UTF-8 (first byte `{`), as bytes or their base64. A request with anchors is judged by them alone. FhirError 400 names the anchor that cannot
 * be read.
 */
export function anchorKeySource(anchors: (string | Uint8Array)[]): KeySource {
  const byKeyId = groupByKeyId(anchors.map(readAnchor))
  return {
    find(query) {
      const found = query.keyId === undefined ? [] : (byKeyId.get(query.keyId) ?? [])
      return found.filter((key) => servesIssuer(key, query.issuer, query.framework ?? '') && fitsFilter(key, query))
    },
  }
}

function servesIssuer(key: TrustedKey, issuer: string | undefined, framework: string): boolean {
  if (key.issuer === undefined) return true
  if (namedIssuerFrameworks.includes(framework)) return key.issuer === issuer
  return issuer === undefined || isoAlpha3(key.issuer) === isoAlpha3(issuer)
}

function readAnchor(anchor: string | Uint8Array, at: number): TrustedKey {
  const bytes = typeof anchor === 'string' ? Buffer.from(anchor, 'base64') : Buffer.from(anchor)
  const key = bytes[0] === 0x7b ? readJwkAnchor(bytes) : readDerAnchor(bytes)
  if (key) return key
  throw badRequest({
    text: `trustAnchor ${at + 1} is neither a DER certificate nor a JWK with a readable public key`,
    expression: `Parameters.parameter.where(name = 'trustAnchor')[${at}]`,
  })
}

function readDerAnchor(bytes: Buffer): TrustedKey | undefined {
  const certificate = readCertificate(bytes)
  return certificate && certificateKey(certificate)
}

/** A trusted key made of a certificate alone: its period, its key ids, bound to no issuer, domain or usage. */
export function certificateKey(certificate: X509Certificate): TrustedKey {
  return { ...unboundKey, ...certificateMembers(certificate), keyId: derivedKeyId(certificate) }
}

const unboundKey = {
  participant: '',
  domain: '',
  usage: '',
  chain: [] as X509Certificate[],
  lists: [REQUEST_LIST],
  status: 'current' as const,
  warnings: [] as string[],
}

function readJwkAnchor(bytes: Buffer): TrustedKey | undefined {
  let jwk: Json
  try {
    jwk = JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
  return isJsonObject(jwk) ? keyFromJwk(jwk) : undefined
}

const statuses = ['current', 'terminated', 'revoked', 'expired'] as const

/**
 * A trusted key of a JWK with the members of credentials.md, "Request trust anchors": `iss`, `status`, `nbf`, `exp`,
 * `domain`, `usage`, `crlVersion`, `crl`; with `x5c` the first certificate gives key, period and extended key usage.
 * Undefined when it holds no readable public key.
 */
export function keyFromJwk(jwk: JsonObject): TrustedKey | undefined {
  const [leaf, ...issuers] = x5cCertificates(jwk).map(readCertificate)
  const publicKey = leaf?.publicKey ?? publicKeyFromJwk(jwk)
  if (!publicKey) return undefined
  const bare = {
    publicKey,
    thumbprint: sha256Hex(publicKey.export({ type: 'spki', format: 'der' })),
    extendedKeyUsage: [],
    otherKeyIds: [],
  }
  const { kid, iss, nbf, exp, crl, crlVersion } = jwk
  const status = statuses.find((each) => each === jwk.status)
  return {
    ...unboundKey,
    ...(leaf ? certificateMembers(leaf) : bare),
    keyId: typeof kid === 'string' ? kid : leaf ? derivedKeyId(leaf) : '',
    chain: issuers.filter((each) => each !== undefined),
    ...(typeof iss === 'string' ? { issuer: iss, participant: /^[A-Za-z]{2,3}$/.test(iss) ? isoAlpha3(iss) : '' } : {}),
    ...(typeof nbf === 'number' ? { validFrom: new Date(nbf * 1000) } : {}),
    ...(typeof exp === 'number' ? { validTo: new Date(exp * 1000) } : {}),
    domain: text(jwk.domain),
    usage: text(jwk.usage).replace(/^CSCA$/, 'SCA'),
    ...(status ? { status } : {}),
    ...(typeof crlVersion === 'number' ? { revocationVersion: crlVersion } : {}),
    ...(crl === undefined ? {} : { revocationList: crl }),
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
