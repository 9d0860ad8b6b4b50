import { isJsonObject } from '../../base/json-object.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { readFields } from '../shape.ts'
import { flatFields } from './ddcc.ts'
import { hasMisplacedEvents } from './members.ts'
import { isAbsent, type SubclaimContent } from './subclaim-content.ts'

/** Content of the first DDCC candidate, whose claims stand side by side (credentials.md, 4.2): one vaccination or one test. */
export function readFlat(claims: JsonObject): SubclaimContent | string {
  const member = isAbsent(claims.vaccine) ? 'test' : 'vaccine'
  if (!isJsonObject(claims[member])) return `${member} is not a map`
  if (hasMisplacedEvents(Object.keys(claims), [member])) return 'several kinds of event stand side by side'
  const isVaccination = member === 'vaccine'
  const read = readFields(claims, flatFields, 'claims')
  return {
    format: isVaccination ? 'hcert-ddcc-vs' : 'hcert-ddcc-tr',
    events: [isVaccination ? 'v' : 't'],
    remarks: read.remarks,
    value: read.value,
    certificateIds: typeof claims.hcid === 'string' ? [claims.hcid] : [],
  }
}
