import { sign } from 'node:crypto'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { eventsOf, member, withoutEmptyTexts } from '../../../src/credentials/certificate-input.ts'
import {
  type CertificateInput,
  type CredentialFormat,
  type Envelope,
  type Failure,
  type Limits,
  type Opened,
  revocationFault,
  revoked,
  type Scanned,
  type Status,
} from '../../../src/credentials/credential-format.ts'
import { decodeBase64Url, parseStrictJson } from '../../../src/credentials/encoding/strict-json.ts'
import { algorithmFromJose, signatureMatches } from '../../../src/credentials/signature-algorithms.ts'
import type { HcertSigner } from '../../../src/demo/issue-hcert.ts'

/**
 * A format that nobody issues: `MADEUP:` payload `.` signature, both base64url, Ed25519 over the payload's text; the payload is JSON
 * {by, key, until, no, holder, born, shots: [{product, on, nr, of}]}. It is here to show what a new format takes: this folder, and a line in
 * a list of formats.
 */
export const madeUp: CredentialFormat = {
  name: 'made-up',
  issuers: 'country',
  recognises: (scanned) => !(scanned instanceof Uint8Array) && (scanned[0] ?? '').startsWith('MADEUP:'),
  decode,
  keyUsage: (usages) =>
    usages.length === 0 || usages.includes(MADE_UP_USAGE)
      ? undefined
      : { check: 'key-usage', status: 'KEY_USAGE_MISMATCH', detail: 'the key is not for made-up certificates' },
  kinds: { 'made-up': { domains: ['DDCC'], input } },
}

/** Extended key usage of its signers. */
export const MADE_UP_USAGE = '1.3.6.1.4.1.99999.7'

function decode(scanned: Scanned, limits: Limits): Envelope | Failure {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const fail = (check: Failure['check'], status: Status, detail: string): Failure => ({
    check,
    status,
    detail,
    format: 'made-up',
  })
  const [payload = '', signature = ''] = text.slice('MADEUP:'.length).split('.')
  const [bytes, signed] = [decodeBase64Url(payload), decodeBase64Url(signature)]
  if (text.length > limits.textCharacters || !bytes || !signed)
    return fail('encoding', 'INVALID_ENCODING', 'not two parts of base64url')
  const claims = parseStrictJson(bytes.toString('utf8'), limits.jsonDepth)
  if (!isJsonObject(claims) || !Array.isArray(claims.shots))
    return fail('payload', 'UNSUPPORTED_CONTENT', 'payload is no object with shots')
  const algorithm = algorithmFromJose('EdDSA')
  const until = typeof claims.until === 'number' ? claims.until : ('not-a-number' as const)
  return {
    format: 'made-up',
    ...(claims.by === undefined ? {} : { issuer: claims.by }),
    keyId: typeof claims.key === 'string' ? claims.key : undefined,
    algorithm: 'EdDSA',
    verify: ({ publicKey }) =>
      algorithm !== undefined && signatureMatches(algorithm, publicKey, Buffer.from(payload, 'latin1'), signed),
    coverage: 'whole',
    period: { expires: until },
    remarks: [],
    revocation: ({ revocationList: list }, ids) => {
      if (list === undefined) return undefined
      if (!Array.isArray(list)) return [revocationFault('the revocation list is malformed')]
      return list.some((each) => ids.some((id) => id === each)) ? [revoked] : []
    },
    open: () => open(claims),
  }
}

const MEMBERS = ['by', 'key', 'until', 'no', 'holder', 'born', 'shots']

function open(claims: JsonObject): Opened | string {
  const shots = eventsOf(claims.shots)
  if (shots.length === 0 || !shots.every(isJsonObject)) return 'shots is not a list of maps'
  const isKnown = Object.keys(claims).every((name) => MEMBERS.includes(name))
  return {
    content: claims,
    formats: ['made-up'],
    events: ['v'],
    remarks: isKnown ? [] : ['members that a made-up certificate does not have'],
    obstacles: isKnown ? [] : [{ text: 'The certificate says more than is understood', blocks: true }],
    certificateIds: typeof claims.no === 'string' ? [claims.no] : [],
  }
}

function input(content: Json): CertificateInput {
  const claims = withoutEmptyTexts(content)
  return {
    maps: {
      coreDataSet: ['http://example.org/StructureMap/MadeUpToCoreDataSet'],
      bundle: ['http://vidimus.org/fhir/StructureMap/CoreDataSetToBundle'],
    },
    claims,
    events: Math.max(1, eventsOf(member(claims, 'shots')).length),
  }
}

/** Issues one; `replaced` makes a forgery of it. */
export function issueMadeUp(claims: JsonObject, signer: HcertSigner, replaced: JsonObject = claims): string {
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signature = sign(undefined, Buffer.from(part(claims), 'latin1'), signer.privateKey)
  return `MADEUP:${part(replaced)}.${signature.toString('base64url')}`
}
