/**
 * Filters that LOINC defines (https://terminology.hl7.org/LOINC.html): properties by part or by the name of the part, answers of lists,
 * the hierarchy by parent, child and ancestor, and whose copyright a term has.
 */
import type { CodeSystemProvider, Ref } from '../../code-system/code-system.ts'
import type { OpenIndex } from '../../code-system/large/large-code-system.ts'
import { complement, merge } from '../../code-system/large/value-filter.ts'
import { exactOrdinals, type Postings } from '../../code-system/postings.ts'
import { asOrdinal, listSelection, type Selection } from '../../code-system/selection.ts'
import { words } from '../../code-system/text-index.ts'
import { compileExpression } from '../../value-set/filters/regex.ts'
import { CLASS_TYPES } from './class-types.ts'

type Filter = NonNullable<CodeSystemProvider['filter']>

/** A release that is asked, and what makes the error of a filter that it cannot evaluate. */
interface Asked extends OpenIndex {
  fail(reason: string): Error
}

/** Filters that are not values of a property. */
const PARTICULAR: Readonly<Record<string, (asked: Asked, op: string, value: string) => Selection | undefined>> = {
  LIST: (asked, op, value) => (op === '=' ? answersOf(asked, [listNamed(asked, value)]) : undefined),
  'answers-for': (asked, op, value) => (op === '=' ? answersOf(asked, listsFor(asked, value)) : undefined),
  copyright: (asked, op, value) => (op === '=' ? byCopyright(asked, value) : undefined),
  parent: (asked, op, value) => related(asked, { op, value, read: asked.relations.children }),
  child: (asked, op, value) => related(asked, { op, value, read: asked.relations.parents }),
  ancestor: (asked, op, value) => related(asked, { op, value, read: (ref) => below(asked, ref) }),
}

/** Properties that are none of LOINC's own: what every code system has. */
const COMMON = new Set(['concept', 'code', 'display', 'definition', 'designation', 'status', 'inactive'])

/** The filters of a release. */
export function loincFilter(index: OpenIndex): Filter {
  const base: Filter = (...filter) => index.provider.filter?.(...filter)
  return (property, op, value, fail) => {
    const asked = { ...index, fail }
    const particular = Object.hasOwn(PARTICULAR, property) ? PARTICULAR[property] : undefined
    if (particular) return particular(asked, op, value)
    if (COMMON.has(property) || !index.provider.hasProperty(property)) return base(property, op, value, fail)
    const values = index.valuesOf(property)
    return (values && byValue(asked, values, { property, op, value })) ?? base(property, op, value, fail)
  }
}

const CODE = /^(?:LP|LL|LA|LG)?\d{1,9}-\d$/

/** Values of a property: parts by their numbers or names, texts without regard to case. */
function byValue(
  index: Asked,
  values: Postings,
  { property, op, value }: { property: string; op: string; value: string },
): Selection | undefined {
  const count = index.provider.all.size()
  const having = (one: string): Int32Array[] => ordinalsWith(index, values, meant(property, one))
  const listed = () =>
    merge(
      value.split(',').flatMap((each) => having(each.trim())),
      count,
    )
  switch (op) {
    case '=':
      return listSelection(merge(having(value), count))
    case 'in':
      return listSelection(listed())
    case 'not-in':
      return listSelection(complement(listed(), count))
    case 'regex':
      return listSelection(merge(matching(index, values, value), count))
  }
  return undefined
}

/** The value that is stored: a class type may be given by its meaning. */
function meant(property: string, value: string): string {
  if (property !== 'CLASSTYPE') return value
  const wanted = value.toLowerCase()
  return Object.entries(CLASS_TYPES).find(([, meaning]) => meaning.toLowerCase() === wanted)?.[0] ?? value
}

function ordinalsWith(index: OpenIndex, values: Postings, value: string): Int32Array[] {
  if (CODE.test(value.toUpperCase())) return [exactOrdinals(values, value.toUpperCase())]
  const wanted = value.toLowerCase()
  const written = vocabularyOf(values).filter((each) => each.toLowerCase() === wanted)
  return [...written, ...partsNamed(index, wanted)].map((each) => exactOrdinals(values, each))
}

const vocabularyOf = ({ vocabulary }: Postings): string[] =>
  Array.from({ length: vocabulary.length }, (_, rank) => vocabulary.at(rank) ?? '')

