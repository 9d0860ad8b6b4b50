import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { eventsOf, hasMisplacedEvents, mapsFrom, member, withoutEmptyTexts } from '../certificate-input.ts'
import type { CertificateInput, EventKind, Obstacle, Opened } from '../credential-format.ts'
import { birthDate, count, date, deciding, text } from '../data.ts'
import { plainTexts } from '../encoding/plain-text.ts'
import { listOf, lostObstacles, mapOf, readFields } from '../shape.ts'

/** Members of a message by kind of seal (ICAO, VDS-NC profiles for vaccination and test certificates), and which hold the events. */
const kinds: Record<'v' | 't', { members: string[]; events: string; others: string[] }> = {
  v: { members: ['uvci', 'pid', 've'], events: 've', others: ['tr', 'dat'] },
  t: { members: ['ucn', 'utci', 'pid', 'sp', 'dat', 'tr'], events: 'tr', others: ['ve', 'vd'] },
}
const HEADER = ['t', 'v', 'is', 'iss']

/** Reads a verified seal; a text says why its message is none of its kind. */
export function openSeal(
  signed: JsonObject,
  { header, message: body, event }: { header: JsonObject; message: JsonObject; event: EventKind },
): Opened | string {
  const kind = kinds[event === 't' ? 't' : 'v']
  if (kind.others.some((name) => name in body) || hasMisplacedEvents(Object.keys(body), []))
    return 'the message holds events of another kind of seal'
  if (!isJsonObject(body.pid)) return 'the message names no person'
  if (!hasEvents(body, event)) return 'the message has no events of its kind'
  const { json, remarks } = plainTexts(signed)
  const read = readSeal(json)
  remarks.push(...read.remarks)
  if (!Object.keys(body).every((name) => kind.members.includes(name)))
    remarks.push('members that a seal of this kind does not have')
  if (!Object.keys(header).every((name) => HEADER.includes(name))) remarks.push('members that a header does not have')
  if (Object.keys(Object(signed.data)).some((name) => name !== 'hdr' && name !== 'msg'))
    remarks.push('members that the data of a seal do not have')
  return {
    content: read.value,
    formats: ['icao-vds-nc'],
    events: [event],
    remarks,
    obstacles: [...versionObstacles(header), ...lostObstacles(read.lost, 'the seal')],
    certificateIds: [body.uvci, body.utci, body.ucn].filter((id) => typeof id === 'string'),
  }
}

const person = mapOf({ n: text, dob: birthDate('1.3.0'), dt: text, dn: text, i: text, ai: text, sex: text })
const dose = mapOf({ dvc: deciding(date), seq: deciding(count), ctr: text, adm: text, lot: text, dvn: date })
const vaccine = mapOf({ des: deciding(text), nam: deciding(text), dis: deciding(text), vd: deciding(listOf(dose)) })
const message = mapOf({
  uvci: text,
  utci: text,
  ucn: text,
  pid: person,
  ve: deciding(listOf(vaccine)),
  sp: mapOf({ spn: text, ctr: text }),
  dat: deciding(mapOf({ sc: deciding(text), ri: text })),
  tr: deciding(mapOf({ tc: deciding(text), r: deciding(text), m: text })),
})
const seal = { data: deciding(mapOf({ msg: deciding(message) })) }

function readSeal(json: Json) {
  return readFields(isJsonObject(json) ? json : {}, seal, 'seal')
}

/** Only version 1 of the profiles is known. */
function versionObstacles({ v }: JsonObject): Obstacle[] {
  return v === 1 ? [] : [{ text: 'The seal is of a version that this server does not know', blocks: true }]
}

function hasEvents(message: JsonObject, event: EventKind): boolean {
  if (event === 't') return isJsonObject(message.tr) && isJsonObject(message.dat)
  const isVaccine = (each: Json) => isJsonObject(each) && isListOfMaps(each.vd)
  return isListOfMaps(message.ve) && [message.ve ?? null].flat().every(isVaccine)
}

const isListOfMaps = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isJsonObject)

const maps = mapsFrom('IcaoVdsToCoreDataSet')

/** What maps get of a seal: its JSON; every dose of every vaccine, and a test result, is an event. */
export function sealInput(content: Json): CertificateInput {
  const seal = withoutEmptyTexts(content)
  const message = member(member(seal, 'data'), 'msg')
  const doses = eventsOf(member(message, 've')).map((vaccine) => Math.max(1, eventsOf(member(vaccine, 'vd')).length))
  const events = doses.reduce((sum, each) => sum + each, eventsOf(member(message, 'tr')).length)
  return { maps, claims: seal, events: Math.max(1, events) }
}
