import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { hasMisplacedEvents, mapsFrom, member } from '../certificate-input.ts'
import type { CertificateInput, Opened } from '../credential-format.ts'
import { birthDate, code, date, text, textOrCount } from '../data.ts'
import { type Fields, listOf, mapOf, readFields } from '../shape.ts'
import { isForLife, lastDay, nationality, sex } from './dvc-data.ts'
import { contradictions, departures } from './dvc-doubts.ts'
import { olderSpelling, spellingsDiffer, vaccinationsOf } from './dvc-forms.ts'
import { isMapNamed, type Subclaim, subclaimInput } from './subclaim.ts'

/** Domains of the international certificate of vaccination or prophylaxis; the network spells it both ways. */
const ICVP_DOMAINS = ['ICVP', 'DICVP']

const input = subclaimInput(-6, mapsFrom('VaccinationClaimToCoreDataSet'), (claim) => vaccinationsOf(claim).length)

/** Maps that compose resources at once read the older spelling, whichever the certificate has. */
const dvcInput = (content: Json): CertificateInput => {
  const read = input(content)
  return { ...read, composition: () => olderSpelling(read.claims) }
}

const dose: Fields = {
  dn: textOrCount,
  tg: code,
  vp: code,
  mp: text,
  ma: text,
  mid: text,
  dt: date,
  dv: date,
  bo: text,
  vls: date,
  vle: lastDay,
  cn: text,
  is: text,
}
const oneDose = mapOf(dose)
const doses = listOf(oneDose)
const oneOrMore = (value: Json) => (Array.isArray(value) ? doses(value) : oneDose(value))

const holder: Fields = {
  n: text,
  dob: birthDate('1.3.0'),
  s: sex,
  ntl: nationality,
  nt: nationality,
  nid: text,
  id: text,
  ndt: text,
  gn: text,
}
/** The vaccinations stand under `v`. */
const listed: Fields = { ...holder, v: oneOrMore }
/** The vaccinations stand under `vx`, `v` is the version of the model, `dt` the type of the identity document, `d` the day of issue. */
const versioned: Fields = { ...holder, dt: text, d: date, v: text, vx: oneOrMore }

/**
 * Subclaim -6: the minimal vaccination certificate. Three forms are in use: `v` is one map (digital vaccination certificate, draft
 * 0.1.0) or a list (minimal model of the international certificate of vaccination or prophylaxis, WHO smart-icvp 0.3.0); or `v` is
 * the version of the model and `vx` the vaccination, with `nt`, `id` and `dt` for nationality, number and type of the identity
 * document and `dv` for the day of vaccination (WHO smart-trust-phw, DVCMin of 2026). It is an ICVP where it is no single map under
 * `v`, and `vp` or the signer's domain says so.
 */
export const dvc: Subclaim = {
  key: -6,
  format: 'hcert-dvc',
  formFault: isMapNamed('vaccination certificate (-6)'),
  read: readDvc,
  kinds: {
    'hcert-dvc': { domains: [...ICVP_DOMAINS, 'DDCC', 'RACSEL-DDVC'], input: dvcInput },
    'hcert-icvp': { domains: ICVP_DOMAINS, input: dvcInput },
  },
}

function readDvc(value: Json): Opened | string {
  if (!isJsonObject(value)) return 'vaccination certificate (-6) is not a map'
  const place = value.vx === undefined || value.vx === null ? 'v' : 'vx'
  const fault = formFault(value, place)
  if (fault !== undefined) return fault
  const given = vaccinationsOf(value)
  const fields = place === 'v' ? listed : versioned
  const read = readFields(value, fields, 'claim -6')
  const isDraft = place === 'v' && !Array.isArray(value.v)
  const saysIcvp = !isDraft && given.some(namesIcvpProduct)
  const kindOf = (isIcvp: boolean) => [isIcvp ? 'hcert-icvp' : 'hcert-dvc']
  const kept = vaccinationsOf(read.value)
  const doubts = [...spellingsDiffer(value), ...contradictions(read.value, { given, kept, isWanted })]
  return {
    content: read.value,
    formats: kindOf(saysIcvp),
    events: ['v'],
    remarks: [...departures(value, { given, place, members: Object.keys(fields), doseMembers }), ...read.remarks],
    obstacles: doubts.map((text) => ({ text: `Claim -6: ${text}`, blocks: true })),
    certificateIds: [],
    ...(isDraft
      ? {}
      : { formatsUnder: (domain: string) => kindOf(saysIcvp || ICVP_DOMAINS.includes(domain.toUpperCase())) }),
  }
}

const doseMembers = Object.keys(dose)

/** Members without which a vaccination would say something else: one that could not be read must not be as good as absent. */
const wanted = ['dn', 'tg', 'vp', 'dt', 'dv', 'vls', 'vle']
const isWanted = (name: string, value: Json | undefined) =>
  wanted.includes(name) && !(name === 'vle' && isForLife(value))

/** What is wrong with the form; undefined when nothing is. */
function formFault(value: JsonObject, place: 'v' | 'vx'): string | undefined {
  const entries = [member(value, place) ?? null].flat()
  const given = entries.filter((each) => isJsonObject(each) && Object.keys(each).length > 0)
  if (given.length === 0 || given.length < entries.length) return `${place} is neither a map nor a list of maps`
  if (place === 'vx' && typeof (value.v ?? '') === 'object') return 'v and vx both hold vaccinations'
  if (hasMisplacedEvents(Object.keys(value), ['v'])) return 'vaccination certificate (-6) holds events of another kind'
  if (given.some((each) => hasMisplacedEvents(Object.keys(Object(each)), [])))
    return 'a vaccination of the vaccination certificate (-6) holds further events'
  return undefined
}

/**
 * Products of the ICVP are named by WHO's prequalification product ids: the type of vaccine with a digest
 * (`YellowFeverProductd2c75a15…`), or the id of the prequalification database.
 */
function namesIcvpProduct({ vp }: JsonObject): boolean {
  return typeof vp === 'string' && /ICVP|Product[0-9a-f]{16,}$|^a3K[A-Za-z0-9]{15}$/i.test(vp)
}
