import { isJsonObject } from '../../fhir/json-object.ts'
import type { Json, JsonObject } from '../../fhir/types.ts'
import type { EventKind, Format } from '../credential-format.ts'
import { hasMisplacedEvents } from './members.ts'
import type { SubclaimContent } from './subclaim-content.ts'

/** Subclaim 3: DDCC core data set of a vaccination. */
export const readVaccination = (value: Json): SubclaimContent | string =>
  readCoreDataSet(value, { format: 'hcert-ddcc-vs', event: 'v', member: 'vaccination' })

/** Subclaim 4: DDCC core data set of a test result. */
export const readTestResult = (value: Json): SubclaimContent | string =>
  readCoreDataSet(value, { format: 'hcert-ddcc-tr', event: 't', member: 'test' })

interface CoreDataSetKind {
  format: Format
  event: EventKind
  member: string
}

/** Members of the core data sets beside the event (WHO DDCC, logical models). */
const MEMBERS = ['resourceType', 'name', 'birthDate', 'sex', 'identifier', 'certificate']

function readCoreDataSet(value: Json, kind: CoreDataSetKind): SubclaimContent | string {
  if (!isJsonObject(value)) return 'DDCC core data set is not a map'
  if (!isJsonObject(value[kind.member])) return `DDCC core data set has no map ${kind.member}`
  if (hasMisplacedEvents(Object.keys(value), [kind.member])) return 'DDCC core data set holds events of another kind'
  return {
    format: kind.format,
    events: [kind.event],
    remarks: departures(value, kind.member),
    value,
    certificateIds: certificateIds(value),
  }
}

function departures(dataSet: JsonObject, member: string): string[] {
  const remarks: string[] = []
  if (typeof dataSet.name !== 'string') remarks.push('name is not a text')
  if (!isJsonObject(dataSet.certificate)) remarks.push('certificate is not a map')
  const isKnown = (name: string) => name === member || MEMBERS.includes(name)
  if (!Object.keys(dataSet).every(isKnown)) remarks.push('members that a DDCC core data set does not have')
  return remarks
}

/** `certificate.hcid`, as a text or an Identifier. */
function certificateIds({ certificate }: JsonObject): string[] {
  const hcid = isJsonObject(certificate) ? certificate.hcid : undefined
  const id = isJsonObject(hcid) ? hcid.value : hcid
  return typeof id === 'string' ? [id] : []
}
