import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { unknownMember } from '../../base/nearest.ts'
import { participantCode } from '../../base/participant-codes.ts'
import { type KeyStatus, readStatus, scaOf, statusForm } from '../keys/trusted-key.ts'

/** What `trust.json` says of the certificates of one file. */
export interface SidecarEntry {
  file: string
  keyId?: string
  participant?: string
  domain?: string
  usage?: string
  status: KeyStatus
  from?: Date
  until?: Date
}

/** What a sidecar says; `problems` has one text per fault, with the place of the entry. */
export interface Sidecar {
  entries: SidecarEntry[]
  problems: string[]
  /** Files that entries at fault name: nothing is known of their certificates. */
  unread: string[]
}

/** Members of an entry: their form, for messages, and how a value is read. */
const MEMBERS: Record<string, { form: string; read(value: Json): unknown }> = {
  file: { form: 'the name of a file in this folder', read: (value) => text(value, /^[^/\\]+$/) },
  keyId: { form: 'a text', read: (value) => text(value, /\S/) },
  participant: { form: 'a code of two or three letters', read: (value) => participantCode(text(value, /^/) ?? '') },
  domain: { form: 'a code without blanks', read: (value) => text(value, /^\S*$/) },
  usage: { form: 'a code in capitals', read: (value) => scaOf(text(value, /^[A-Z]+$/) ?? '') || undefined },
  status: { form: statusForm, read: readStatus },
  from: { form: 'a date or date-time that exists', read: readDate },
  until: { form: 'a date or date-time that exists', read: readDate },
}

/** Reads a sidecar to the last member: what is not understood is a problem, never ignored, since it may have been a withdrawal. */
export function readSidecar(json: Json): Sidecar {
  const sidecar: Sidecar = { entries: [], problems: [], unread: [] }
  if (!Array.isArray(json)) {
    sidecar.problems.push(`it must be a list of {${Object.keys(MEMBERS).join(', ')}}`)
    return sidecar
  }
  for (const [at, each] of json.entries()) {
    const file = isJsonObject(each) && typeof each.file === 'string' ? each.file : undefined
    const entry = isJsonObject(each) ? readEntry(each) : 'must be an object'
    if (typeof entry !== 'string') sidecar.entries.push(entry)
    else {
      sidecar.problems.push(`entry ${at + 1}${file === undefined ? '' : ` (${file})`}: ${entry}`)
      if (file !== undefined) sidecar.unread.push(file)
    }
  }
  return sidecar
}

function readEntry(json: JsonObject): SidecarEntry | string {
  const problems: string[] = []
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    const member = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined
    read[name] = member?.read(value)
    if (!member) problems.push(unknownMember(name, Object.keys(MEMBERS)))
    else if (read[name] === undefined) problems.push(`${name} must be ${member.form}`)
  }
  if (!('file' in json)) problems.push('file is missing')
  if (problems.length > 0) return problems.join('; ')
  // Every member was read by its own reader above.
  return { status: 'current', ...read } as SidecarEntry
}

const text = (value: Json, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined

/** A date stands for its first moment in UTC. A day that does not exist (`2021-02-30`) is none: Date would make another of it. */
function readDate(value: Json): Date | undefined {
  const given = text(value, /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/)
  if (given === undefined) return undefined
  const date = new Date(given)
  const day = new Date(`${given.slice(0, 10)}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && !Number.isNaN(day.getTime())
  return exists && day.toISOString().startsWith(given.slice(0, 10)) ? date : undefined
}
