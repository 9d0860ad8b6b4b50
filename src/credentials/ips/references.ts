import { type ContentEntry, namesOf } from '../fhir-content/holder.ts'

/** By which names the entries of a document may be referred to, and the one address of each; an ambiguous name names none. */
export function addresses(entries: ContentEntry[]): Map<string, string> {
  const known = new Map<string, string>()
  const ambiguous = new Set<string>()
  for (const entry of entries) {
    const names = namesOf(entry)
    const [address] = names
    if (address === undefined) continue
    const relative = /[^/]\/([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})$/.exec(address)?.[1]
    for (const name of new Set(relative === undefined ? names : [...names, relative])) {
      if (known.has(name)) ambiguous.add(name)
      known.set(name, address)
    }
  }
  for (const name of ambiguous) known.delete(name)
  return known
}

/** The address that a reference leads to; undefined when it leads out of the document. A version of it is the one that is there. */
export const target = (reference: string, known: ReadonlyMap<string, string>): string | undefined =>
  known.get(reference) ?? known.get(reference.replace(/\/_history\/[A-Za-z0-9.-]{1,64}$/, ''))
