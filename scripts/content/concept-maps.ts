import type { ConceptMap } from '../../src/fhir/types.ts'
import { conceptMap } from './conformance.ts'
import { icvpConceptMaps } from './icvp-products.ts'
import { icd11, readData, readTable } from './metadata.ts'
import { productMaps } from './product-catalogue.ts'
import { productMap } from './products.ts'
import { cvxRows, displayOf, euCodes, icd11Codes, systemOf } from './terminology.ts'

const folder = 'valuesets/tables'

/** What an ICD-11 code is to the code that is mapped to it. */
type Equivalence = 'equivalent' | 'wider' | 'relatedto'

const equivalences: readonly string[] = ['equivalent', 'wider', 'relatedto'] satisfies Equivalence[]
const isEquivalence = (text: string): text is Equivalence => equivalences.includes(text)

function equivalenceOf(text: string | undefined): Equivalence {
  const found = text || 'equivalent'
  if (!isEquivalence(found)) throw new Error(`${found} is none of ${equivalences.join(', ')}`)
  return found
}

const targetOf = (code: string, equivalence: string | undefined, comment?: string) => ({
  code,
  display: icd11Codes(code)[0]?.display ?? code,
  equivalence: equivalenceOf(equivalence),
  ...(comment ? { comment } : {}),
})

const euMapRows = readTable(`${folder}/eu-to-icd-11.tsv`)

function euConceptMap({ id, title, source }: { id: string; title: string; source: string }): ConceptMap {
  const rows = euMapRows.filter(([map]) => map === id)
  const keys = [...new Set(rows.map(([, key = '']) => key))]
  const description =
    'From codes of the EU DCC to the ICD-11 codes of the DDCC core data set; `wider` means that the ICD-11 code says less.'
  return conceptMap(
    { id, title, description, source },
    keys.map((key) => ({
      source: systemOf(key),
      target: icd11.ddcc,
      element: rows
        .filter(([, system]) => system === key)
        .map(([, , code = '', target = '', equivalence, comment]) => ({
          code,
          display: euCodes.find((each) => each.code === code && each.system === systemOf(key))?.display ?? code,
          target: [targetOf(target, equivalence, comment)],
        })),
    })),
  )
}

const cvxMap = conceptMap(
  {
    id: 'cvx-vaccine-to-icd-11',
    title: 'CVX vaccine to ICD-11',
    description: 'From COVID-19 vaccines in CVX to ICD-11; `wider` means that the ICD-11 code says less.',
    source: 'covid-19-vaccines-cvx',
  },
  [
    {
      source: systemOf('cvx'),
      target: icd11.ddcc,
      element: cvxRows.map(([code = '', target = '', equivalence, display = '']) => ({
        code,
        display,
        target: [targetOf(target, equivalence)],
      })),
    },
  ],
)

/** Every ConceptMap of the folder `valuesets/`. */
export const conceptMaps = (): ConceptMap[] => [
  ...icvpConceptMaps(),
  ...readData<{ id: string; title: string; source: string }[]>(`${folder}/concept-maps.json`).map(euConceptMap),
  cvxMap,
  productMap(displayOf),
  ...productMaps(),
]
