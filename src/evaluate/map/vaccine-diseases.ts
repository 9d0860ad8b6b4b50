import type { JsonObject } from '../../base/json-value.ts'
import { oneSystem } from '../../fhir/icd-11.ts'

/** Diseases whose vaccines this server knows; as texts of replies name them. */
export type VaccineDisease = 'yellow fever' | 'poliomyelitis' | 'COVID-19' | 'influenza' | 'meningococcal disease'

/** Codes of vaccines by disease and system, as the value sets of vaccines have them; ICD-11 in the spelling of the core data set. */
const vaccines: Record<VaccineDisease, Record<string, string>> = {
  'yellow fever': {
    'http://hl7.org/fhir/sid/cvx': '37 183 184',
    'http://www.whocc.no/atc': 'J07BL01',
    'http://snomed.info/sct': '871717007',
    'http://id.who.int/icd11/mms': 'XM0N24 XM3418',
    'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType': 'YellowFever YF',
  },
  poliomyelitis: {
    'http://hl7.org/fhir/sid/cvx': '02 10 89 178 182 110 120 130 146',
    'http://www.whocc.no/atc': 'J07BF02 J07BF03 J07BF04 J07CA01 J07CA02 J07CA06 J07CA09',
    'http://snomed.info/sct': '871739009 871740006',
    'http://id.who.int/icd11/mms':
      'XM0N50 XM0KZ1 XM79H3 XM5V19 XM1LX9 XM84S1 XM09Q7 XM0LT9 XM8AW1 XM01H1 XM21E6 XM9JP8 XM0VX8',
    'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType':
      'PolioVaccineInactivatedIPV PolioVaccineInactivatedSabinsIPV PolioVaccineNovelOralnOPVType2 PolioVaccineOralOPVBivalentTypes1and3 PolioVaccineOralOPVMonovalentType1 PolioVaccineOralOPVMonovalentType2 PolioVaccineOralOPVMonovalentType3 PolioVaccineOralOPVTrivalent tOPV bOPV DiphtheriaTetanusPertussisacellularHepatitisBHaemophilusinfluenzaetypebPolioInactivated DiphtheriaTetanusPertussiswholecellHepatitisBHaemophilusinfluenzaetypebPolioInactivated',
  },
  'COVID-19': {
    'http://id.who.int/icd11/mms':
      'XM68M6 XM1NL1 XM7HT3 XM8866 XM9TQ1 XM1G90 XM85P5 XM9FQ7 XM97N6 XM2YG8 XM0K39 XM1AU2 XM3U61 XM5DF6 XM9QW8 XM4YL8 XM97T2 XM6QV1 XM1AG7 XM5ZJ4 XM5QM6 XM0CX4 XM5JC5 XM3CT4 XM3PG0 XM0RV9 XM4EC8 XM6SZ8 XM3SK8 XM9P21 XM9T65 XM9N08 XM1J92 XM6AT1 XM52P3 XM0GQ8 XM8NQ0 XM3DT5',
    'http://hl7.org/fhir/sid/cvx':
      '207 208 210 211 212 213 217 218 219 221 225 226 227 228 229 230 300 301 302 500 501 502 503 504 505 506 507 508 509 510 511 512 513 514 515 516 517 518 519 520',
    'http://snomed.info/sct':
      '1119305005 1119349007 1162643001 1157024006 29061000087103 28531000087107 30141000087107 1187593009 1031000172108 28581000087106 33881000087102 33361000087101 1411000220106 125071000220108 125081000220106 125091000220109 125101000220104 399911000221104 424751000221104 10871000172106 28571000087109 35651000087105 1421000220104 37311000087109 37651000087101 125111000220101 125121000220108 399891000221101 399901000221102 424731000221108 10891000172107 28761000087108 1401000220108 399781000221106 424571000221103 425031000221105 28961000087105 399771000221108 424581000221100 10901000172106 28951000087107 399821000221103 424591000221102 62051000220105 29171000087106 424831000221103 34921000087108 30151000087105 31301000087101 384671000221101 424551000221105 31311000087104 31341000087103 399801000221105 399811000221108 424641000221109 424651000221106 424661000221108 424671000221104 424711000221100 425001000221100 425011000221102 31431000087100 424781000221109 424791000221107 33201000087108 33211000087105 33391000087109 33401000087107 33411000087109 33421000087101 33431000087104 33441000087105 33451000087108 33461000087106 424821000221101 33471000087102 34591000087100 34601000087108 424971000221108',
    'http://www.whocc.no/atc': 'J07BX03 J07BN01 J07BN02 J07BN03 J07BN04 J07BN05',
    'https://ec.europa.eu/health/documents/community-register/html/':
      'EU/1/20/1528 EU/1/20/1507 EU/1/21/1529 EU/1/20/1525 EU/1/21/1618 EU/1/21/1624',
    'http://ec.europa.eu/temp/vaccineproductname':
      'NVX-CoV2373 Sputnik-V Convidecia EpiVacCorona BBIBP-CorV CoronaVac Covaxin Covishield Covid-19-recombinant R-COVI CoviVac Sputnik-Light Hayat-Vax Abdala WIBP-CorV MVC-COV1901 Covovax VLA2001 EpiVacCorona-N Sputnik-M Covid-19-adsorvida-inativada Covifenz Soberana-02 Inactivated-SARS-CoV-2-Vero-Cell',
  },
  influenza: {
    'http://hl7.org/fhir/sid/cvx': '88 135 140 141 144 149 150 153 155 158 161 168 171 185 186 197 205',
    'http://www.whocc.no/atc': 'J07BB01 J07BB02 J07BB03',
    'http://snomed.info/sct': '836377006',
  },
  'meningococcal disease': {
    'http://hl7.org/fhir/sid/cvx': '114 136 147 203 32 108 103 148 162 163 164 191 192',
    'http://www.whocc.no/atc': 'J07AH08 J07AH04 J07AH07 J07AH09 J07AH10',
    'http://snomed.info/sct': '871916006 1971000221105 871873006 871866001 871871008',
    'http://id.who.int/icd11/mms': 'XM18Y8 XM2280 XM9GJ1 XM1X81 XM37L5',
  },
}

