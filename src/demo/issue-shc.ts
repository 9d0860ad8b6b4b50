import { type KeyObject, sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { sha256Base64url } from '../base/crypto/sha256.ts'
import type { JsonObject } from '../base/json-value.ts'
import { numericTexts } from '../credentials/shc/numeric.ts'

/** Issues SMART Health Cards for demonstration and tests; key material is made by the caller. */

/** Who signs: an ES256 key pair. */
export interface CardSigner {
  privateKey: KeyObject
  publicKey: KeyObject
}

/** Departures from the usual form. */
export interface CardOptions {
  /** More or other header members; `undefined` leaves one out. */
  header?: Record<string, string | string[] | undefined>
  /** A forgery: this payload instead of the card that was signed. */
  replacedPayload?: JsonObject
  /** Split into so many chunks `shc:/C/N/…`. */
  chunks?: number
}

const base64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url')

/** Key id of a card's key: its RFC 7638 thumbprint. */
export function cardKeyId(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  return sha256Base64url(JSON.stringify({ crv, kty, x, y }))
}

/** The card as one or several texts, to be shown as QR codes. */
export function issueCard(card: JsonObject, signer: CardSigner, options: CardOptions = {}): string[] {
  return numericTexts(cardJws(card, signer, options), options.chunks ?? 1)
}

/** The card as compact JWS, as files of cards hold it. */
export function cardJws(card: JsonObject, signer: CardSigner, options: CardOptions = {}): string {
  const header = { zip: 'DEF', alg: 'ES256', kid: cardKeyId(signer.publicKey), ...options.header }
  const part = (payload: JsonObject) =>
    `${base64url(JSON.stringify(header))}.${base64url(deflateRawSync(JSON.stringify(payload)))}`
  const signed = part(card)
  const signature = sign('sha256', Buffer.from(signed), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' })
  const sent = options.replacedPayload ? part(options.replacedPayload) : signed
  return `${sent}.${base64url(signature)}`
}

/** A dose of a specimen: code of its vaccine, and days between it and the signature. */
export interface SampleDose {
  vaccine: string
  days: number
}

/** A specimen card: immunisations of an invented person, two doses of one vaccine (CVX) unless others are given. */
export function sampleCard({
  issuer,
  issuedAt,
  expires,
  doses = [60, 30].map((days) => ({ vaccine: '208', days })),
}: {
  issuer: string
  issuedAt: Date
  expires?: Date
  doses?: SampleDose[]
}): JsonObject {
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000)
  const patient = { resourceType: 'Patient', name: [{ family: 'Specimen', given: ['Ada'] }], birthDate: '1985-03-14' }
  const immunizations = doses.map(({ vaccine, days }) => ({
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: vaccine }] },
    patient: { reference: 'resource:0' },
    occurrenceDateTime: new Date(issuedAt.getTime() - days * 86_400_000).toISOString().slice(0, 10),
    lotNumber: 'LOT-0000',
    performer: [{ actor: { display: 'Specimen vaccination centre' } }],
  }))
  const entry = [patient, ...immunizations].map((resource, at) => ({ fullUrl: `resource:${at}`, resource }))
  return {
    iss: issuer,
    nbf: seconds(issuedAt),
    ...(expires ? { exp: seconds(expires) } : {}),
    vc: {
      type: ['https://smarthealth.cards#health-card', 'https://smarthealth.cards#immunization'],
      credentialSubject: { fhirVersion: '4.0.1', fhirBundle: { resourceType: 'Bundle', type: 'collection', entry } },
    },
  }
}
