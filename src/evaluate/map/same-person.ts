import type { Json, JsonObject } from '../../base/json-value.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/** What speaks against all core data sets being about one person; nobody is named. */
export function personFaults(coreDataSets: JsonObject[]): Issue[] {
  const faults: Issue[] = []
  const differ = (what: string) =>
    issue('conflict', `The certified events are not about one person: their ${what} differ`)
  const [first, ...others] = coreDataSets
  if (others.some((each) => nameOf(each) !== nameOf(first))) faults.push(differ('names'))
  // One that is absent beside one that is told was perhaps not one to be read: it agrees with none.
  const births = coreDataSets.map(({ birthDate }) => (typeof birthDate === 'string' ? birthDate : undefined))
  if (births.some((each) => births.some((other) => !agree(each, other)))) faults.push(differ('dates of birth'))
  return faults
}

/** The words of a name in an order of their own: case, accents, hyphens and which comes first say nothing. */
function nameOf(data: JsonObject | undefined): string {
  const name: Json = data?.name ?? null
  const text = typeof name === 'string' ? name : JSON.stringify(name)
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
  return (words ?? []).sort().join(' ')
}

/** A partial date agrees with every date in it. */
const agree = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined ? a === b : a.startsWith(b) || b.startsWith(a)
