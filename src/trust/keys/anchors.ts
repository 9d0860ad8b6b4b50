import type { KeyObject, X509Certificate } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isoAlpha3, participantCode } from '../../base/participant-codes.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import { anchorServes } from './issuer-binding.ts'
import { publicKeyFromJwk, x5cCertificates } from './jwk.ts'
import { createKeyIndex } from './key-index.ts'
import {
  certificateMembers,
  derivedKeyId,
  type KeySource,
  publicKeyThumbprint,
  readCertificate,
  readStatus,
  scaOf,
  statusForm,
  type TrustedKey,
} from './trusted-key.ts'

/** Name under which anchors of a request appear in `issuer.trustList`. */
const REQUEST_LIST = 'request'

/**
 * Keys trusted for one request alone (docs/evaluate.md, trustAnchor): each anchor is a DER certificate or
 * a JWK in UTF-8 (first byte `{`), as bytes or their base64. A request with anchors is judged by them alone. FhirError 400 names the anchor that cannot
 * be read.
 */
export function anchorKeySource(anchors: (string | Uint8Array)[]): KeySource {
  return createKeyIndex([anchors.map(readAnchor)], { serves: anchorServes })
}

function readAnchor(anchor: string | Uint8Array, at: number): TrustedKey {
  const bytes = typeof anchor === 'string' ? Buffer.from(anchor, 'base64') : Buffer.from(anchor)
  const { key, problem } = bytes[0] === 0x7b ? readJwkAnchor(bytes) : { key: readDerAnchor(bytes) }
  if (key && problem === undefined) return key
  const fault = problem === undefined || !key ? '' : `: ${problem}`
  throw badRequest({
    text: `trustAnchor ${at + 1} is neither a DER certificate nor a JWK with a readable public key${fault}`,
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

function readJwkAnchor(bytes: Buffer): ReadJwk {
  try {
    const jwk = parseJson(bytes)
    return isJsonObject(jwk) ? readJwk(jwk) : {}
  } catch (error) {
    if (error instanceof FhirError) return {}
    throw error
  }
}

/** A key and what is not understood of it; without key its public key cannot be read. */
export interface ReadJwk {
  key?: TrustedKey
  problem?: string
}

/** Members of a JWK that say whom, for what and when it serves, with the form of their values. */
const MEMBERS: Record<string, { form: string; isGood(value: Json): boolean }> = {
  kid: { form: 'a text', isGood: isText },
  iss: { form: 'a text', isGood: (value) => isText(value) && value !== '' },
  status: { form: statusForm, isGood: (value) => readStatus(value) !== undefined },
  nbf: { form: 'a time in seconds', isGood: isTime },
  exp: { form: 'a time in seconds', isGood: isTime },
  domain: { form: 'a text', isGood: isText },
  usage: { form: 'a text', isGood: isText },
  crlVersion: { form: 'a whole number from 0', isGood: (value) => Number.isSafeInteger(value) && Number(value) >= 0 },
  alg: { form: 'a text', isGood: (value) => isText(value) && value !== '' },
  revoked: {
    form: 'true, false or {revoked_at, …}',
    isGood: (value) => typeof value === 'boolean' || isJsonObject(value),
  },
  use: { form: 'sig', isGood: (value) => value === 'sig' },
  key_ops: { form: 'a list with verify', isGood: (value) => Array.isArray(value) && value.includes('verify') },
}

function isText(value: Json): value is string {
  return typeof value === 'string'
}

function isTime(value: Json): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value * 1000).getTime())
}

/**
 * The trusted key of a JWK, which may have, beside those of RFC 7517, the members `iss`, `status`, `revoked`, `nbf`, `exp`, `domain`,
 * `usage`, `crlVersion`, `crl` (docs/evaluate.md, trustAnchor); with `x5c` the first certificate gives key, period and extended key usage. Members that are not
 * named there are ignored, as RFC 7517 wants; a named one whose value is not understood is a problem: it may say that the key is
 * no longer good.
 */
export function readJwk(jwk: JsonObject): ReadJwk {
  const [leaf, ...issuers] = x5cCertificates(jwk).map(readCertificate)
  const publicKey = leaf?.publicKey ?? publicKeyFromJwk(jwk)
  if (!publicKey) return { problem: 'has no readable public key' }
  const problems = Object.entries(MEMBERS)
    .filter(([name, { isGood }]) => jwk[name] !== undefined && !isGood(jwk[name] ?? null))
    .map(([name, { form }]) => `${name} must be ${form}`)
  if (jwk.x5c !== undefined && !leaf) problems.push('x5c must be a list of certificates')
  const certified = leaf && certificateMembers(leaf)
  const key: TrustedKey = {
    ...unboundKey,
    ...(certified ?? bareMembers(publicKey)),
    keyId: isText(jwk.kid ?? null) ? String(jwk.kid) : leaf ? derivedKeyId(leaf) : '',
    chain: issuers.filter((each) => each !== undefined),
    ...bindingMembers(jwk),
    ...periodOf(jwk, certified),
  }
  return problems.length > 0 ? { key, problem: problems.join('; ') } : { key }
}

/** Like {@link readJwk}, and undefined for a key of which something is not understood. */
export function keyFromJwk(jwk: JsonObject): TrustedKey | undefined {
  const { key, problem } = readJwk(jwk)
  return problem === undefined ? key : undefined
}

function bareMembers(publicKey: KeyObject) {
  const thumbprint = publicKeyThumbprint(publicKey)
  return { publicKey, thumbprint, publicKeyThumbprint: thumbprint, extendedKeyUsage: [], otherKeyIds: [] }
}

/** An issuer that is the code of a country is the participant; any other must stand in the credential character by character. */
function bindingMembers({ iss, status, revoked, alg, domain, usage, crlVersion, crl }: JsonObject) {
  // OpenID Federation marks keys that are history by `revoked: {revoked_at, reason}`; whatever says so, the worst counts.
  const isRevoked = revoked !== undefined && revoked !== false
  const known = isRevoked ? 'revoked' : readStatus(status ?? null)
  const isCountry = typeof iss === 'string' && participantCode(iss) !== undefined
  return {
    ...(typeof iss === 'string' ? (isCountry ? { participant: isoAlpha3(iss) } : { issuer: iss }) : {}),
    domain: typeof domain === 'string' ? domain : '',
    usage: typeof usage === 'string' ? scaOf(usage) : '',
    ...(known ? { status: known } : {}),
    // RFC 9864 names the one curve that is used with EdDSA.
    ...(typeof alg === 'string' ? { algorithm: alg === 'Ed25519' ? 'EdDSA' : alg } : {}),
    ...(typeof crlVersion === 'number' ? { revocationVersion: crlVersion } : {}),
    ...(crl === undefined ? {} : { revocationList: crl }),
  }
}

/** The period that a JWK gives; with a certificate, only what it takes away from that one's. */
function periodOf({ nbf, exp }: JsonObject, certified: { validFrom: Date; validTo: Date } | undefined) {
  const from = typeof nbf === 'number' ? new Date(nbf * 1000) : undefined
  const to = typeof exp === 'number' ? new Date(exp * 1000) : undefined
  return {
    ...(from && !(certified && certified.validFrom > from) ? { validFrom: from } : {}),
    ...(to && !(certified && certified.validTo < to) ? { validTo: to } : {}),
  }
}
