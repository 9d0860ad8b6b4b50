import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { hasMisplacedEvents, isAbsent } from '../certificate-input.ts'
import type { Claim, Envelope, Opened } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import { instantSeconds } from '../encoding/instant.ts'
import { readFields } from '../shape.ts'
import { flatFields } from './ddcc.ts'

/**
 * The first DDCC candidate: a payload without hcert claim has `name` and `vaccine`, or `name` and `test`, side by side and without
 * CWT claims. Its kind, or a text that says why it is none.
 */
export function flatForm(claims: CborMap): { format: string } | string {
  if (typeof claims.get('name') !== 'string') return 'no hcert claim (-260), and no DDCC claims'
  if (claims.get('vaccine') instanceof Map) return { format: 'hcert-ddcc-vs' }
  if (claims.get('test') instanceof Map) return { format: 'hcert-ddcc-tr' }
  return 'no hcert claim (-260), and neither vaccine nor test beside the name'
}

/** To the last millisecond, the resolution of the clock. */
const DAY_SECONDS = 86_399.999

/** valid_from to the end of valid_until, UTC. */
export function flatPeriod(claims: CborMap): Envelope['period'] {
  const period: Envelope['period'] = {}
  const from = claims.get('valid_from')
  const until = claims.get('valid_until')
  if (isPresent(from)) period.notBefore = dayStart(from)
  if (isPresent(until)) {
    const start = dayStart(until)
    // A date without time means its whole day.
    period.expires = start !== 'not-a-number' && !hasTime(until) ? start + DAY_SECONDS : start
  }
  return period
}

const isPresent = (value: CborValue): boolean => value !== undefined && value !== null && value !== ''
const dateText = (value: CborValue): unknown =>
  typeof value === 'object' && value !== null && 'tag' in value && value.tag === 0 ? value.value : value
const hasTime = (value: CborValue): boolean => String(dateText(value)).length > 10

function dayStart(value: CborValue): Claim {
  const text = dateText(value)
  return typeof text === 'string' ? (instantSeconds(text) ?? 'not-a-number') : 'not-a-number'
}

/** Content of the first DDCC candidate: one vaccination or one test. */
export function readFlat(claims: JsonObject): Opened | string {
  const member = isAbsent(claims.vaccine) ? 'test' : 'vaccine'
  if (!isJsonObject(claims[member])) return `${member} is not a map`
  if (hasMisplacedEvents(Object.keys(claims), [member])) return 'several kinds of event stand side by side'
  const isVaccination = member === 'vaccine'
  const { value, remarks } = readFields(claims, flatFields, 'claims')
  return {
    content: value,
    formats: [isVaccination ? 'hcert-ddcc-vs' : 'hcert-ddcc-tr'],
    events: [isVaccination ? 'v' : 't'],
    remarks,
    obstacles: [],
    certificateIds: typeof claims.hcid === 'string' ? [claims.hcid] : [],
  }
}
