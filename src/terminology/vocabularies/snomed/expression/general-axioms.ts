/** What the axioms of a release say beside its relationships (SNOMED CT OWL, functional syntax). */
import { keepPerObject } from '../../../../base/keep.ts'
import { AXIOMS, saysMore, saysOfProperty } from '../axioms.ts'
import type { SnomedContent } from '../content.ts'
import type { ResolvedAttribute, ResolvedExpression } from './resolve-expression.ts'

/** The attribute under which those of a group stand. */
const ROLE_GROUP = '609096000'

/** What suffices for a concept: the left side of a general axiom, or one of several definitions. */
export interface Sufficient {
  concept: number
  meaning: ResolvedExpression
  /** False where more than that is asked for, which is not understood. */
  isWhole: boolean
}

/** What has the first attribute, whose value has the second, has the attribute `implied` with the value of the second. */
interface PropertyChain {
  first: number
  second: number
  implied: number
}

/** Axioms of a release that its relationships do not show. */
export interface Axioms {
  sufficient: readonly Sufficient[]
  chains: readonly PropertyChain[]
  /** Attributes that everything has with itself as the value. */
  reflexive: readonly number[]
}

/** The axioms of a release: those that may say more than relationships are looked through once, those of concepts that have several are read. */
export const axiomsOf = keepPerObject((content: SnomedContent): Axioms => {
  const refset = content.refset(content.ordinalOf(AXIOMS))
  const sufficient: Sufficient[] = []
  const chains: PropertyChain[] = []
  const reflexive: number[] = []
  if (!refset) return { sufficient, chains, reflexive }
  const counts = new Uint8Array(content.count)
  const several = new Set<number>()
  for (const { isActive, component, values } of content.axioms()) {
    const concept = isActive ? content.ordinalOf(component) : -1
    if (concept < 0 || !content.isActive(concept)) continue
    const text = values[0] ?? ''
    if (counts[concept] === 1 || saysMore(text)) several.add(concept)
    counts[concept] = 1
    const property = saysOfProperty(text) ? readTerm(text) : undefined
    if (property) readProperty(property, content, { chains, reflexive })
  }
  for (const concept of several)
    for (const { isActive, values } of refset.of(concept))
      if (isActive) sufficient.push(...readSufficient(values[0] ?? '', concept, content))
  return { sufficient, chains, reflexive }
})

function readProperty(
  { name, parts }: Term,
  content: SnomedContent,
  { chains, reflexive }: { chains: PropertyChain[]; reflexive: number[] },
): void {
  const [head, last] = parts
  const own = head && conceptOf(head, content)
  if (name === 'ReflexiveObjectProperty' && own !== undefined) reflexive.push(own)
  if (name === 'TransitiveObjectProperty' && own !== undefined) chains.push({ first: own, second: own, implied: own })
  if (name !== 'SubObjectPropertyOf' || !last) return
  const [first, second] = (head?.parts ?? []).map((each) => conceptOf(each, content))
  const implied = conceptOf(last, content)
  if (first !== undefined && second !== undefined && implied !== undefined) chains.push({ first, second, implied })
}

/** What one axiom of a concept says to suffice for it; nothing where it says what is necessary. */
function readSufficient(text: string, concept: number, content: SnomedContent): Sufficient[] {
  if (/^\s*(?:Sub\w+PropertyOf|\w+Property)\(/.test(text)) return []
  const axiom = readTerm(text)
  const self = `:${content.idOf(concept)}`
  const [left, right] = axiom?.parts ?? []
  if (axiom?.name === 'SubClassOf' && left?.name === self && left.parts.length === 0) return []
  if (axiom?.name === 'SubClassOf' && right?.name === self) return [sufficientOf(left, concept, content)]
  if (axiom?.name !== 'EquivalentClasses' || !axiom.parts.some((each) => each.name === self))
    return [sufficientOf(undefined, concept, content)]
  return axiom.parts.filter((each) => each.name !== self).map((each) => sufficientOf(each, concept, content))
}

/** `Name(part part …)`, or a name alone. */
interface Term {
  name: string
  parts: Term[]
}

/** A term of the functional syntax; undefined for what is none. Not recursive: a text may nest as deep as it likes. */
function readTerm(text: string): Term | undefined {
  const root: Term = { name: '', parts: [] }
  const open = [root]
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"[^\s()]*|[^\s()]+|[()]/g)) {
    const here = open.at(-1)
    const last = here?.parts.at(-1)
    if (token === ')') open.pop()
    else if (token !== '(') here?.parts.push({ name: token, parts: [] })
    else if (last) open.push(last)
    else return undefined
    if (open.length === 0) return undefined
  }
  return open.length === 1 && root.parts.length === 1 ? root.parts[0] : undefined
}

/** An intersection of concepts, attributes, and groups of attributes, or one of them; what is not understood is left out and told. */
function sufficientOf(term: Term | undefined, concept: number, content: SnomedContent): Sufficient {
  const focus: number[] = []
  const ungrouped: ResolvedAttribute[] = []
  const groups: ResolvedAttribute[][] = []
  let isWhole = term !== undefined
  for (const part of partsOf(term)) {
    const above = conceptOf(part, content)
    const isGroup = part.name === 'ObjectSomeValuesFrom' && part.parts[0]?.name === `:${ROLE_GROUP}`
    const wanted = isGroup ? partsOf(part.parts[1]) : [part]
    const attributes = wanted.flatMap((each) => attributeOf(each, content) ?? [])
    if (above !== undefined) focus.push(above)
    else if (attributes.length < wanted.length || wanted.length === 0) isWhole = false
    if (isGroup && attributes.length > 0) groups.push(attributes)
    if (!isGroup) ungrouped.push(...attributes)
  }
  return { concept, meaning: { focus, ungrouped, groups }, isWhole }
}

const partsOf = (term: Term | undefined): Term[] =>
  term?.name === 'ObjectIntersectionOf' ? term.parts : term ? [term] : []

function attributeOf({ name, parts }: Term, content: SnomedContent): ResolvedAttribute | undefined {
  const [first, second] = parts
  const type = first && conceptOf(first, content)
  if (type === undefined || !second || parts.length > 2) return undefined
  const concrete = name === 'DataHasValue' ? concreteOf(second) : undefined
  if (concrete !== undefined) return { type, value: { concrete } }
  const concept = name === 'ObjectSomeValuesFrom' ? conceptOf(second, content) : undefined
  return concept === undefined ? undefined : { type, value: { concept } }
}

/** A literal as a release writes concrete values: `"5"^^xsd:decimal` is `#5`. */
function concreteOf({ name, parts }: Term): string | undefined {
  const [, text = '', type] = (parts.length === 0 && /^("(?:[^"\\]|\\.)*")(?:\^\^xsd:(\w+))?$/.exec(name)) || []
  const inner = text.slice(1, -1)
  if (type === 'decimal' || type === 'integer') return /^[+-]?\d+(?:\.\d+)?$/.test(inner) ? `#${inner}` : undefined
  if (type === 'boolean') return /^(?:true|false)$/.test(inner) ? inner : undefined
  return text !== '' && (type === undefined || type === 'string') ? text : undefined
}

function conceptOf({ name, parts }: Term, content: SnomedContent): number | undefined {
  const concept = parts.length === 0 && name.startsWith(':') ? content.ordinalOf(name.slice(1)) : -1
  return concept < 0 ? undefined : concept
}
