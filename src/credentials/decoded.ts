import type { Json } from '../base/json-value.ts'
import type { CertificateInput, CredentialFormat, Envelope, Failure, Limits, Scanned } from './credential-format.ts'

/** What a credential says, for authors of maps: nothing of it is verified. */
export interface Decoded {
  format: string
  issuer?: unknown
  keyId?: string
  algorithm: string
  period: Envelope['period']
  /** What maps and rules get, one for each kind of certificate in it; a kind that points elsewhere has none. */
  kinds: ({ kind: string } & Partial<Omit<CertificateInput, 'composition'>> & { composition?: Json })[]
  content: Json
  /** What is unusual about the envelope. */
  envelopeRemarks: string[]
  /** Departures from the form of the content, and what stands in the way of a yes. */
  remarks: string[]
}

/** Decodes a credential without any key. */
export function decodeCredential(
  scanned: Scanned,
  formats: readonly CredentialFormat[],
  limits: Limits,
): Decoded | Failure {
  const format = formats.find((each) => each.recognises(scanned))
  if (!format) return { check: 'recognise', status: 'NOT_SUPPORTED', detail: 'no supported format begins like this' }
  if (!(scanned instanceof Uint8Array) && scanned.length > 1 && !format.isChunked)
    return { check: 'encoding', status: 'INVALID_ENCODING', detail: 'several texts of a format that comes in one' }
  const envelope = format.decode(scanned, limits)
  if ('check' in envelope) return envelope
  const opened = envelope.open()
  if (typeof opened === 'string')
    return { check: 'payload', status: 'UNSUPPORTED_CONTENT', detail: opened, format: envelope.format }
  const { issuer, keyId, algorithm, period } = envelope
  const { content, formats: kinds, remarks, obstacles } = opened
  return {
    format: kinds[0] ?? envelope.format,
    ...(issuer === undefined ? {} : { issuer }),
    ...(keyId === undefined ? {} : { keyId }),
    algorithm,
    period,
    kinds: kinds.map((kind) => {
      const input = format.kinds[kind]?.input?.(content)
      const { composition, ...rest } = input ?? {}
      return { kind, ...rest, ...(composition ? { composition: composition() } : {}) }
    }),
    content,
    envelopeRemarks: envelope.remarks.map(({ detail }) => detail),
    remarks: [...remarks, ...obstacles.map(({ text }) => text)],
  }
}