/** Numbers of the parts that are called so, in short or spelt out; the name is given in lower case. */
function partsNamed({ provider }: OpenIndex, wanted: string): string[] {
  const candidates = words(wanted).length > 0 ? provider.search(wanted) : provider.all
  const found: string[] = []
  for (let i = 0, size = candidates.size(); i < size; i++) {
    const ref = candidates.at(i)
    const code = provider.code(ref)
    if (code.startsWith('LP') && isCalled(provider, ref, wanted)) found.push(code)
  }
  return found
}

const isCalled = (provider: CodeSystemProvider, ref: Ref, wanted: string): boolean =>
  provider.display(ref)?.toLowerCase() === wanted ||
  provider.designations(ref).some(({ value }) => value.toLowerCase() === wanted)

/** Concepts whose value matches an expression as a whole; of a part its name counts. */
function matching({ provider, fail }: Asked, values: Postings, expression: string): Int32Array[] {
  const matches = compileExpression(expression, fail)
  return vocabularyOf(values)
    .filter((each) => {
      const part = CODE.test(each) ? provider.locate(each) : undefined
      return matches((part !== undefined && provider.display(part)) || each)
    })
    .map((each) => exactOrdinals(values, each))
}

function listNamed({ provider, fail }: Asked, value: string): Ref {
  const ref = value.toUpperCase().startsWith('LL') ? provider.locate(value) : undefined
  if (ref === undefined) throw fail(`the answer list '${value}' is not known in the code system`)
  return ref
}

/** The list of that number, or the lists of a term. */
function listsFor(index: Asked, value: string): Ref[] {
  if (value.toUpperCase().startsWith('LL')) return [listNamed(index, value)]
  const { provider, fail } = index
  const ref = provider.locate(value)
  if (ref === undefined) throw fail(`the code '${value}' is not known in the code system`)
  return codesOf(index, ref, 'answer-list').flatMap((each) => provider.locate(each) ?? [])
}

const codesOf = ({ provider }: OpenIndex, ref: Ref, property: string): string[] =>
  provider.properties(ref).flatMap(({ code, value }) => (code === property ? String(value) : []))

/** Answers in the sequence of their lists. A list whose answers are codes of another system has none that could be told. */
function answersOf(index: Asked, lists: Ref[]): Selection {
  const { provider, fail } = index
  const answers = new Set<Ref>()
  for (const list of lists) {
    const own = codesOf(index, list, 'Answer')
    if (own.length === 0 && codesOf(index, list, 'ExtDefinedYN').includes('Y'))
      throw fail(`the answers of ${provider.code(list)} are codes of another system`)
    for (const each of own) {
      const ref = provider.locate(each)
      if (ref !== undefined) answers.add(ref)
    }
  }
  const order = [...answers]
  return { has: (ref) => answers.has(ref), size: () => order.length, at: (position) => order[position] ?? -1 }
}

function byCopyright({ provider, valuesOf, fail }: Asked, value: string): Selection {
  const wanted = { loinc: false, '3rdparty': true }[value.toLowerCase()]
  if (wanted === undefined) throw fail("the value must be 'LOINC' or '3rdParty'")
  const count = provider.all.size()
  const notices = valuesOf('EXTERNAL_COPYRIGHT_NOTICE')
  if (!notices && provider.hasProperty('EXTERNAL_COPYRIGHT_NOTICE'))
    throw fail('the notices of this release are not indexed')
  const others = merge(notices ? [notices.ordinals] : [], count)
  return listSelection(wanted ? others : complement(others, count))
}

/** What stands in a relation to one concept, or to one of several. A concept that is unknown is in none. */
function related(
  { provider }: OpenIndex,
  { op, value, read }: { op: string; value: string; read(ref: number): Iterable<number> },
): Selection | undefined {
  if (op !== '=' && op !== 'in') return undefined
  const codes = op === '=' ? [value] : value.split(',').map((each) => each.trim())
  const found = codes.map((code) => {
    const ref = provider.locate(code)
    return Int32Array.from(ref === undefined ? [] : read(asOrdinal(ref))).sort()
  })
  return listSelection(merge(found, provider.all.size()))
}

function* below({ relations }: OpenIndex, ref: number): Generator<number> {
  for (const [from, to] of relations.below(ref)) for (let each = from; each < to; each++) if (each !== ref) yield each
}
