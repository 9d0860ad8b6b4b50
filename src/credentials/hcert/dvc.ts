import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { eventsOf, mapsFrom, member } from '../certificate-input.ts'
import type { Opened } from '../credential-format.ts'
import { birthDate, date, text, textOrCount } from '../data.ts'
import { type Fields, listOf, mapOf, readFields } from '../shape.ts'
import { hasMisplacedEvents, isMapNamed, type Subclaim, subclaimInput } from './subclaim.ts'

/** Domains of the international certificate of vaccination or prophylaxis; the network spells it both ways. */
const ICVP_DOMAINS = ['ICVP', 'DICVP']
const input = subclaimInput(
  -6,
  mapsFrom('VaccinationClaimToCoreDataSet'),
  (claim) => eventsOf(member(claim, 'v')).length,
)
const MEMBERS = ['n', 'dob', 's', 'ntl', 'nid', 'ndt', 'gn', 'v']

const dose = mapOf({
  dn: textOrCount,
  tg: text,
  vp: text,
  mp: text,
  ma: text,
  mid: text,
  dt: date,
  bo: text,
  vls: date,
  vle: date,
  cn: text,
  is: text,
})
const doses = listOf(dose)

const fields: Fields = {
  n: text,
  dob: birthDate('1.3.0'),
  s: text,
  ntl: text,
  nid: text,
  ndt: text,
  gn: text,
  v: (value) => (Array.isArray(value) ? doses(value) : dose(value)),
}

/**
 * Subclaim -6: the minimal vaccination certificate {n, dob, s, ntl, nid, ndt, gn, v}. `v` is one map (digital vaccination
 * certificate, draft 0.1.0) or a list (model of the international certificate of vaccination or prophylaxis, ICVP), which is
 * an ICVP where `vp` or the signer's domain says so.
 */
export const dvc: Subclaim = {
  key: -6,
  format: 'hcert-dvc',
  formFault: isMapNamed('vaccination certificate (-6)'),
  read: readDvc,
  kinds: {
    'hcert-dvc': { domains: [...ICVP_DOMAINS, 'DDCC', 'RACSEL-DDVC'], input },
    'hcert-icvp': { domains: ICVP_DOMAINS, input },
  },
}

function readDvc(value: Json): Opened | string {
  if (!isJsonObject(value)) return 'vaccination certificate (-6) is not a map'
  const isList = Array.isArray(value.v)
  const entries = [value.v ?? null].flat()
  const given = entries.filter(isJsonObject)
  if (given.length === 0 || given.length < entries.length) return 'v is neither a map nor a list of maps'
  if (hasMisplacedEvents(Object.keys(value), ['v'])) return 'vaccination certificate (-6) holds events of another kind'
  const saysIcvp = isList && given.some(namesIcvpProduct)
  const read = readFields(value, fields, 'claim -6')
  const kindOf = (isIcvp: boolean) => [isIcvp ? 'hcert-icvp' : 'hcert-dvc']
  return {
    content: read.value,
    formats: kindOf(saysIcvp),
    events: ['v'],
    remarks: [...departures(value, given), ...read.remarks],
    obstacles: [],
    certificateIds: [],
    ...(isList
      ? { formatsUnder: (domain: string) => kindOf(saysIcvp || ICVP_DOMAINS.includes(domain.toUpperCase())) }
      : {}),
  }
}

/** Products of the ICVP are named by WHO's prequalification product ids, e.g. `YellowFeverProductd2c75a15…`. */
function namesIcvpProduct({ vp }: JsonObject): boolean {
  return typeof vp === 'string' && /ICVP|Product[0-9a-f]{16,}$/i.test(vp)
}

function departures(value: JsonObject, doses: JsonObject[]): string[] {
  const remarks: string[] = []
  if (typeof value.n !== 'string') remarks.push('n (name) is not a text')
  for (const member of ['dt', 'vp']) {
    if (doses.some((dose) => typeof dose[member] !== 'string')) remarks.push(`v.${member} is not a text`)
  }
  if (!Object.keys(value).every((name) => MEMBERS.includes(name))) remarks.push('members that claim -6 does not have')
  return remarks
}
