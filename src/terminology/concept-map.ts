import { formatCanonical, parseCanonical } from '../fhir/canonical.ts'
import { FhirError } from '../fhir/error.ts'
import type { ConceptMap } from '../fhir/types.ts'
import { systemIdentity } from './aliases.ts'
import { otherIssue } from './messages.ts'
import type { Scope } from './scope.ts'
import { matchesVersion } from './versions.ts'

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

/** Elements of a group by their own code and by the codes they map to; large maps are asked code by code. */
interface ElementIndex {
  bySource: Map<string, Element[]>
  byTarget: Map<string, Element[]>
}

const elementIndexes = new WeakMap<Group, ElementIndex>()

function elementsOf(group: Group): ElementIndex {
  const known = elementIndexes.get(group)
  if (known) return known
  const index: ElementIndex = { bySource: new Map(), byTarget: new Map() }
  const add = (map: Map<string, Element[]>, code: string, element: Element) => {
    const list = map.get(code)
    if (!list) map.set(code, [element])
    else if (list.at(-1) !== element) list.push(element)
  }
  for (const element of group.element ?? []) {
    if (element.code) add(index.bySource, element.code, element)
    for (const { code } of element.target ?? []) if (code) add(index.byTarget, code, element)
  }
  elementIndexes.set(group, index)
  return index
}

const swappedGroups = new WeakMap<Group, { source: unknown; target: unknown; swapped: boolean }>()

/** Whether source and target of a group are exchanged: every element is unknown in the source and known in the target. */
function isSwapped(group: Group, scope: Scope): boolean {
  const source = group.source ? scope.systems(group.source)[0] : undefined
  const target = group.target ? scope.systems(group.target)[0] : undefined
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
      ? backward(map, group, sides, question)
      : forward({ map, group, sides, question: { ...question, left }, scope, asking })
  })
}

const tooManyGroups = () =>
  new FhirError(422, otherIssue('too-costly', `The translation takes more than ${mostGroups} groups of concept maps`))

function forward(call: {
  map: ConceptMap
  group: Group
  sides: Sides
  question: TranslateQuestion
  scope: Scope
  asking: ConceptMap[]
}): Translation[] {
  const { map, group, sides, question } = call
  const elements = elementsOf(group).bySource.get(question.code) ?? []
  const source = conceptOf(sides.source, question.code)
  const found = elements.flatMap((element) =>
    (element.target ?? [])
      .filter((target) => dependsOnMet(target, question))
      .map((target) => pair(map, source, sides.target, target)),
  )
  if (elements.length > 0) {
    return elements.some((each) => each.target?.length)
      ? found
      : [{ map, equivalence: 'unmatched', written: 'unmatched', source, product: [] }]
  }
  return unmapped(call, source)
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

function dependsOnMet(target: Target, { dependencies }: TranslateQuestion): boolean {
  if (!target.dependsOn) return true
  return target.dependsOn.every((needed) =>
    dependencies.some((each) => each.element === needed.property && each.value === needed.value),
  )
}

function unmapped(
  call: {
    map: ConceptMap
    group: Group
    sides: Sides
    question: TranslateQuestion
    scope: Scope
    asking: ConceptMap[]
  },
  source: Translation['source'],
): Translation[] {
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

function backward(map: ConceptMap, group: Group, sides: Sides, question: TranslateQuestion): Translation[] {
  const source = { ...(sides.target && { system: sides.target }), code: question.code }
  return (elementsOf(group).byTarget.get(question.code) ?? []).flatMap((element) => {
    const targets = (element.target ?? []).filter((each) => each.code === question.code && dependsOnMet(each, question))
    if (!element.code) return []
    const code = element.code
    return targets.map(
      (target): Translation => ({
        map,
        equivalence: REVERSED[target.equivalence ?? 'equivalent'] ?? target.equivalence ?? 'equivalent',
        written: target.equivalence ?? 'equivalent',
        source,
        target: {
          ...(sides.source && { system: sides.source }),
          code,
          ...(element.display && { display: element.display }),
        },
        product: [],
      }),
    )
  })
}

/** Equivalence read from the other side (http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html). */
const REVERSED: Record<string, string> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
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
