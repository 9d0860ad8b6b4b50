import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import { systemIdentity } from '../request/aliases.ts'
import { otherIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { matchesVersion } from '../request/versions.ts'

type Group = NonNullable<ConceptMap['group']>[number]
type Target = NonNullable<NonNullable<Group['element']>[number]['target']>[number]

/** One pair of a concept map, in the direction of the question. */
export interface Translation {
  map: ConceptMap
  /** Of the found side to the side asked about. */
  equivalence: string
  /** As the map says it, from its source to its target. */
  written: string
  /** The code asked about, as the map has it. */
  source: { system?: string; code: string }
  /** Absent for "unmatched". */
  target?: { system?: string; code: string; display?: string }
  product: { element: string; system?: string; code: string; display?: string }[]
}

/** A code to translate. */
export interface TranslateQuestion {
  code: string
  /** Absent: any system. */
  system?: string | undefined
  version?: string | undefined
  /** System wanted on the other side. */
  otherSystem?: string | undefined
  /** From target to source. */
  reverse: boolean
  dependencies: { element: string; value: string }[]
  /** Groups that may still be asked: maps hand questions on to others, each of their groups anew. Without it, {@link mostGroups}. */
  left?: { groups: number }
}

/** Most groups that one question is put to. */
export const mostGroups = 20_000

/** A group with the sides its codes really are on. */
interface Sides {
  source: string | undefined
  target: string | undefined
}

type Element = NonNullable<Group['element']>[number]

/** The code of one side of a pair. */
type Side = 'source' | 'target'

/** Elements by the codes of one side, large maps are asked code by code; `folded`: by codes in lower case. */
type ElementIndex = Map<string, Element[]>

const elementIndexes = new WeakMap<Group, Map<string, ElementIndex>>()

function elementIndex(group: Group, side: Side, folded: boolean): ElementIndex {
  const made = elementIndexes.get(group) ?? new Map<string, ElementIndex>()
  elementIndexes.set(group, made)
  const name = folded ? `${side}, folded` : side
  const known = made.get(name)
  if (known) return known
  const index: ElementIndex = new Map()
  for (const element of group.element ?? []) {
    for (const { code } of side === 'source' ? [element] : (element.target ?? NONE)) {
      if (!code) continue
      const key = folded ? code.toLowerCase() : code
      const list = index.get(key)
      if (!list) index.set(key, [element])
      else if (list.at(-1) !== element) list.push(element)
    }
  }
  made.set(name, index)
  return index
}

/** Tells codes of a system apart: letter by letter, unless case is of no account in it. */
interface CodeComparison {
  folded: boolean
  isSame(a: string, b: string): boolean
}

const LETTER_BY_LETTER: CodeComparison = { folded: false, isSame: (a, b) => a === b }

function codesOf(system: string | undefined, scope: Scope): CodeComparison {
  // A list of pairs stands for itself where nobody knows the system.
  const provider = system === undefined ? undefined : scope.systemsHere(parseCanonical(system).url)[0]
  if (!provider || provider.head.caseSensitive) return LETTER_BY_LETTER
  // Codes that differ by case and stand in the system both are two codes.
  const isSame = (a: string, b: string) =>
    a === b || (a.toLowerCase() === b.toLowerCase() && provider.locate(a) === provider.locate(b))
  return { folded: true, isSame }
}

/** The elements that have a code on one side, however it is written. */
function elementsWith(group: Group, side: Side, code: string, { folded, isSame }: CodeComparison): Element[] {
  const found = elementIndex(group, side, folded).get(folded ? code.toLowerCase() : code) ?? NONE
  if (!folded) return found
  const codes = (element: Element) => (side === 'source' ? [element] : (element.target ?? NONE))
  return found.filter((element) => codes(element).some((each) => each.code !== undefined && isSame(each.code, code)))
}

const swappedGroups = new WeakMap<Group, { source: unknown; target: unknown; swapped: boolean }>()

/** Whether source and target of a group are exchanged: every element is unknown in the source and known in the target. */
function isSwapped(group: Group, scope: Scope): boolean {
  const source = group.source ? scope.systemsHere(group.source)[0] : undefined
  const target = group.target ? scope.systemsHere(group.target)[0] : undefined
  const known = swappedGroups.get(group)
  if (known && known.source === source && known.target === target) return known.swapped
  const codes = (group.element ?? []).flatMap((each) => each.code ?? [])
  const swapped =
    source !== undefined &&
    target !== undefined &&
    codes.length > 0 &&
    codes.every((code) => source.locate(code) === undefined && target.locate(code) !== undefined)
  swappedGroups.set(group, { source, target, swapped })
  return swapped
}

function sidesOf(group: Group, scope: Scope): Sides {
  return isSwapped(group, scope)
    ? { source: group.target, target: group.source }
    : { source: group.source, target: group.target }
}

/** Whether a group's side can be the system: the same one, or none that names a code system at all. */
function fits(side: string | undefined, system: string | undefined): boolean {
  if (side === undefined || system === undefined) return true
  if (systemIdentity(parseCanonical(side).url) === systemIdentity(system)) return true
  return /\/(?:ValueSet|ConceptMap)\//.test(side)
}

/**
 * Translations of a code by one map; the map's `unmapped` rule counts when no element has the code. `asking` are the
 * maps that handed the question on: maps may name each other in a circle.
 */
export function translateBy(
  map: ConceptMap,
  question: TranslateQuestion,
  scope: Scope,
  asking: ConceptMap[] = [],
): Translation[] {
  const left = question.left ?? { groups: mostGroups }
  return (map.group ?? []).flatMap((group) => {
    if (--left.groups < 0) throw tooManyGroups()
    const sides = sidesOf(group, scope)
    const [near, far] = question.reverse ? [sides.target, sides.source] : [sides.source, sides.target]
    if (!fits(near, question.system) || !fits(far, question.otherSystem)) return []
    return question.reverse
      ? backward({ map, group, sides, question, scope, asking })
      : forward({ map, group, sides, question: { ...question, left }, scope, asking })
  })
}

const tooManyGroups = () =>
  new FhirError(422, otherIssue('too-costly', `The translation takes more than ${mostGroups} groups of concept maps`))

/** One question to one group. */
interface GroupCall {
  map: ConceptMap
  group: Group
  sides: Sides
  question: TranslateQuestion
  scope: Scope
  asking: ConceptMap[]
}

function forward(call: GroupCall): Translation[] {
  const { map, group, sides, question, scope } = call
  const elements = elementsWith(group, 'source', question.code, codesOf(sides.source, scope))
  const sourceOf = (element: Element | undefined) => conceptOf(sides.source, element?.code ?? question.code)
  const found = elements.flatMap((element) =>
    (element.target ?? [])
      .filter((target) => dependsOnMet(target, question, scope))
      .map((target) => pair(map, sourceOf(element), sides.target, target)),
  )
  if (elements.length > 0) {
    return elements.some((each) => each.target?.length)
      ? found
      : [{ map, equivalence: 'unmatched', written: 'unmatched', source: sourceOf(elements[0]), product: [] }]
  }
  return unmapped(call, sourceOf(undefined))
}

function pair(map: ConceptMap, source: Translation['source'], system: string | undefined, target: Target): Translation {
  const product = (target.product ?? NONE).map((each) => ({
    element: each.property,
    ...(each.system && { system: each.system }),
    code: each.value,
    ...(each.display && { display: each.display }),
  }))
  const equivalence = target.equivalence ?? 'equivalent'
  const base = { map, equivalence, written: equivalence, source, product }
  if (!target.code) return base
  return { ...base, target: conceptOf(system, target.code, target.display) }
}

const NONE: never[] = []

function conceptOf(system: string | undefined, code: string, display?: string): NonNullable<Translation['target']> {
  const concept: NonNullable<Translation['target']> = system ? { system, code } : { code }
  if (display) concept.display = display
  return concept
}

function dependsOnMet(target: Target, { dependencies }: TranslateQuestion, scope: Scope): boolean {
  if (!target.dependsOn) return true
  return target.dependsOn.every((needed) => {
    const { isSame } = codesOf(needed.system, scope)
    return dependencies.some((each) => each.element === needed.property && isSame(each.value, needed.value))
  })
}

function unmapped(call: GroupCall, source: Translation['source']): Translation[] {
  const { map, group, sides, question, scope, asking } = call
  const rule = group.unmapped
  const system = sides.target && { system: sides.target }
  if (rule?.mode === 'provided') {
    return [
      {
        map,
        equivalence: 'equivalent',
        written: 'equivalent',
        source,
        target: { ...system, code: question.code },
        product: [],
      },
    ]
  }
  if (rule?.mode === 'fixed' && rule.code) {
    const target = { ...system, code: rule.code, ...(rule.display && { display: rule.display }) }
    return [{ map, equivalence: 'relatedto', written: 'relatedto', source, target, product: [] }]
  }
  if (rule?.mode === 'other-map' && rule.url) {
    const other = conceptMapOf(scope, rule.url)
    const isCircle = other === map || (other !== undefined && asking.includes(other))
    return other && !isCircle ? translateBy(other, question, scope, [...asking, map]) : []
  }
  return []
}

function backward({ map, group, sides, question, scope }: GroupCall): Translation[] {
  const codes = codesOf(sides.target, scope)
  return elementsWith(group, 'target', question.code, codes).flatMap((element) => {
    const { code, display } = element
    if (!code) return []
    const targets = (element.target ?? []).filter(
      (each) =>
        each.code !== undefined && codes.isSame(each.code, question.code) && dependsOnMet(each, question, scope),
    )
    return targets.map((target): Translation => {
      const equivalence = target.equivalence ?? 'equivalent'
      return {
        map,
        equivalence: REVERSED[equivalence] ?? equivalence,
        written: equivalence,
        source: conceptOf(sides.target, target.code ?? question.code),
        target: conceptOf(sides.source, code, display),
        product: [],
      }
    })
  })
}

/** Equivalence read from the other side (http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html). */
const REVERSED: Record<string, string> = {
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
export function closestFirst(translations: Translation[]): Translation[] {
  if (translations.length < 2) return translations
  const rank = ({ equivalence }: Translation) => {
    const at = CLOSENESS.indexOf(equivalence)
    return at < 0 ? CLOSENESS.length : at
  }
  return translations.toSorted((a, b) => rank(a) - rank(b))
}

/** A concept map by canonical. */
export function conceptMapOf(scope: Scope, canonical: string, version?: string): ConceptMap | undefined {
  const { url, version: own } = parseCanonical(canonical)
  const wanted = own ?? version
  return scope.conceptMaps(url).find((each) => wanted === undefined || matchesVersion(wanted, each.version))
}

/** `url|version` of a map. */
export function mapCanonical(map: ConceptMap): string {
  return map.url ? formatCanonical(map.url, map.version) : `#${map.id ?? ''}`
}
