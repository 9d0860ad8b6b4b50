import { defineMember, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { compareVersions } from '../../fhir/canonical.ts'
import {
  day,
  eventsOf,
  hasMisplacedEvents,
  isAbsent,
  mapsFrom,
  member,
  withoutEmptyTexts,
} from '../certificate-input.ts'
import type { CertificateInput, EventKind, Opened } from '../credential-format.ts'
import {
  birthDate,
  code,
  count,
  country,
  type Datum,
  date,
  dateTime,
  deciding,
  machineText,
  shortText,
} from '../data.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { lostObstacles } from '../shape.ts'
import type { Subclaim } from './subclaim.ts'

type Kind = Exclude<EventKind, 's'>
const kinds: Kind[] = ['v', 't', 'r']
type Data = Record<string, Datum>

/** Entries of the DCC schema, versions 1.0.0 to 1.3.2; value sets are the business of rules, not of the schema. */
const entryData: Record<Kind, { required: Data; optional: Data }> = {
  v: {
    required: {
      tg: deciding(code),
      vp: deciding(code),
      mp: deciding(code),
      ma: code,
      dn: deciding(count),
      sd: deciding(count),
      dt: deciding(date),
      co: country,
      is: shortText,
      ci: deciding(shortText),
    },
    optional: {},
  },
  t: {
    required: {
      tg: deciding(code),
      tt: deciding(code),
      sc: deciding(dateTime),
      tr: deciding(code),
      co: country,
      is: shortText,
      ci: deciding(shortText),
    },
    // `dr`, the date of the result, was in the schema up to 1.0.1.
    optional: { nm: shortText, ma: code, tc: shortText, dr: dateTime },
  },
  r: {
    required: {
      tg: deciding(code),
      fr: deciding(date),
      co: country,
      is: shortText,
      df: deciding(date),
      du: deciding(date),
      ci: deciding(shortText),
    },
    optional: {},
  },
}

const dataOf = (data: Data): ReadonlyMap<string, Datum> => new Map(Object.entries(data))

/** The names that an entry must have, and how each of its members is read. */
const entryForm = (kind: Kind) => {
  const { required, optional } = entryData[kind]
  return { required: Object.keys(required), data: dataOf({ ...required, ...optional }) }
}
const entryForms: Record<Kind, ReturnType<typeof entryForm>> = {
  v: entryForm('v'),
  t: entryForm('t'),
  r: entryForm('r'),
}

const nameData = dataOf({ fn: shortText, gn: shortText, fnt: machineText, gnt: machineText })

/**
 * Subclaim 1, the EU DCC {ver, nam, dob, v?, t?, r?}. What merely breaks the DCC schema of its version is remarked upon, since
 * hundreds of genuine certificates do; a datum that FHIR would refuse is left out.
 */
export const dcc: Subclaim = {
  key: 1,
  format: 'hcert-dcc',
  formFault,
  read: readDcc,
  kinds: { 'hcert-dcc': { domains: ['DCC'], input: dccInput } },
}

function formFault(value: CborValue): string | undefined {
  if (!(value instanceof Map)) return 'EU DCC is not a map'
  if (!(value.get('nam') instanceof Map)) return 'EU DCC: nam is not a map'
  const hasEntries = (kind: Kind) => {
    const list = value.get(kind)
    return Array.isArray(list) && list.length > 0
  }
  return kinds.some(hasEntries) ? undefined : 'EU DCC: none of v, t, r is a non-empty list'
}

function readDcc(value: Json): Opened | string {
  if (!isJsonObject(value)) return 'EU DCC is not a map'
  if (!isJsonObject(value.nam)) return 'EU DCC: nam is not a map'
  if (hasMisplacedEvents(Object.keys(value), kinds)) return 'EU DCC holds events of another kind'
  const lists = new Map<Kind, JsonObject[]>()
  for (const kind of kinds) {
    const list = value[kind]
    if (list === undefined || isEmptyMap(list)) continue
    if (!Array.isArray(list)) return `EU DCC: ${kind} is not a list`
    const entries = list.filter(isJsonObject)
    if (entries.length < list.length) return 'EU DCC: an entry of v, t or r is not a map'
    if (entries.length > 0) lists.set(kind, entries)
  }
  if (lists.size === 0) return 'EU DCC: none of v, t, r is a non-empty list'
  return contentOf(value, value.nam, lists)
}

/** Stands for an absent list in genuine certificates. */
const isEmptyMap = (value: Json) => isJsonObject(value) && Object.keys(value).length === 0

const knownMembers = new Set<string>(['ver', 'nam', 'dob', ...kinds])

function contentOf(dcc: JsonObject, names: JsonObject, lists: Map<Kind, JsonObject[]>): Opened {
  const version = typeof dcc.ver === 'string' && /^\d+\.\d+\.\d+$/.test(dcc.ver) ? dcc.ver : undefined
  const remarks: string[] = []
  const value: JsonObject = {}
  if (version === undefined) remarks.push('ver is not a version number')
  else value.ver = version
  const lost: string[] = []
  value.nam = readMembers(names, nameData, { name: 'nam', remarks, lost })
  if (isAbsent(names.fnt) && isAbsent(names.gnt)) remarks.push('nam.fnt is missing')
  const dob = readMember(dcc.dob ?? null, birthDate(version), 'dob', { name: 'EU DCC', remarks, lost })
  if (dob !== undefined) value.dob = dob
  if (kinds.filter((kind) => kind in dcc).length > 1) remarks.push('several of v, t and r')
  for (const [kind, entries] of lists) {
    if (entries.length > 1 && version !== undefined && compareVersions(version, '1.3.0') >= 0)
      remarks.push(`several entries in ${kind}`)
    value[kind] = entries.map((entry) => readEntry(entry, kind, { remarks, lost }))
  }
  if (!Object.keys(dcc).every((name) => knownMembers.has(name))) remarks.push('members that an EU DCC does not have')
  const certificateIds: string[] = []
  for (const entries of lists.values())
    for (const { ci } of entries) if (typeof ci === 'string') certificateIds.push(ci)
  return {
    content: value,
    formats: ['hcert-dcc'],
    events: [...lists.keys()],
    remarks: remarks.length < 2 ? remarks : [...new Set(remarks)],
    obstacles: lost.length === 0 ? [] : lostObstacles(lost, 'the EU DCC'),
    certificateIds,
  }
}

function readEntry(entry: JsonObject, kind: Kind, into: Omit<Into, 'name'>): JsonObject {
  const { required, data } = entryForms[kind]
  for (const name of required) if (!(name in entry)) into.remarks.push(`${kind}.${name} is missing`)
  return readMembers(entry, data, { ...into, name: kind })
}

/**
 * The members that the schema has, each as what it should be; others stay behind. Remarks name members of the schema alone. The very same
 * object where nothing stays behind or is read otherwise, as nearly always.
 */
function readMembers(source: JsonObject, data: ReadonlyMap<string, Datum>, into: Into): JsonObject {
  let read: JsonObject | undefined
  const names = Object.keys(source)
  for (let at = 0; at < names.length; at++) {
    const member = names[at] ?? ''
    const value = source[member] ?? null
    const datum = data.get(member)
    if (!datum) into.remarks.push(`members that ${into.name} does not have`)
    const kept = datum && readMember(value, datum, member, into)
    if (kept !== value && !read) read = copyOf(source, names.slice(0, at))
    if (read && kept !== undefined) defineMember(read, member, kept)
  }
  return read ?? source
}

/** Where remarks are told, and of what. */
interface Into {
  name: string
  remarks: string[]
  /** Members that decide, were given and could not be read. */
  lost: string[]
}

function readMember(value: Json, datum: Datum, member: string, { name, remarks, lost }: Into): Json | undefined {
  if (value === null) {
    remarks.push(`${name}.${member} is missing`)
    return undefined
  }
  const { value: kept, remark, isLost } = datum(value)
  if (remark !== undefined) remarks.push(`${name}.${member} ${remark}`)
  if (isLost && datum.decides && !isAbsent(value)) lost.push(`${name}.${member}`)
  return kept
}

function copyOf(source: JsonObject, names: readonly string[]): JsonObject {
  const copy: JsonObject = {}
  for (const name of names) defineMember(copy, name, source[name] ?? null)
  return copy
}

const maps = mapsFrom('HcertDccToCoreDataSet')

/** The claims with text keys. */
function dccInput(content: Json): CertificateInput {
  const claims = withoutEmptyTexts(content)
  const dcc = member(member(claims, '-260'), '1') ?? null
  const events = kinds.reduce((sum, kind) => sum + eventsOf(member(dcc, kind)).length, 0)
  return { maps, claims, composition: () => composition(claims, dcc), events: Math.max(1, events), certLogic: dcc }
}

/** {iss, sub, aud, exp, nbf, iat, id, data}, of which WHO's guide reads `data.cert`, its validator `data.dcc`. */
function composition(claims: Json, dcc: Json): JsonObject {
  const shape: JsonObject = {}
  const copy = (name: string, value: Json | undefined) => {
    if (value !== undefined) shape[name] = value
  }
  copy('iss', member(claims, '1'))
  copy('sub', member(claims, '2'))
  copy('aud', member(claims, '3'))
  copy('exp', day(member(claims, '4')))
  copy('nbf', day(member(claims, '5')))
  copy('iat', day(member(claims, '6')))
  copy('id', member(claims, '7'))
  return { ...shape, data: { cert: dcc, dcc } }
}
