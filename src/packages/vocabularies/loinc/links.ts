/** What the tables beside the table of terms say of a term: parts, names in other languages, successors, groups. */
import type { ReleaseFiles } from '../source.ts'
import { faultAt, readTable } from '../table.ts'
import { requireCode } from './codes.ts'
import type { Fragment, Fragments } from './fragments.ts'
import type { Variant } from './loinc-files.ts'
import type { Parts } from './parts.ts'
import { named, type Property } from './properties.ts'
import { designated } from './terms.ts'

/** Where fragments of terms are put. */
export interface TermStore {
  files: ReleaseFiles
  numberOf: ReadonlyMap<string, number>
  fragments: Fragments
}

const PROPERTY_URI = 'http://loinc.org/property/'

/**
 * Reads links of parts. Records of one term stand together: they become one fragment.
 * @throws FhirError 422 for a term that the release lacks, with the line
 */
export function readPartLinks({ files, numberOf, fragments }: TermStore, name: string, parts: Parts): void {
  const form = {
    separator: ',',
    required: ['LoincNumber', 'PartNumber', 'PartName', 'PartTypeName', 'Property'],
  } as const
  let open: { term: number; property: Property[] } | undefined
  const close = () => {
    if (open) fragments.add(open.term, { property: open.property })
  }
  for (const { line, of } of readTable({ name, chunks: files.chunks(name) }, form)) {
    const term = numberOf.get(of.LoincNumber)
    if (term === undefined)
      throw faultAt(
        name,
        line,
        `the table of terms lacks ${of.LoincNumber.slice(0, 40)}: this is not one whole release`,
      )
    const part = requireCode(of.PartNumber, 'LP', { name, line })
    if (!of.Property.startsWith(PROPERTY_URI))
      throw faultAt(name, line, `'${of.Property.slice(0, 80)}' is no property of LOINC`)
    parts.mention(part, { type: of.PartTypeName, name: of.PartName, displayName: of.PartName, status: '' })
    if (open?.term !== term) {
      close()
      open = { term, property: [] }
    }
    open.property.push({ code: of.Property.slice(PROPERTY_URI.length), valueCode: part })
  }
  close()
}

/** Reads the names for consumers; answers how many are of terms that the release lacks. */
export function readConsumerNames(store: TermStore, name: string): number {
  const form = { separator: ',', required: ['LoincNumber', 'ConsumerName'] } as const
  return addEach(store, { name, form }, ({ LoincNumber, ConsumerName }) => ({
    number: LoincNumber,
    fragment: { designation: designated('ConsumerName', 'en-US', ConsumerName) },
  }))
}

/** Reads which terms stand for those that should not be used any more. */
export function readSuccessors(store: TermStore, name: string): number {
  const form = { separator: ',', required: ['LOINC', 'MAP_TO'] } as const
  return addEach(store, { name, form }, ({ LOINC, MAP_TO }) => ({
    number: LOINC,
    fragment: { property: MAP_TO === '' ? [] : [{ code: 'MAP_TO', valueCode: MAP_TO }] },
  }))
}

/** Reads which groups a term is in. */
export function readGroupTerms(store: TermStore, name: string): number {
  const form = { separator: ',', required: ['GroupId', 'LoincNumber'] } as const
  return addEach(store, { name, form }, ({ LoincNumber, GroupId }) => ({
    number: LoincNumber,
    fragment: { property: GroupId === '' ? [] : [{ code: 'group', valueCode: GroupId }] },
  }))
}

/** Reads the names of one language. */
export function readTranslation(store: TermStore, { file, language }: Variant): number {
  const names = ['LONG_COMMON_NAME', 'LinguisticVariantDisplayName', 'SHORTNAME'] as const
  const form = {
    separator: ',',
    required: ['LOINC_NUM', 'LONG_COMMON_NAME'],
    optional: ['SHORTNAME', 'LinguisticVariantDisplayName', 'RELATEDNAMES2'],
  } as const
  return addEach<(typeof form)['required' | 'optional'][number]>(store, { name: file, form }, (of) => ({
    number: of.LOINC_NUM,
    fragment: {
      designation: names.flatMap((use) => designated(use, language, of[use])),
      property: named('RELATEDNAMES2', language, of.RELATEDNAMES2),
    },
  }))
}

/** Reads one record a fragment; a term that the release lacks is counted and left out: these tables are made apart from it. */
function addEach<Column extends string>(
  { files, numberOf, fragments }: TermStore,
  { name, form }: { name: string; form: Parameters<typeof readTable<Column>>[1] },
  read: (of: Record<Column, string>) => { number: string; fragment: Fragment },
): number {
  let lacking = 0
  for (const { line, of } of readTable<Column>({ name, chunks: files.chunks(name) }, form)) {
    const { number, fragment } = read(of)
    const term = numberOf.get(requireCode(number, '', { name, line }))
    if (term === undefined) lacking++
    else if ((fragment.designation?.length ?? 0) + (fragment.property?.length ?? 0) > 0) fragments.add(term, fragment)
  }
  return lacking
}
