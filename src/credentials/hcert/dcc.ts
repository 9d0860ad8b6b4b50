import { compareVersions } from '../../fhir/canonical.ts'
import { isCountryCode } from '../../fhir/iso-3166.ts'
import type { EventKind } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import type { PayloadContent } from './claim-set.ts'

const kinds: EventKind[] = ['v', 't', 'r']

/**
 * Subclaim 1, the EU DCC {ver, nam, dob, v?, t?, r?} (credentials.md, 4.3). Fails only where it cannot be read; what merely
 * breaks the DCC schema of its version is remarked upon, since hundreds of genuine certificates do.
 */
export function readDcc(value: CborValue): PayloadContent | string {
  if (!(value instanceof Map)) return 'EU DCC is not a map'
  if (!(value.get('nam') instanceof Map)) return 'EU DCC: nam is not a map'
  const events = kinds.filter((kind) => entriesOf(value, kind).length > 0)
  if (events.length === 0) return 'EU DCC: none of v, t, r is a non-empty list'
  const entries = events.flatMap((kind) => entriesOf(value, kind))
  if (!entries.every((entry) => entry instanceof Map)) return 'EU DCC: an entry of v, t or r is not a map'
  return { format: 'hcert-dcc', events, remarks: schemaRemarks(value, events), certificateIds: certificateIds(entries) }
}

function entriesOf(dcc: CborMap, kind: EventKind): CborValue[] {
  const list = dcc.get(kind)
  return Array.isArray(list) ? list : []
}

function certificateIds(entries: CborValue[]): string[] {
  return entries
    .map((entry) => (entry instanceof Map ? entry.get('ci') : undefined))
    .filter((ci) => typeof ci === 'string')
}

type Rule = (value: CborValue) => boolean

const untagged = (value: CborValue): CborValue =>
  typeof value === 'object' && value !== null && 'tag' in value ? value.value : value
const text: Rule = (value) => typeof value === 'string'
const shortText: Rule = (value) => typeof value === 'string' && value.length <= 80
const machineText: Rule = (value) => typeof value === 'string' && /^[A-Z<]{0,80}$/.test(value)
const dose: Rule = (value) => Number.isInteger(value) && Number(value) >= 1
const country: Rule = (value) =>
  typeof value === 'string' && (isCountryCode(value) || OTHER_COUNTRIES.includes(value) || USER_ASSIGNED.test(value))
/** Used in the country fields beside ISO 3166: the Union, the UN, the Union's own codes of two members. */
const OTHER_COUNTRIES = ['EU', 'UN', 'EL', 'UK']
/** Codes that ISO 3166 leaves to users; test participants have them. */
const USER_ASSIGNED = /^X[A-Z]$/

const date: Rule = (value) => {
  const content = untagged(value)
  const match = typeof content === 'string' ? /^(\d{4})-(\d{2})-(\d{2})$/.exec(content) : null
  return match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]))
}
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)$/i
const dateTime: Rule = (value) => {
  const content = untagged(value)
  return typeof content === 'string' && DATE_TIME.test(content) && date(content.slice(0, 10))
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

interface Rules {
  required: Record<string, Rule>
  optional: Record<string, Rule>
}

/** Entries of the DCC schema, versions 1.0.0 to 1.3.2; value sets are the business of rules, not of the schema. */
const entryRules: Record<EventKind, Rules> = {
  v: {
    required: {
      tg: text,
      vp: text,
      mp: text,
      ma: text,
      dn: dose,
      sd: dose,
      dt: date,
      co: country,
      is: shortText,
      ci: shortText,
    },
    optional: {},
  },
  t: {
    required: { tg: text, tt: text, sc: dateTime, tr: text, co: country, is: shortText, ci: shortText },
    optional: { nm: shortText, ma: text, tc: shortText },
  },
  r: {
    required: { tg: text, fr: date, co: country, is: shortText, df: date, du: date, ci: shortText },
    optional: {},
  },
}

function schemaRemarks(dcc: CborMap, events: EventKind[]): string[] {
  const remarks: string[] = []
  const version = dcc.get('ver')
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+$/.test(version)) remarks.push('ver is not a version number')
  const names = dcc.get('nam')
  if (names instanceof Map) remarks.push(...nameRemarks(names))
  if (!birthDate(dcc.get('dob'), String(version))) remarks.push('dob is not a date of this schema version')
  if (kinds.filter((kind) => dcc.has(kind)).length > 1) remarks.push('several of v, t and r')
  for (const kind of events) {
    const entries = entriesOf(dcc, kind)
    if (entries.length > 1 && atLeast(String(version), '1.3.0')) remarks.push(`several entries in ${kind}`)
    for (const entry of entries) if (entry instanceof Map) remarks.push(...entryRemarks(entry, kind))
  }
  return remarks
}

/** Since 1.3.1 the given name may stand alone; before, fnt is required. Both count as good here: names are not to be judged. */
function nameRemarks(names: CborMap): string[] {
  const remarks: string[] = []
  if (!names.has('fnt') && !names.has('gnt')) remarks.push('nam.fnt is missing')
  for (const member of ['fnt', 'gnt']) {
    if (names.has(member) && !machineText(names.get(member)))
      remarks.push(`nam.${member} is not a name in ICAO 9303 letters`)
  }
  for (const member of ['fn', 'gn']) {
    if (names.has(member) && !shortText(names.get(member)))
      remarks.push(`nam.${member} is not a text of at most 80 characters`)
  }
  return remarks
}

const atLeast = (version: string, minimum: string): boolean => compareVersions(version, minimum) >= 0

/** Year, or year and month, or nothing became possible with version 1.2.1. */
function birthDate(value: CborValue, version: string): boolean {
  if (date(value)) return true
  return atLeast(version, '1.2.1') && typeof value === 'string' && /^((19|20)\d\d(-(0[1-9]|1[0-2]))?)?$/.test(value)
}

function entryRemarks(entry: CborMap, kind: EventKind): string[] {
  const remarks: string[] = []
  const { required, optional } = entryRules[kind]
  for (const member in required) {
    if (!entry.has(member)) remarks.push(`${kind}.${member} is missing`)
    else if (!required[member]?.(entry.get(member))) remarks.push(`${kind}.${member} breaks the schema`)
  }
  for (const member in optional) {
    if (entry.has(member) && !optional[member]?.(entry.get(member))) remarks.push(`${kind}.${member} breaks the schema`)
  }
  return remarks
}
