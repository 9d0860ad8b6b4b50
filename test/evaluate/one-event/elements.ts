import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { certificate, person, recovery, test, vaccination } from './documents.ts'

const icd11 = (code: string) => `http://id.who.int/icd11/mms ${code}`
const country = `urn:iso:std:iso:3166 ${vaccination.country.alpha3}`
const common = {
  name: person.name,
  birthDate: person.birthDate,
  sex: person.sex,
  identifier: person.document,
  'certificate.hcid': certificate.id,
  'certificate.issuer': certificate.issuer,
  'certificate.period.start': certificate.start,
  'certificate.period.end': certificate.end,
}

/** What each element of a core data set is to be, by kind of event; undefined where the description of the event has none of it. */
export const expected: Record<string, Record<string, string | undefined>> = {
  vaccination: {
    ...common,
    'vaccination.vaccine': icd11(vaccination.vaccine),
    'vaccination.brand': icd11(vaccination.product.icd11),
    'vaccination.manufacturer': vaccination.manufacturer,
    'vaccination.maholder': `https://spor.ema.europa.eu/v1/organisations ${vaccination.holder}`,
    'vaccination.lot': vaccination.lot,
    'vaccination.date': vaccination.date,
    'vaccination.dose': String(vaccination.dose),
    'vaccination.totalDoses': String(vaccination.totalDoses),
    'vaccination.country': country,
    'vaccination.centre': vaccination.centre,
    'vaccination.practitionerName': vaccination.practitioner,
    'vaccination.disease': icd11(vaccination.disease),
    'vaccination.validFrom': vaccination.validFrom,
    'vaccination.nextDose': vaccination.nextDose,
    'vaccination.status': undefined,
    'certificate.version': undefined,
  },
  test: {
    ...common,
    'test.pathogen': icd11(test.pathogen),
    'test.type': icd11(test.type),
    'test.typeAsIssued': undefined,
    'test.brand': test.name,
    'test.manufacturer': `https://covid-19-diagnostics.jrc.ec.europa.eu/devices ${test.device}`,
    'test.origin': icd11(test.origin),
    'test.date': test.date,
    'test.result': icd11(test.result),
    'test.centre': test.centre,
    'test.country': country,
    'test.status': undefined,
    'certificate.version': undefined,
  },
  recovery: {
    ...common,
    'recovery.disease': icd11(recovery.disease),
    'recovery.date': recovery.date,
    'recovery.validFrom': recovery.validFrom,
    'recovery.validUntil': recovery.validUntil,
    'recovery.country': country,
    'certificate.version': undefined,
  },
}

/** The elements of a core data set as texts: a Coding is its system and code, or what it displays; a Reference whom it names. */
export function elementsOf(data: JsonObject): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(data)) {
    if (name === 'resourceType') continue
    for (const [path, each] of ['certificate', 'vaccination', 'test', 'recovery'].includes(name)
      ? inside(value, name)
      : [[name, value] as const])
      found[path] = textOf(each)
  }
  return found
}

function inside(value: Json, name: string): [string, Json][] {
  if (!isJsonObject(value)) return [[name, value]]
  return Object.entries(value).flatMap(([member, each]) =>
    member === 'period' ? inside(each, `${name}.period`) : [[`${name}.${member}`, each]],
  )
}

function textOf(value: Json): string {
  if (!isJsonObject(value)) return String(value)
  const { system, code, display, identifier, value: number } = value
  if (code !== undefined) return `${String(system)} ${String(code)}`
  return String(display ?? number ?? (isJsonObject(identifier) ? identifier.value : JSON.stringify(value)))
}