const diseases: Partial<Record<VaccineDisease, Record<string, string>>> = {
  'yellow fever': { 'http://id.who.int/icd11/mms': '1D47', 'http://snomed.info/sct': '16541001' },
  poliomyelitis: { 'http://id.who.int/icd11/mms': '1C81', 'http://snomed.info/sct': '398102009' },
  'COVID-19': {
    'http://id.who.int/icd11/mms':
      'RA01 RA01.0 XN109 XN0HL XN4Q7 XN5BQ XN8V6 XN1GK XN3ZE XN2V4 XN4Q1 XN3UD XN9L8 XN6AM XN39J XN161',
    'http://snomed.info/sct': '840533007 840539006',
    'http://hl7.org/fhir/sid/icd-10': 'U07.1',
  },
}

/** Diseases by system and code. */
type Index = ReadonlyMap<string, ReadonlyMap<string, VaccineDisease>>

function index(table: Partial<Record<VaccineDisease, Record<string, string>>>): Index {
  const known = new Map<string, Map<string, VaccineDisease>>()
  for (const [disease, systems] of Object.entries(table))
    for (const [system, codes] of Object.entries(systems)) {
      const ofSystem = known.get(system) ?? new Map<string, VaccineDisease>()
      known.set(system, ofSystem)
      for (const code of codes.split(' ')) ofSystem.set(code, disease as VaccineDisease)
    }
  return known
}

const byVaccine = index(vaccines)
const byDisease = index(diseases)

const codesIn = (systems: Record<string, string> = {}): string[] =>
  Object.values(systems).flatMap((codes) => codes.split(' '))

/** Codes of a disease, of every system. */
export const codesOfDisease = (disease: VaccineDisease): string[] => codesIn(diseases[disease])

/** Codes of the vaccines against a disease, of the systems that are wanted. */
export const codesOfVaccines = (disease: VaccineDisease, isWanted: (system: string) => boolean): string[] =>
  codesIn(Object.fromEntries(Object.entries(vaccines[disease]).filter(([system]) => isWanted(system))))

/** Products of WHO's catalogue are called by their type, with a digest. */
const byProduct: [RegExp, VaccineDisease][] = [
  [/^YellowFeverProduct/, 'yellow fever'],
  [/^PolioVaccine[A-Za-z]+Product/, 'poliomyelitis'],
]

const diseaseOf = ({ system, code }: JsonObject, known: Index): VaccineDisease | undefined =>
  known.get(oneSystem(String(system)))?.get(String(code))

/** The disease that a vaccine is against; undefined for one that is on none of the lists. */
export function diseaseOfVaccine(coding: JsonObject): VaccineDisease | undefined {
  const isProduct = String(coding.system).endsWith('/PreQualProductIds')
  return isProduct
    ? byProduct.find(([pattern]) => pattern.test(String(coding.code)))?.[1]
    : diseaseOf(coding, byVaccine)
}

/**
 * Whether a vaccination says two things: its vaccine is coded as vaccines against different diseases (product and kind, two systems),
 * or it names only diseases that its vaccine is known not to be against.
 */
export function contradictsVaccine(vaccine: JsonObject[], named: JsonObject[]): boolean {
  let against: VaccineDisease | undefined
  for (const each of vaccine) {
    const disease = diseaseOfVaccine(each)
    if (disease === undefined) continue
    if (against !== undefined && against !== disease) return true
    against = disease
  }
  if (against === undefined || named.length === 0) return false
  return named.every((each) => {
    const disease = diseaseOf(each, byDisease)
    return disease !== undefined && disease !== against
  })
}
