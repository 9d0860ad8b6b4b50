import { isJsonObject } from '../../fhir/json-object.ts'
import type { Json, JsonObject } from '../../fhir/types.ts'
import type { EventKind, Obstacle, Opened } from '../credential-format.ts'
import { plainTexts } from '../encoding/plain-text.ts'

/** Members of a message by kind of seal (ICAO, VDS-NC profiles for vaccination and test certificates), and which hold the events. */
const messages: Record<'v' | 't', { members: string[]; events: string; others: string[] }> = {
  v: { members: ['uvci', 'pid', 've'], events: 've', others: ['tr', 'dat'] },
  t: { members: ['ucn', 'utci', 'pid', 'sp', 'dat', 'tr'], events: 'tr', others: ['ve', 'vd'] },
}
const HEADER = ['t', 'v', 'is', 'iss']

/** Reads a verified seal; a text says why its message is none of its kind. */
export function openSeal(
  seal: JsonObject,
  { header, message, event }: { header: JsonObject; message: JsonObject; event: EventKind },
): Opened | string {
  const kind = messages[event === 't' ? 't' : 'v']
  if (kind.others.some((name) => name in message)) return 'the message holds events of another kind of seal'
  if (!isJsonObject(message.pid)) return 'the message names no person'
  if (!hasEvents(message, event)) return 'the message has no events of its kind'
  const { json, remarks } = plainTexts(seal)
  if (!Object.keys(message).every((name) => kind.members.includes(name)))
    remarks.push('members that a seal of this kind does not have')
  if (!Object.keys(header).every((name) => HEADER.includes(name))) remarks.push('members that a header does not have')
  return {
    content: json,
    formats: ['icao-vds-nc'],
    events: [event],
    remarks,
    obstacles: versionObstacles(header),
    certificateIds: [message.uvci, message.utci, message.ucn].filter((id) => typeof id === 'string'),
  }
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
