/**
 * Maps that reference sets are (https://hl7.org/fhir/R4/snomedct.html, implicit concept maps): historical and other associations, simple
 * maps and extended maps, in both directions.
 */
import type { ImplicitMap, ImplicitPair } from '../../../code-system/code-system.ts'
import type { SnomedContent, SnomedMember, SnomedRefset } from '../content.ts'
import { SNOMED } from '../version-uri.ts'

/** What the target of an association is to its source, by reference set. */
const ASSOCIATIONS: Readonly<Record<string, string>> = {
  '900000000000523009': 'inexact', // POSSIBLY EQUIVALENT TO
  '900000000000526001': 'equivalent', // REPLACED BY
  '900000000000527005': 'equal', // SAME AS
  '900000000000530003': 'inexact', // ALTERNATIVE
  '900000000000528000': 'wider', // WAS A
  '1186924009': 'inexact', // PARTIALLY EQUIVALENT TO
  '1186921001': 'inexact', // POSSIBLY REPLACED BY
}

/** Code systems that the maps of the international edition and of well-known ones go to, by reference set. */
const TARGET_SYSTEMS: Readonly<Record<string, string>> = {
  '447562003': 'http://hl7.org/fhir/sid/icd-10',
  '6011000124106': 'http://hl7.org/fhir/sid/icd-10-cm',
  '900000000000497000': 'http://read.info/ctv3',
  '446608001': 'http://terminology.hl7.org/CodeSystem/icd-o-3',
  '705112009': 'http://loinc.org',
}

/** What a map target is to its source, by correlation (SNOMED CT, map correlation and origin). */
const CORRELATIONS: Readonly<Record<string, string>> = {
  '447557004': 'equal', // exact match
  '447558009': 'wider', // narrow to broad
  '447559001': 'narrower', // broad to narrow
  '447560006': 'inexact', // partial overlap
  '447556008': 'unmatched', // not mappable
}

/** How the members of a reference set are read. */
interface Reader {
  /** Field with the other side of a pair. */
  field: string
  /** The component is what the map goes to. */
  isInverse: boolean
  system: string | undefined
  equivalence(member: SnomedMember): string
}

/** The map that a reference set is; undefined for one that is none, and for none at all. */
export function implicitMap(
  content: SnomedContent,
  id: string,
  term: (concept: number) => string | undefined,
): ImplicitMap | undefined {
  const refset = content.refset(content.ordinalOf(id))
  const reader = refset && readerOf(refset, id)
  if (!refset || !reader) return undefined
  const near = { system: SNOMED, version: content.version }
  const other = reader.system === SNOMED ? near : { system: reader.system }
  return {
    source: reader.isInverse ? other.system : SNOMED,
    target: reader.isInverse ? SNOMED : other.system,
    pairs: (code, side) => {
      // Members are looked up by the side they stand on in the release.
      const byComponent = (side === 'source') !== reader.isInverse
      const found = byComponent ? refset.of(content.ordinalOf(code)) : refset.withValue(reader.field, code)
      return found
        .filter((each) => each.isActive)
        .map((member) => pairOf(member, { content, reader, refset, other, near, term }))
    },
  }
}

interface Surroundings {
  content: SnomedContent
  reader: Reader
  refset: SnomedRefset
  near: { system: string; version: string }
  other: { system?: string | undefined; version?: string }
  term(concept: number): string | undefined
}

function pairOf(member: SnomedMember, { content, reader, refset, other, near, term }: Surroundings): ImplicitPair {
  const concept = (place: { system?: string | undefined; version?: string }, code: string) => {
    const display = place.system === SNOMED ? term(content.ordinalOf(code)) : undefined
    return { ...place, code, ...(display !== undefined && { display }) }
  }
  const own = concept(near, member.component)
  const written = fieldOf(refset, member, reader.field)
  const equivalence = reader.equivalence(member)
  const far = written === '' || equivalence === 'unmatched' ? undefined : concept(other, written)
  if (!reader.isInverse) return { source: own, target: far, equivalence: far ? equivalence : 'unmatched' }
  return { source: far ?? concept(other, written), target: own, equivalence }
}

const fieldOf = ({ fields }: SnomedRefset, member: SnomedMember, name: string): string =>
  member.values[fields.indexOf(name)] ?? ''

function readerOf(refset: SnomedRefset, id: string): Reader | undefined {
  const { fields } = refset
  const system = Object.hasOwn(TARGET_SYSTEMS, id) ? TARGET_SYSTEMS[id] : undefined
  if (fields.includes('targetComponentId')) {
    const equivalence = Object.hasOwn(ASSOCIATIONS, id) ? ASSOCIATIONS[id] : undefined
    return {
      field: 'targetComponentId',
      isInverse: false,
      system: SNOMED,
      equivalence: () => equivalence ?? 'relatedto',
    }
  }
  if (fields.includes('mapTarget'))
    return { field: 'mapTarget', isInverse: false, system, equivalence: (member) => correlation(refset, member) }
  if (fields.includes('mapSource'))
    return { field: 'mapSource', isInverse: true, system, equivalence: (member) => correlation(refset, member) }
  return undefined
}

/** A target that holds only under a condition of the patient is related, and no more. */
function correlation(refset: SnomedRefset, member: SnomedMember): string {
  const named = fieldOf(refset, member, 'correlationId') || fieldOf(refset, member, 'contentOriginId')
  const known = Object.hasOwn(CORRELATIONS, named) ? CORRELATIONS[named] : undefined
  if (known === 'unmatched') return known
  const rule = fieldOf(refset, member, 'mapRule').trim().toUpperCase()
  const isConditional = rule !== '' && rule !== 'TRUE'
  return isConditional ? 'relatedto' : (known ?? 'relatedto')
}

const HISTORICAL: readonly (readonly [string, string])[] = [
  ['900000000000527005', 'SAME AS'],
  ['900000000000526001', 'REPLACED BY'],
  ['900000000000523009', 'POSSIBLY EQUIVALENT TO'],
  ['1186924009', 'PARTIALLY EQUIVALENT TO'],
  ['1186921001', 'POSSIBLY REPLACED BY'],
  ['900000000000528000', 'WAS A'],
  ['900000000000530003', 'ALTERNATIVE'],
]

/** What stands for an inactive concept now, the closest first: `SAME AS 74400008|Appendicitis|`; undefined where nothing does. */
export function successors(
  content: SnomedContent,
  concept: number,
  term: (concept: number) => string | undefined,
): string | undefined {
  const found = HISTORICAL.flatMap(([id, name]) => {
    const refset = content.refset(content.ordinalOf(id))
    return (refset?.of(concept) ?? [])
      .filter((each) => each.isActive)
      .map((member) => {
        const target = refset ? fieldOf(refset, member, 'targetComponentId') : ''
        const display = term(content.ordinalOf(target))
        return `${name} ${target}${display === undefined ? '' : `|${display}|`}`
      })
  })
  return found.length === 0 ? undefined : found.join(', ')
}
