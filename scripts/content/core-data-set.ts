import { alpha3FromAlpha2 } from '../../src/base/iso-3166.ts'
import type { ConceptMap } from '../../src/fhir/types.ts'
import { conceptMap } from './conformance.ts'
import { icd11, readData, readTable } from './metadata.ts'

/** Concept maps from what credentials carry to what core data sets say, so that one event has one core data set in any format. */

const folder = 'valuesets/tables'
const systems = readData<Record<string, string>>(`${folder}/systems.json`)
const rows = readTable(`${folder}/to-core-data-set.tsv`)
const displays = new Map(readTable(`${folder}/icd-11.tsv`).map(([code = '', display = '']) => [code, display]))
/** LOINC terms of tests by the value set that they are in, and what they are in ICD-11. */
const tests: Record<string, string> = { 'nucleic-acid-tests': '1334426561', 'antigen-tests': '2056159157' }

type Group = NonNullable<ConceptMap['group']>[number]
type Element = Group['element'][number]

const element = (code: string, target: string, equivalence: 'equivalent' | 'wider' | 'relatedto'): Element => {
  const display = displays.get(target)
  if (display === undefined) throw new Error(`ICD-11 code ${target} is not in the table`)
  return { code, target: [{ code: target, display, equivalence }] }
}

function elementsOf(map: string, system: string): Element[] {
  return rows.flatMap(([id, key, code = '', target = '', relation]) => {
    if (id !== map || key !== system) return []
    if (relation !== 'equivalent' && relation !== 'wider' && relation !== 'relatedto')
      throw new Error(`${relation} is not an equivalence`)
    return [element(code, target, relation)]
  })
}

function groupOf(map: string, system: string, further: Element[] = []): Group {
  return { source: systems[system] ?? '', target: icd11.ddcc, element: [...elementsOf(map, system), ...further] }
}

/** Both spellings of the system in, the one of the core data set out; what is no product stays what it is. */
const platforms = [icd11.ddcc, icd11.official].map(
  (source): Group => ({
    source,
    target: icd11.ddcc,
    element: elementsOf('icd-11-vaccine-to-platform', 'icd11'),
    unmapped: { mode: 'provided' },
  }),
)

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const ISO_3166 = 'urn:iso:std:iso:3166'

/** Kosovo has no code of ISO 3166; a code that is alpha-3 already, or none of a country, stays what it is. */
const countries: Group = {
  source: ISO_3166,
  target: ISO_3166,
  element: LETTERS.flatMap((first) =>
    LETTERS.flatMap((second): Element[] => {
      const code = `${first}${second}`
      const alpha3 = code === 'XK' ? undefined : alpha3FromAlpha2(code)
      return alpha3 === undefined ? [] : [{ code, target: [{ code: alpha3, equivalence: 'equal' }] }]
    }),
  ),
  unmapped: { mode: 'provided' },
}

const loincTests = readTable(`${folder}/loinc.tsv`).flatMap(([set = '', code = '']) => {
  const target = tests[set]
  return target === undefined ? [] : [element(code, target, 'wider')]
})

/** The concept maps that the maps into core data sets ask. */
export const coreDataSetMaps = (): ConceptMap[] => [
  conceptMap(
    {
      id: 'icd-11-vaccine-to-platform',
      title: 'ICD-11 vaccine product to its platform',
      description:
        'What kind of vaccine a product is: the core data set tells the kind as vaccine, and the product as brand. Codes of kinds stay what they are.',
    },
    platforms,
  ),
  conceptMap(
    {
      id: 'country-to-alpha-3',
      title: 'Country codes to ISO 3166-1 alpha-3',
      description:
        'Core data sets tell countries as alpha-3 (WHO DDCC); codes that are no alpha-2 of a country stay what they are.',
    },
    [countries],
  ),
  conceptMap(
    {
      id: 'test-type-to-icd-11',
      title: 'Type of SARS-CoV-2 test in LOINC to ICD-11',
      description: 'What a test looks for, viral nucleic acid or protein.',
    },
    [groupOf('test-type-to-icd-11', 'loinc', loincTests)],
  ),
  conceptMap(
    {
      id: 'test-result-to-icd-11',
      title: 'Result of a SARS-CoV-2 test to ICD-11',
      description:
        'Detected and not detected, in SNOMED CT and in the answers of LOINC; not detected is QA02, which the core data set binds.',
    },
    ['snomed', 'loinc'].map((system) => groupOf('test-result-to-icd-11', system)),
  ),
]
