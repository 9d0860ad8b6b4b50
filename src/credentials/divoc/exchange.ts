import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Finding, Obstacle } from '../credential-format.ts'
import { instantSeconds } from '../encoding/instant.ts'

/**
 * Several members of a DIVOC certificate are one property where they are signed, so that their values can be exchanged, one that is
 * there twice be left out, and one that is there be written twice, and the proof still holds. Nothing in the certificate tells; only what contradicts
 * itself can be held back.
 */

/** The hole, for the check `signature` of every certificate. */
export const exchangeRemark: Finding = {
  check: 'signature',
  detail:
    'the proof does not tell apart dose and totalDoses; date, effectiveStart and effectiveUntil; certificateId, batch, vaccine, manufacturer, icd11Code, disease, testType, sampleOrigin and result; refId and uhid; times of a test; nor a value under one of these names from the same under two; nor the order of evidence',
}

const blocks = (text: string): Obstacle => ({ text, blocks: true })

/** What no issuer says of one event, and an exchange of values would: counted against the certificate. */
export function contradictions({ issuanceDate }: JsonObject, events: JsonObject[]): Obstacle[] {
  const found: Obstacle[] = []
  for (const event of events) {
    if (numberOf(event.dose) > numberOf(event.totalDoses))
      found.push(blocks('A dose is beyond the number of doses; the two are signed as one'))
    if (!inOrder(event, issuanceDate ?? null))
      found.push(blocks('The times of an event contradict each other; they are signed as one'))
  }
  return found
}

/** NaN compares with nothing. */
const numberOf = (value: Json | undefined): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN

/** Pairs of which the first is no later than the second. */
const ORDER = [
  ['date', 'effectiveUntil'],
  ['effectiveStart', 'effectiveUntil'],
  ['sampleCollectionTimestamp', 'resultTimestamp'],
  ['sampleCollectionTimestamp', 'expiry'],
  ['date', 'issued'],
  ['sampleCollectionTimestamp', 'issued'],
  ['resultTimestamp', 'issued'],
] as const

function inOrder(event: JsonObject, issued: Json): boolean {
  const times: JsonObject = { ...event, issued }
  return ORDER.every(([first, second]) => !isLater(times[first], times[second]))
}

/** Compared as days where one of them is a day alone, as is usual for the start and end of an effect. */
function isLater(first: Json | undefined, second: Json | undefined): boolean {
  if (typeof first !== 'string' || typeof second !== 'string') return false
  const isDay = first.length <= 10 || second.length <= 10
  const [a, b] = [first, second].map((each) => instantSeconds(isDay ? each.slice(0, 10) : each))
  return a !== undefined && b !== undefined && a > b
}
