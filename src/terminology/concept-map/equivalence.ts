/** Equivalence read from the other side (http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html). */
export const REVERSED: Record<string, string> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
}

/** Equivalences of R4 from the closest to none at all. */
const CLOSENESS = [
  'equal',
  'equivalent',
  'wider',
  'subsumes',
  'narrower',
  'specializes',
  'inexact',
  'relatedto',
  'unmatched',
  'disjoint',
]

/** Translations with the closest first, whatever map they come from; those of one kind stay in the order of the maps. */
export function closestFirst<T extends { equivalence: string }>(translations: T[]): T[] {
  if (translations.length < 2) return translations
  const rank = ({ equivalence }: T) => {
    const at = CLOSENESS.indexOf(equivalence)
    return at < 0 ? CLOSENESS.length : at
  }
  return translations.toSorted((a, b) => rank(a) - rank(b))
}
