/** WHO's tables from ICD-10 to ICD-11 and back, as concept maps (https://icd.who.int/en/docs/ICD11-Transition-guide.pdf). */
import { createHash } from 'node:crypto'
import type { ConceptMap } from '../../../fhir/types.ts'
import type { ReleaseFiles } from '../source.ts'
import { readTable } from '../table.ts'

/** A table of a release. */
export interface MapTable {
  name: string
  /** Whether it goes from ICD-10. */
  isForward: boolean
  /** One category for each code, the best one; else all that come into question. */
  isOne: boolean
}

const NAME = /(?:^|\/)(10To11|11To10)MapTo(OneCategory|MultipleCategories)\.txt$/i

/** The tables that a release has; those that go to the foundation and not to a linearization are left. */
export function mapTables({ names }: ReleaseFiles): MapTable[] {
  return names.flatMap((name) => {
    const [, direction = '', count = ''] = NAME.exec(name) ?? []
    if (direction === '') return []
    return [{ name, isForward: direction.toLowerCase() === '10to11', isOne: count.toLowerCase() === 'onecategory' }]
  })
}

const ICD_10 = 'http://hl7.org/fhir/sid/icd-10'

const COLUMNS = ['icd10Code', 'icd11Code', '10ClassKind', '11ClassKind'] as const
const FURTHER = ['icd10Title', 'icd11Title', 'Relation'] as const

type Row = Record<(typeof COLUMNS)[number] | (typeof FURTHER)[number], string>
type Group = NonNullable<ConceptMap['group']>[number]
type Target = NonNullable<Group['element'][number]['target']>[number]

/** What WHO says of a pair, as R4 says it of the target; where it says nothing that is known, the two are related, and no more. */
const RELATIONS: Readonly<Record<string, Target['equivalence']>> = {
  equivalent: 'equivalent',
  subclass: 'wider',
  superclass: 'narrower',
}

/**
 * A table as a concept map.
 * @param to canonical and release of the linearization
 * @throws FhirError 422 naming file and line for a column that is missing
 */
export function readMapTable(
  files: ReleaseFiles,
  { name, isForward, isOne }: MapTable,
  to: { system: string; version: string },
): ConceptMap {
  const elements = new Map<string, Group['element'][number]>()
  const form = { separator: '\t', required: COLUMNS, optional: FURTHER, isLoose: true } as const
  const rows = readTable<keyof Row>({ name, chunks: files.chunks(name) }, form)
  for (const { of } of rows) {
    const [from, target] = isForward ? [of.icd10Code, of.icd11Code] : [of.icd11Code, of.icd10Code]
    if (!from.trim()) continue
    const title = plain(isForward ? of.icd10Title : of.icd11Title)
    const element = elements.get(from.trim()) ?? {
      code: from.trim(),
      ...(title !== '' && { display: title }),
      target: [],
    }
    elements.set(element.code ?? '', element)
    const made = targetOf(target.trim(), of, isForward)
    const isNew = !element.target?.some((each) => each.code === made.code)
    if (isNew) element.target?.push(made)
  }
  const id = `icd-${isForward ? '10-to-11' : '11-to-10'}-${isOne ? 'one' : 'several'}`
  const [source, target] = isForward
    ? [{ source: ICD_10 }, { target: to.system, targetVersion: to.version }]
    : [{ source: to.system, sourceVersion: to.version }, { target: ICD_10 }]
  return {
    resourceType: 'ConceptMap',
    id: `${id}-${createHash('sha256').update(`${to.system}|${to.version}`).digest('hex').slice(0, 8)}`,
    url: `${to.system}/ConceptMap/${id}`,
    version: to.version,
    name: id.replaceAll('-', '_'),
    title: `${isForward ? 'ICD-10 to ICD-11' : 'ICD-11 to ICD-10'}: ${isOne ? 'one category for each' : 'all categories that come into question'}`,
    status: 'active',
    publisher: 'World Health Organization (WHO)',
    group: [{ ...source, ...target, element: [...elements.values()] }],
  }
}

const plain = (text: string): string => text.replace(/^(?:- ?)+/, '').trim()

function targetOf(code: string, of: Row, isForward: boolean): Target {
  if (code === '' || /^no mapping$/i.test(code)) return { equivalence: 'unmatched' }
  const said = of.Relation.trim().toLowerCase()
  const known = Object.hasOwn(RELATIONS, said) ? RELATIONS[said] : undefined
  const title = plain(isForward ? of.icd11Title : of.icd10Title)
  return { code, ...(title !== '' && { display: title }), equivalence: known ?? 'relatedto' }
}
