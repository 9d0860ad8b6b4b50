/** Filters of SNOMED CT in value sets (https://hl7.org/fhir/R4/snomedct.html, filter properties). */
import type { CodeSystemProvider } from '../../../code-system/code-system.ts'
import {
  asOrdinal,
  filteredSelection,
  listSelection,
  rangeSelection,
  type Selection,
} from '../../../code-system/selection.ts'
import type { SnomedContent } from '../content.ts'
import { attributeOf, attributeValueOf, rowsOf } from './attribute-values.ts'
import { ascending, lazySelection, withOrdinal } from './selections.ts'

/** The concepts of an expression constraint. @throws FhirError for one that cannot be evaluated */
type Constraint = (text: string) => Selection

/** Makes the error for a filter that cannot be evaluated. */
type Fail = (reason: string) => Error

interface Call {
  content: SnomedContent
  op: string
  value: string
  fail: Fail
}

/** What a filter of one property answers. */
type PropertyFilter = (call: Call) => Selection

/** What is declared of the filters in TerminologyCapabilities. */
export const SNOMED_FILTERS: readonly { code: string; op: readonly string[] }[] = [
  {
    code: 'concept',
    op: ['=', 'is-a', 'descendent-of', 'is-not-a', 'in', 'not-in', 'generalizes'],
  },
  { code: 'constraint', op: ['='] },
  { code: 'expressions', op: ['='] },
  { code: 'inactive', op: ['='] },
  { code: 'moduleId', op: ['=', 'in', 'not-in'] },
  { code: 'sufficientlyDefined', op: ['='] },
  { code: 'effectiveTime', op: ['=', 'in', 'not-in'] },
  { code: 'parent', op: ['=', 'in', 'exists'] },
  { code: 'child', op: ['=', 'in', 'exists'] },
]

/**
 * Filters over a release; undefined leaves one to the table of all systems, which reads texts. What has no meaning here is an error that
 * says so, never an empty set.
 */
export function snomedFilter(
  content: SnomedContent,
  constraint: Constraint,
): NonNullable<CodeSystemProvider['filter']> {
  return (property, op, value, fail) => {
    const call: Call = { content, op, value: value.trim(), fail }
    if (property === 'constraint') {
      if (op !== '=') throw wrongOperator(call, ['='])
      return constraint(value)
    }
    if (/^\d+$/.test(property)) return byAttribute(property, call)
    const own = Object.hasOwn(PROPERTIES, property) ? PROPERTIES[property] : undefined
    if (!own) return undefined
    // Regular expressions and what else reads texts stay with the table of all systems.
    return own === conceptFilter && !Object.hasOwn(CONCEPT_OPERATORS, op) ? undefined : own(call)
  }
}

const wrongOperator = ({ fail, op }: Call, known: readonly string[]) =>
  fail(`the operator '${op}' has no meaning for this property; known are ${known.join(', ')}`)

const all = ({ content }: Call): Selection => rangeSelection(0, content.count)

/** Every concept that is not among some. */
function allBut(call: Call, some: Selection): Selection {
  return filteredSelection(all(call), (ref) => !some.has(ref))
}

function known({ content, fail }: Call, id: string): number {
  const concept = content.ordinalOf(id)
  if (concept < 0) throw fail(`the code '${id}' is not known in the code system`)
  return concept
}

const listed = (value: string): string[] => value.split(',').map((each) => each.trim())

const below = (call: Call, withSelf: boolean): Selection => {
  const { hierarchy } = call.content
  const start = known(call, call.value)
  return lazySelection(
    (concept) => (withSelf || concept !== start) && hierarchy.subsumes(start, concept),
    () => (withSelf ? withOrdinal(hierarchy.descendants(start), start) : hierarchy.descendants(start)),
  )
}

