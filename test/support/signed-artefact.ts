/** Artefacts signed as publishers do it, by jose and nothing of src/. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, FlattenedSign, importJWK } from 'jose'

/** A publisher with a key of his own. */
export interface Publisher {
  did: string
  kid: string
  privateKey: KeyObject
  publicJwk: Record<string, unknown>
}

/** A new publisher. */
export async function publisher(did: string): Promise<Publisher> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = `${did}#${await calculateJwkThumbprint(jwk as never)}`
  return { did, kid, privateKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } }
}

/** RFC 8785 for what tests sign: members sorted, numbers as JavaScript writes them. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`
}

/** What is signed of an artefact. */
export const signedBytes = (resource: Record<string, unknown>): Buffer => {
  const { text: _text, meta: _meta, ...rest } = resource
  return Buffer.from(canonical(rest))
}

const purposes = { author: '1.2.840.10065.1.12.1.1', review: '1.2.840.10065.1.12.1.13' }

/** What a signature says where it differs from a good one. */
export interface SignatureOptions {
  purpose?: keyof typeof purposes
  /** `sigT`. */
  at?: Date
  header?: Record<string, unknown>
  when?: string
  type?: keyof typeof purposes
}

/** A FHIR Signature over an artefact. */
export async function signature(
  resource: Record<string, unknown>,
  by: Publisher,
  { purpose = 'author', at = new Date(), header = {}, when, type = purpose }: SignatureOptions = {},
) {
  const sigT = `${at.toISOString().slice(0, 19)}Z`
  const bytes = signedBytes(resource)
  const told = {
    alg: 'ES256',
    typ: 'JOSE',
    kid: by.kid,
    sigT,
    canon: 'http://hl7.org/fhir/canonicalization/json#static',
    srCms: [{ commId: { id: `urn:oid:${purposes[purpose]}`, desc: purpose } }],
    iss: by.did,
    url: resource.url,
    version: resource.version,
    hash: createHash('sha256').update(bytes).digest('hex'),
    ...header,
  }
  const key = await importJWK(by.privateKey.export({ format: 'jwk' }), 'ES256')
  const signed = await new FlattenedSign(bytes).setProtectedHeader(told as { alg: string }).sign(key)
  return {
    type: [{ system: 'urn:iso-astm:E1762-95:2013', code: purposes[type] }],
    when: when ?? sigT,
    who: { identifier: { system: 'urn:ietf:rfc:3986', value: by.did } },
    targetFormat: 'application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#static',
    sigFormat: 'application/jose',
    data: Buffer.from(`${signed.protected}..${signed.signature}`).toString('base64'),
  }
}

/** What stands in X-Provenance: a Provenance without target. */
export const headerProvenance = (...signatures: object[]) => ({
  resourceType: 'Provenance',
  recorded: '2026-01-01T00:00:00Z',
  agent: [
    {
      type: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'author' }],
      },
      who: { display: 'Ministry' },
    },
  ],
  ...(signatures.length > 0 ? { signature: signatures } : {}),
})

/** A Provenance about an artefact, as a resource. */
export const provenanceOf = (resource: Record<string, unknown>, ...signatures: object[]) => ({
  ...headerProvenance(...signatures),
  target: [
    {
      reference: `${resource.resourceType}/${resource.id}`,
      type: resource.resourceType,
      identifier: { system: 'urn:ietf:rfc:3986', value: `${resource.url}|${resource.version}` },
    },
  ],
})
