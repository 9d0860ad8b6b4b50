import { alpha3FromAlpha2 } from '../fhir/iso-3166.ts'

/** Two-letter codes whose three-letter form the network fixes otherwise than ISO 3166 (trust-network.md, section 1, quirk 8). */
const NETWORK_CODES = new Map([
  ['XL', 'XCL'],
  ['XM', 'XML'],
  ['YK', 'XYK'],
  ['WH', 'WHO'],
  ['IO', 'IOM'],
])

/** The participant code of a country or participant in any spelling; undefined when the text is none (free text, URL). */
export function participantCode(text: string): string | undefined {
  const code = text.trim().toUpperCase()
  if (/^[A-Z]{3}$/.test(code)) return code
  if (!/^[A-Z]{2}$/.test(code)) return undefined
  // Test countries XA, XN, XU… become XXA, XXN, XXU.
  return NETWORK_CODES.get(code) ?? alpha3FromAlpha2(code) ?? (code.startsWith('X') ? `X${code}` : code)
}

/** Equal, or equal after translation: `XT`, `XW`, `XQ` stand untranslated in lists. */
export function sameParticipant(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase() || (participantCode(a) ?? a) === (participantCode(b) ?? b)
}

/** Participant of an issuer given as code or as the did:web id of a trust list (`…:trustlist:DOMAIN:PARTICIPANT…`). */
export function participantOfIssuer(issuer: string): string | undefined {
  const path = /^did:web:.*:trustlist(?:-ref)?:[^:#]+:([^:#]+)/.exec(issuer)
  if (path) return path[1] === '-' ? undefined : participantCode(path[1] ?? '')
  return participantCode(issuer)
}

/** Code for the comparison of an anchor's issuer with a credential's: ISO 3166 alone, others as they are (credentials.md, 3). */
export function isoAlpha3(text: string): string {
  const code = text.trim().toUpperCase()
  return alpha3FromAlpha2(code) ?? code
}
