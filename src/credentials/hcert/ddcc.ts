import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { eventsOf, hasMisplacedEvents, mapsFrom, member } from '../certificate-input.ts'
import type { Envelope, EventKind, Opened } from '../credential-format.ts'
import { birthDate, count, type Datum, date, deciding, moment, text } from '../data.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { coding, type Fields, lostObstacles, mapOf, readFields } from '../shape.ts'
import { periodBetween } from './claims.ts'
import { isMapNamed, type Subclaim, subclaimInput } from './subclaim.ts'

/** Of the core data set or of the flat form, in which a test may stand beside a vaccination. */
const eventCount = (data: Json) =>
  eventsOf(member(data, 'vaccination') ?? member(data, 'vaccine')).length + eventsOf(member(data, 'test')).length

const maps = mapsFrom('DdccToCoreDataSet')

function coreDataSet(key: number, format: string, { event, name }: { event: EventKind; name: string }): Subclaim {
  return {
    key,
    format,
    formFault: isMapNamed(`DDCC core data set (${key})`),
    period: certificatePeriod,
    read: (value) => readCoreDataSet(value, { format, event, member: name }),
    kinds: { [format]: { domains: ['DDCC'], input: subclaimInput(key, maps, eventCount) } },
  }
}

/** Subclaim 3: DDCC core data set of a vaccination. */
export const vaccination = coreDataSet(3, 'hcert-ddcc-vs', { event: 'v', name: 'vaccination' })
/** Subclaim 4: DDCC core data set of a test result. */
export const testResult = coreDataSet(4, 'hcert-ddcc-tr', { event: 't', name: 'test' })

/** `certificate.period`: the certificate ends with it, whatever the claims around it say. */
function certificatePeriod(value: CborValue): Envelope['period'] {
  const within = (map: CborValue, name: string) => (map instanceof Map ? map.get(name) : undefined)
  const period = within(within(value, 'certificate'), 'period')
  return periodBetween(within(period, 'start'), within(period, 'end'))
}

/** Members of the core data sets beside the event (WHO DDCC, logical models). */
const MEMBERS = ['resourceType', 'name', 'birthDate', 'sex', 'identifier', 'certificate']

/** Members of the certificate, and of each kind of event; what is valid until a day is ours. */
const CERTIFICATE_MEMBERS = ['issuer', 'kid', 'hcid', 'ddccid', 'version', 'period']
const COMMON_MEMBERS = ['brand', 'manufacturer', 'date', 'country', 'centre']
const EVENT_MEMBERS: Record<string, readonly string[]> = {
  vaccination: [
    ...COMMON_MEMBERS,
    ...['vaccine', 'maholder', 'lot', 'validFrom', 'validUntil', 'dose', 'totalDoses', 'signature', 'practitioner'],
    ...['disease', 'nextDose'],
  ],
  test: [...COMMON_MEMBERS, 'pathogen', 'type', 'origin', 'result'],
}

/** Of the event, in the core data set and in the flat form. */
const event: Fields = {
  vaccine: deciding(coding),
  brand: deciding(coding),
  manufacturer: coding,
  maholder: coding,
  lot: text,
  date: deciding(moment),
  validFrom: deciding(date),
  validUntil: deciding(date),
  dose: deciding(count),
  totalDoses: deciding(count),
  country: coding,
  disease: deciding(coding),
  nextDose: date,
  pathogen: deciding(coding),
  type: deciding(coding),
  origin: coding,
  result: deciding(coding),
}

/** A text, or an Identifier. */
const identifier: Datum = (value) => (typeof value === 'string' ? { value } : mapOf({ value: deciding(text) })(value))

/** By the period of the certificate it ends, by its identifier it is revoked. */
const fields: Fields = {
  name: text,
  birthDate: birthDate('1.3.0'),
  sex: coding,
  certificate: deciding(
    mapOf({ version: text, hcid: deciding(identifier), period: deciding(mapOf({ start: moment, end: moment })) }),
  ),
  vaccination: deciding(mapOf(event)),
  test: deciding(mapOf(event)),
}

/** Members of the flat form, which has the person, the event and the certificate side by side. */
export const flatFields: Fields = {
  ...event,
  name: text,
  birthDate: birthDate('1.3.0'),
  sex: coding,
  ma_holder: coding,
  vaccine_valid: deciding(date),
  total_doses: deciding(count),
  due_date: date,
  hcid: deciding(text),
  valid_from: moment,
  valid_until: moment,
  test: deciding(mapOf(event)),
}

function readCoreDataSet(value: Json, kind: { format: string; event: EventKind; member: string }): Opened | string {
  if (!isJsonObject(value)) return 'DDCC core data set is not a map'
  if (!isJsonObject(value[kind.member])) return `DDCC core data set has no map ${kind.member}`
  if (hasMisplacedEvents(Object.keys(value), [kind.member])) return 'DDCC core data set holds events of another kind'
  const read = readFields(value, fields, 'DDCC core data set')
  return {
    content: read.value,
    formats: [kind.format],
    events: [kind.event],
    remarks: [...departures(value, kind.member), ...read.remarks],
    obstacles: lostObstacles(read.lost, 'the core data set'),
    certificateIds: certificateIds(value),
  }
}

function departures(dataSet: JsonObject, member: string): string[] {
  const remarks: string[] = []
  if (typeof dataSet.name !== 'string') remarks.push('name is not a text')
  if (!isJsonObject(dataSet.certificate)) remarks.push('certificate is not a map')
  const isKnown = (name: string) => name === member || MEMBERS.includes(name)
  if (!Object.keys(dataSet).every(isKnown)) remarks.push('members that a DDCC core data set does not have')
  for (const [part, known] of [
    ['certificate', CERTIFICATE_MEMBERS],
    [member, EVENT_MEMBERS[member] ?? []],
  ] as const)
    if (!Object.keys(Object(dataSet[part])).every((name) => known.includes(name)))
      remarks.push(`${part} has members that a DDCC core data set does not have`)
  return remarks
}

/** `certificate.hcid`, as a text or an Identifier. */
function certificateIds({ certificate }: JsonObject): string[] {
  const hcid = isJsonObject(certificate) ? certificate.hcid : undefined
  const id = isJsonObject(hcid) ? hcid.value : hcid
  return typeof id === 'string' ? [id] : []
}
