import type { ConceptMap, ValueSet } from '../../src/fhir/types.ts'
import { conceptMap, valueSet } from './conformance.ts'
import { icd11, readTable } from './metadata.ts'

/** Systems by the keys of the table; ICD-11 under both of its spellings, so that membership does not depend on which a map wrote. */
const systems: Record<string, string[]> = {
  product: ['http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds'],
  type: ['http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType'],
  icd11: [icd11.ddcc, icd11.official],
  cvx: ['http://hl7.org/fhir/sid/cvx'],
  snomed: ['http://snomed.info/sct'],
}

const icd11Displays = new Map(
  readTable('valuesets/tables/icd-11.tsv').map(([code = '', display = '']): [string, string] => [code, display]),
)

function icd11Display(code: string): string {
  const found = icd11Displays.get(code)
  if (found === undefined) throw new Error(`ICD-11 code ${code} is not in the table`)
  return found
}

interface Row {
  system: string
  code: string
  vaccine: string
  disease: string
  equivalence: string
  display: string
}

const rows: Row[] = readTable('valuesets/tables/icvp-products.tsv').flatMap(
  ([key = '', code = '', vaccine = '', disease = '', equivalence = '', display]) => {
    const named = systems[key]
    if (!named) throw new Error(`${key} is none of ${Object.keys(systems).join(', ')}`)
    return named.map((system) => ({
      system,
      code,
      vaccine,
      disease,
      equivalence,
      display: display || icd11Display(code),
    }))
  },
)

const systemsOf = (of: Row[]) => [...new Set(of.map(({ system }) => system))]

const diseases = [
  { code: '1D47', id: 'yellow-fever-vaccines', title: 'Vaccines against yellow fever' },
  { code: '1C81', id: 'poliomyelitis-vaccines', title: 'Vaccines against poliomyelitis' },
]

/** The vaccines that an international certificate of vaccination may be about, by disease. */
export const icvpValueSets = (): ValueSet[] =>
  diseases.map(({ code, id, title }) => {
    const own = rows.filter(({ disease }) => disease === code)
    const named = {
      id: `icvp-${id}`,
      title: `${title} of the international certificate of vaccination or prophylaxis`,
      description:
        'Products and types of vaccine on WHO’s list for the international certificate (smart-icvp, ICVPProductIds; prequalification database), and the classes of ICD-11, CVX and SNOMED CT that stand for them.',
    }
    const include = systemsOf(own).map((system) => ({
      system,
      concept: own.filter((each) => each.system === system).map(({ code, display }) => ({ code, display })),
    }))
    return valueSet(named, include)
  })

/** From the ids of products and types of vaccine to ICD-11: the vaccine, and the disease that the certificate is for. */
export const icvpConceptMaps = (): ConceptMap[] =>
  (['vaccine', 'disease'] as const).map((what) => {
    const own = rows.filter(({ system }) => [systems.product, systems.type].flat().includes(system))
    const named = {
      id: `icvp-product-to-icd-11-${what}`,
      title: `Vaccine product of the international certificate to ICD-11: ${what}`,
      description:
        what === 'vaccine'
          ? 'From the ids of WHO’s prequalification to the vaccine in ICD-11; `wider` means that the ICD-11 code says less.'
          : 'From the ids of WHO’s prequalification to the disease that an international certificate about them is for; a combined vaccine is on the list for its component against poliomyelitis.',
    }
    return conceptMap(
      named,
      systemsOf(own).map((source) => ({
        source,
        target: icd11.official,
        element: own
          .filter(({ system }) => system === source)
          .map((row) => ({
            code: row.code,
            display: row.display,
            target: [
              {
                code: row[what],
                display: icd11Display(row[what]),
                equivalence: what === 'disease' ? 'relatedto' : equivalenceOf(row.equivalence),
              },
            ],
          })),
      })),
    )
  })

const equivalences = ['equivalent', 'wider', 'relatedto'] as const

function equivalenceOf(text: string): (typeof equivalences)[number] {
  const found = equivalences.find((each) => each === text)
  if (found === undefined) throw new Error(`${text} is none of ${equivalences.join(', ')}`)
  return found
}
