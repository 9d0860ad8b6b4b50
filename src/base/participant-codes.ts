import { alpha2FromAlpha3, alpha3FromAlpha2, isJurisdictionCode } from './iso-3166.ts'

/** Two-letter codes whose three-letter form the network fixes otherwise than ISO 3166. */
const NETWORK_CODES = new Map([
  ['XL', 'XCL'],
  ['XM', 'XML'],
  ['YK', 'XYK'],
  ['WH', 'WHO'],
  ['IO', 'IOM'],
])

const networkParticipants = new Set(NETWORK_CODES.values())

/** Two-letter codes that a list may translate in a second way: `XK` is Kosovo and, in the development network, a test country. */
const SECOND_CODES = new Map([['XK', 'XXK']])

/**
 * Upper case of a code of two or three letters; undefined for any other text. ASCII letters alone: upper case of `ﬁ` or `ı` would
 * make one country of another text.
 */
function codeOf(text: string): string | undefined {
  if (isPlainCode(text)) return text
  const code = text.trim()
  return /^[A-Za-z]{2,3}$/.test(code) ? code.toUpperCase() : undefined
}

/** Two or three upper case letters, as nearly every code is written: asked several times of every credential. */
function isPlainCode(text: string): boolean {
  if (text.length !== 2 && text.length !== 3) return false
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at)
    if (letter < 0x41 || letter > 0x5a) return false
  }
  return true
}

/** The participant code of a country or participant in any spelling; undefined when the text is none (free text, URL). */
export function participantCode(text: string): string | undefined {
  const code = codeOf(text)
  if (code === undefined || code.length === 3) return code
  // Test countries XA, XN, XU… become XXA, XXN, XXU.
  return NETWORK_CODES.get(code) ?? alpha3FromAlpha2(code) ?? (code.startsWith('X') ? `X${code}` : code)
}

/** The code of a participant in two letters, as certificates and rules have it; undefined for what has none. */
export function participantAlpha2(text: string): string | undefined {
  const code = codeOf(text)
  if (code === undefined || code.length === 2) return code
  const fixed = [...NETWORK_CODES].find(([, alpha3]) => alpha3 === code)?.[0]
  return fixed ?? alpha2FromAlpha3(code) ?? (/^XX[A-Z]$/.test(code) ? code.slice(1) : undefined)
}

/** Equal, or equal after translation: `XT`, `XW`, `XQ` stand untranslated in lists. */
export function sameParticipant(a: string, b: string): boolean {
  const code = participantCode(a)
  if (code !== undefined && code === participantCode(b)) return true
  const others = spellings(b)
  return spellings(a).some((spelling) => others.includes(spelling))
}

function spellings(text: string): string[] {
  const code = codeOf(text)
  if (code === undefined) return [text]
  return [code, participantCode(code), SECOND_CODES.get(code)].filter((each) => each !== undefined)
}

/**
 * Participant of an issuer given as code or as the did:web id of a trust list (`…:trustlist:DOMAIN:PARTICIPANT…`), as it is
 * written there, for {@link sameParticipant}. Undefined for free text and addresses.
 */
export function participantOfIssuer(issuer: string): string | undefined {
  if (isPlainCode(issuer)) return issuer
  const path = /^did:web:.*:trustlist(?:-ref)?:[^:#]+:([^:#]+)/.exec(issuer)
  return codeOf(path?.[1] ?? issuer)
}

/** Code for the comparison of an anchor's issuer with a credential's: ISO 3166 alone, others as they are. */
export function isoAlpha3(text: string): string {
  const code = codeOf(text)
  return code === undefined ? text : (alpha3FromAlpha2(code) ?? code)
}

/**
 * Code of an issuer or participant as it is written, when it is that of a country, a test participant or another participant of the network.
 * Undefined for any other text, also for codes that look like one and are not: `MOH`, `UK`, `EL`.
 */
export function knownParticipant(issuer: string): string | undefined {
  const written = participantOfIssuer(issuer)
  const code = written === undefined ? undefined : participantCode(written)
  const isKnown = code !== undefined && (isJurisdictionCode(code) || networkParticipants.has(code))
  return isKnown ? written : undefined
}

/**
 * The codes in three letters of what a code may mean, for choosing rules: `IO` is a territory by ISO 3166 and a participant by the network.
 * The same for both spellings of a country.
 */
export function jurisdictionCodes(text: string): string[] {
  const code = codeOf(text)
  if (code === undefined) return [text]
  const codes = [participantCode(code), SECOND_CODES.get(code), isoAlpha3(code)].filter((each) => each !== undefined)
  const inThree = codes.filter((each) => each.length === 3)
  return [...new Set(inThree.length > 0 ? inThree : codes)]
}

/** Whether two codes may mean the same jurisdiction: what chooses rules must not miss one. */
export function sameJurisdiction(a: string, b: string): boolean {
  const others = jurisdictionCodes(b)
  return jurisdictionCodes(a).some((each) => others.includes(each))
}

/** Whether everything that a code may mean is meant by another as well: `IOT` is within `IO`, and `IO`, which is `IOM` too, not within `IOT`. */
export function isWithinJurisdiction(code: string, whole: string): boolean {
  const codes = jurisdictionCodes(whole)
  return jurisdictionCodes(code).every((each) => codes.includes(each))
}
