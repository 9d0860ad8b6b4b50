import { isJsonObject } from '../../base/json-object.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { compareVersions } from '../../fhir/canonical.ts'
import type { EventKind } from '../credential-format.ts'
import { birthDate, code, count, country, type Datum, date, dateTime, machineText, shortText } from '../data.ts'
import { defineMember } from '../encoding/define-member.ts'
import { hasMisplacedEvents } from './members.ts'
import { isAbsent, type SubclaimContent } from './subclaim-content.ts'

const kinds: EventKind[] = ['v', 't', 'r']
type Data = Record<string, Datum>

/** Entries of the DCC schema, versions 1.0.0 to 1.3.2; value sets are the business of rules, not of the schema. */
const entryData: Record<EventKind, { required: Data; optional: Data }> = {
  v: {
    required: {
      tg: code,
      vp: code,
      mp: code,
      ma: code,
      dn: count,
      sd: count,
      dt: date,
      co: country,
      is: shortText,
      ci: shortText,
    },
    optional: {},
  },
  t: {
    required: { tg: code, tt: code, sc: dateTime, tr: code, co: country, is: shortText, ci: shortText },
    // `dr`, the date of the result, was in the schema up to 1.0.1.
    optional: { nm: shortText, ma: code, tc: shortText, dr: dateTime },
  },
  r: {
    required: { tg: code, fr: date, co: country, is: shortText, df: date, du: date, ci: shortText },
    optional: {},
  },
}

const nameData: Data = { fn: shortText, gn: shortText, fnt: machineText, gnt: machineText }

/**
 * Subclaim 1, the EU DCC {ver, nam, dob, v?, t?, r?} (credentials.md, 4.3). What merely breaks the DCC schema of its version is
 * remarked upon, since hundreds of genuine certificates do; a datum that FHIR would refuse is left out (evaluate.md, Fail closed 4).
 */
export function readDcc(value: Json): SubclaimContent | string {
  if (!isJsonObject(value)) return 'EU DCC is not a map'
  if (!isJsonObject(value.nam)) return 'EU DCC: nam is not a map'
  if (hasMisplacedEvents(Object.keys(value), kinds)) return 'EU DCC holds events of another kind'
  const lists = new Map<EventKind, JsonObject[]>()
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

function contentOf(dcc: JsonObject, names: JsonObject, lists: Map<EventKind, JsonObject[]>): SubclaimContent {
  const version = typeof dcc.ver === 'string' && /^\d+\.\d+\.\d+$/.test(dcc.ver) ? dcc.ver : undefined
  const remarks: string[] = []
  const value: JsonObject = {}
  if (version === undefined) remarks.push('ver is not a version number')
  else value.ver = version
  value.nam = readMembers(names, nameData, { name: 'nam', remarks })
  if (isAbsent(names.fnt) && isAbsent(names.gnt)) remarks.push('nam.fnt is missing')
  Object.assign(value, readMembers({ dob: dcc.dob ?? null }, { dob: birthDate(version) }, { name: 'EU DCC', remarks }))
  if (kinds.filter((kind) => kind in dcc).length > 1) remarks.push('several of v, t and r')
  for (const [kind, entries] of lists) {
    if (entries.length > 1 && version !== undefined && compareVersions(version, '1.3.0') >= 0)
      remarks.push(`several entries in ${kind}`)
    value[kind] = entries.map((entry) => readEntry(entry, kind, remarks))
  }
  const isKnown = (name: string) => ['ver', 'nam', 'dob', ...kinds].includes(name)
  if (!Object.keys(dcc).every(isKnown)) remarks.push('members that an EU DCC does not have')
  const ids = [...lists.values()].flat().map(({ ci }) => ci)
  return {
    format: 'hcert-dcc',
    events: [...lists.keys()],
    remarks: [...new Set(remarks)],
    value,
    certificateIds: ids.filter((ci) => typeof ci === 'string'),
  }
}

function readEntry(entry: JsonObject, kind: EventKind, remarks: string[]): JsonObject {
  const { required, optional } = entryData[kind]
  for (const name in required) if (!(name in entry)) remarks.push(`${kind}.${name} is missing`)
  return readMembers(entry, { ...required, ...optional }, { name: kind, remarks })
}

/** The members that the schema has, each as what it should be; others stay behind. Remarks name members of the schema alone. */
function readMembers(source: JsonObject, data: Data, into: { name: string; remarks: string[] }): JsonObject {
  const read: JsonObject = {}
  for (const name of Object.keys(source)) {
    const value = source[name] ?? null
    const datum = Object.hasOwn(data, name) ? data[name] : undefined
    if (!datum) {
      into.remarks.push(`members that ${into.name} does not have`)
      continue
    }
    if (value === null) {
      into.remarks.push(`${into.name}.${name} is missing`)
      continue
    }
    const { value: kept, remark } = datum(value)
    if (remark !== undefined) into.remarks.push(`${into.name}.${name} ${remark}`)
    if (kept !== undefined) defineMember(read, name, kept)
  }
  return read
}
