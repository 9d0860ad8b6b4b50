import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { hasMisplacedEvents, isAbsent } from '../certificate-input.ts'
import type { Envelope, Opened } from '../credential-format.ts'
import type { CborMap } from '../encoding/cbor.ts'
import { lostObstacles, readFields } from '../shape.ts'
import { periodBetween } from './claims.ts'
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

/** valid_from to the end of valid_until, UTC. */
export const flatPeriod = (claims: CborMap): Envelope['period'] =>
  periodBetween(claims.get('valid_from'), claims.get('valid_until'))

/** Content of the first DDCC candidate: one vaccination or one test. */
export function readFlat(claims: JsonObject): Opened | string {
  const member = isAbsent(claims.vaccine) ? 'test' : 'vaccine'
  if (!isJsonObject(claims[member])) return `${member} is not a map`
  if (hasMisplacedEvents(Object.keys(claims), [member])) return 'several kinds of event stand side by side'
  const isVaccination = member === 'vaccine'
  const { value, remarks, lost } = readFields(claims, flatFields, 'claims')
  return {
    content: value,
    formats: [isVaccination ? 'hcert-ddcc-vs' : 'hcert-ddcc-tr'],
    events: [isVaccination ? 'v' : 't'],
    remarks,
    obstacles: lostObstacles(lost, 'the claims'),
    certificateIds: typeof claims.hcid === 'string' ? [claims.hcid] : [],
  }
}