const CONCEPT_OPERATORS: Readonly<Record<string, PropertyFilter>> = {
  '=': (call) => listSelection(Int32Array.of(known(call, call.value))),
  'is-a': (call) => below(call, true),
  'descendent-of': (call) => below(call, false),
  'is-not-a': (call) => allBut(call, below(call, true)),
  generalizes: (call) => {
    const { hierarchy } = call.content
    const start = known(call, call.value)
    return lazySelection(
      (concept) => hierarchy.subsumes(concept, start),
      () => withOrdinal(hierarchy.ancestors(start), start),
    )
  },
  'child-of': (call) => listSelection(call.content.hierarchy.children(known(call, call.value))),
  'descendent-leaf': (call) => {
    const { children } = call.content.hierarchy
    return filteredSelection(below(call, false), (ref) => children(asOrdinal(ref)).length === 0)
  },
  in: (call) => members(call),
  'not-in': (call) => allBut(call, members(call)),
}

/** Members of a reference set; of several codes, of which none is one, these themselves. */
function members(call: Call): Selection {
  const { content, value, fail } = call
  const ids = listed(value)
  const refsets = ids.map((id) => content.refset(content.ordinalOf(id)))
  const [refset] = refsets
  if (ids.length === 1) {
    if (!refset) throw fail(`'${value}' is no reference set of this release`)
    return listSelection(refset.members)
  }
  if (refsets.some((each) => each !== undefined))
    throw fail('the value is one reference set or a list of codes, not several reference sets')
  return listSelection(ascending(ids.map((id) => known(call, id))))
}

const conceptFilter: PropertyFilter = (call) => {
  const operator = CONCEPT_OPERATORS[call.op]
  if (!operator) throw wrongOperator(call, Object.keys(CONCEPT_OPERATORS))
  return operator(call)
}

/** A property with one text of a concept. */
function byText(read: (content: SnomedContent, concept: number) => string, isValue: (text: string) => boolean) {
  return (call: Call): Selection => {
    const { content, op, value, fail } = call
    const wanted = new Set(op === '=' ? [value] : listed(value))
    if (!['=', 'in', 'not-in'].includes(op)) throw wrongOperator(call, ['=', 'in', 'not-in'])
    for (const each of wanted) if (!isValue(each)) throw fail(`'${each}' is no value of it`)
    return filteredSelection(all(call), (ref) => wanted.has(read(content, asOrdinal(ref))) === (op !== 'not-in'))
  }
}

/** A property that is true or false. */
function byTruth(read: (content: SnomedContent, concept: number) => boolean) {
  return (call: Call): Selection => {
    const { content, op, value, fail } = call
    if (op !== '=') throw wrongOperator(call, ['='])
    if (value !== 'true' && value !== 'false') throw fail("the value must be 'true' or 'false'")
    return filteredSelection(all(call), (ref) => read(content, asOrdinal(ref)) === (value === 'true'))
  }
}

/** Concepts that are linked to others: `parent` names what stands above them, `child` what stands below. */
function byLink(link: 'parents' | 'children') {
  return (call: Call): Selection => {
    const { op, value, fail, content } = call
    const { hierarchy } = content
    if (op === 'exists') {
      if (value !== 'true' && value !== 'false') throw fail("the value must be 'true' or 'false'")
      return filteredSelection(all(call), (ref) => hierarchy[link](asOrdinal(ref)).length > 0 === (value === 'true'))
    }
    if (op !== '=' && op !== 'in') throw wrongOperator(call, ['=', 'in', 'exists'])
    const others = (op === '=' ? [value] : listed(value)).map((id) => known(call, id))
    const linked = link === 'parents' ? hierarchy.children : hierarchy.parents
    return listSelection(ascending(others.flatMap((each) => [...linked(each)])))
  }
}

/** A day as releases write it, `20250909`; with or without hyphens in a filter. */
const dayOf = (content: SnomedContent, concept: number) => String(content.effectiveTimeOf(concept))

const onDay = byText(dayOf, (text) => /^\d{8}$/.test(text))

