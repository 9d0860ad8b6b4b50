import type { ValueSet } from '../../src/fhir/types.ts'
import { valueSet } from './conformance.ts'
import { icd11, readData, readTable } from './metadata.ts'

const folder = 'valuesets/tables'

/** Addresses of a system of the tables; ICD-11 has two spellings. */
function addressesOf(key: string): string[] {
  if (key === 'icd11') return [icd11.ddcc, icd11.official]
  const found = readData<Record<string, string>>(`${folder}/systems.json`)[key]
  if (found === undefined) throw new Error(`${key} is no key of systems.json`)
  return [found]
}

interface ListedSet {
  id: string
  title: string
  description: string
  /** Key of a system that is in it as a whole. */
  system?: string
}

/** Value sets whose codes are listed in one table, whatever their systems. */
export function listedValueSets(): ValueSet[] {
  const rows = readTable(`${folder}/listed-sets.tsv`)
  return readData<ListedSet[]>(`${folder}/listed-sets.json`).map((set) => {
    const own = rows.filter(([id]) => id === set.id)
    const whole = set.system === undefined ? [] : addressesOf(set.system).map((system) => ({ system }))
    const listed = [...new Set(own.map(([, key = '']) => key))].flatMap((key) => {
      const concept = own.filter((row) => row[1] === key).map(([, , code = '', display = '']) => ({ code, display }))
      return addressesOf(key).map((system) => ({ system, concept }))
    })
    return valueSet(set, [...whole, ...listed])
  })
}
