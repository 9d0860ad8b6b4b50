import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import { otherIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { codesOf, type Element, elementsWith, type Group } from './element-index.ts'
import { REVERSED } from './equivalence.ts'
import { conceptMapOf } from './find-map.ts'
import { fits, type Sides, sidesOf } from './group-sides.ts'

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