const PROPERTIES: Readonly<Record<string, PropertyFilter>> = {
  concept: conceptFilter,
  code: conceptFilter,
  expressions: (call) => {
    if (call.op !== '=') throw wrongOperator(call, ['='])
    if (call.value !== 'true' && call.value !== 'false') throw call.fail("the value must be 'true' or 'false'")
    return all(call)
  },
  inactive: byTruth((content, concept) => !content.isActive(concept)),
  sufficientlyDefined: byTruth((content, concept) => content.isDefined(concept)),
  status: byText(
    (content, concept) => (content.isActive(concept) ? 'active' : 'inactive'),
    (text) => text === 'active' || text === 'inactive',
  ),
  moduleId: byText(
    (content, concept) => content.moduleOf(concept),
    (text) => /^\d{6,18}$/.test(text),
  ),
  effectiveTime: (call) => onDay({ ...call, value: call.value.replaceAll('-', '') }),
  // Of the implicit set of all reference sets.
  refset: (call) => {
    if (call.op !== 'exists' || call.value !== 'true') throw wrongOperator(call, ['exists'])
    return listSelection(call.content.refsets)
  },
  parent: byLink('parents'),
  child: byLink('children'),
}

const ATTRIBUTE_OPERATORS = ['=', 'in', 'not-in', 'is-a', 'descendent-of', 'exists']

/** Concepts by the values of one of their attributes. */
function byAttribute(property: string, call: Call): Selection {
  const { content, op, value, fail } = call
  const attribute = attributeOf(content, property)
  if (attribute < 0) throw fail(`the code system has no attribute '${property}'`)
  const { type, target } = content.attributes
  const anyRow = (ref: number, test: (row: number) => boolean): boolean => {
    const [from, to] = rowsOf(content, ref)
    for (let row = from; row < to; row++) if (type[row] === attribute && test(row)) return true
    return false
  }
  if (op === 'exists') {
    if (value !== 'true' && value !== 'false') throw fail("the value must be 'true' or 'false'")
    return filteredSelection(all(call), (ref) => anyRow(asOrdinal(ref), () => true) === (value === 'true'))
  }
  if (op === 'is-a' || op === 'descendent-of') {
    const top = known(call, value)
    const isBelow = (row: number) => {
      const concept = target[row] ?? -1
      return concept >= 0 && (op === 'is-a' || concept !== top) && content.hierarchy.subsumes(top, concept)
    }
    return filteredSelection(all(call), (ref) => anyRow(asOrdinal(ref), isBelow))
  }
  if (!ATTRIBUTE_OPERATORS.includes(op)) throw wrongOperator(call, ATTRIBUTE_OPERATORS)
  const values = op === '=' ? [value] : listed(value)
  const wanted = values.map((each) => attributeValue(call, each))
  const concepts = wanted.filter((each) => typeof each === 'number')
  const isWanted = (row: number) => wanted.some((each) => isValue(content, row, each))
  if (op === 'not-in') return filteredSelection(all(call), (ref) => !anyRow(asOrdinal(ref), isWanted))
  if (concepts.length < wanted.length) return filteredSelection(all(call), (ref) => anyRow(asOrdinal(ref), isWanted))
  return lazySelection(
    (concept) => anyRow(concept, isWanted),
    () => sourcesOf(content, attribute, concepts),
  )
}

/** Concepts whose attribute has one of those concepts as its value. */
function sourcesOf({ attributes }: SnomedContent, attribute: number, values: number[]): Int32Array {
  const { start, source, type } = attributes.byTarget
  const sources = new Set<number>()
  for (const value of values) {
    for (let row = start[value] ?? 0; row < (start[value + 1] ?? 0); row++)
      if (type[row] === attribute) sources.add(source[row] ?? -1)
  }
  return ascending(sources)
}

/** A concept, or a concrete value: `#5`, `"text"`, `true`. */
function attributeValue(call: Call, text: string): number | { concrete: string | number | boolean } {
  const number = /^#([+-]?\d+(?:\.\d+)?)$/.exec(text)?.[1]
  if (number !== undefined) return { concrete: Number(number) }
  if (/^".*"$/.test(text)) return { concrete: text.slice(1, -1) }
  if (text === 'true' || text === 'false') return { concrete: text === 'true' }
  return known(call, text)
}

function isValue(
  content: SnomedContent,
  row: number,
  wanted: number | { concrete: string | number | boolean },
): boolean {
  if (typeof wanted === 'number') return content.attributes.target[row] === wanted
  const value = attributeValueOf(content, row)
  return 'concrete' in value && value.concrete === wanted.concrete
}
