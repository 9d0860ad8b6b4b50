import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import { systemIdentity } from '../request/aliases.ts'
import { otherIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { codesOf, type Element, elementsWith, type Group } from './element-index.ts'
import { REVERSED } from './equivalence.ts'
import { conceptMapOf, unknownMap } from './find-map.ts'
import { fits, fitsVersion, type Sides, sidesOf } from './group-sides.ts'

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

/** What is known of another element that translations may depend on; a value without system may be of any. */
export interface Dependency {
  element: string
  values: { system?: string | undefined; code: string }[]
}

/** A code to translate. */
export interface TranslateQuestion {
  code: string
  /** Absent: any system. */
  system?: string | undefined
  version?: string | undefined
  /** System wanted on the other side, and its version. */
  otherSystem?: string | undefined
  otherVersion?: string | undefined
  /** From target to source. */
  reverse: boolean
  dependencies: Dependency[]
  /** A map that is named must have every map that it hands on to: else the answer is not known. Others are passed over. */
  isNamed?: boolean
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
  const counted = question.left ? question : { ...question, left: { groups: mostGroups } }
  let found: Translation[] = NONE
  for (const group of map.group ?? NONE) {
    takeGroup(counted.left)
    const sides = sidesOf(group, scope)
    if (!isAsked(sides, counted)) continue
    const { reverse } = counted
    const call: GroupCall = { map, group, sides, question: counted, scope, asking }
    const ofGroup = reverse ? backward(call) : forward(call)
    if (found.length === 0) found = ofGroup
    else for (const each of ofGroup) found.push(each)
  }
  return found
}

function isAsked(sides: Sides, { reverse, system, version, otherSystem, otherVersion }: TranslateQuestion): boolean {
  const [near, far] = reverse ? [sides.target, sides.source] : [sides.source, sides.target]
  if (!fits(near, system) || !fits(far, otherSystem)) return false
  if (version === undefined && otherVersion === undefined) return true
  const { sourceVersion, targetVersion } = sides
  const [nearVersion, farVersion] = reverse ? [targetVersion, sourceVersion] : [sourceVersion, targetVersion]
  return fitsVersion(nearVersion, version) && fitsVersion(farVersion, otherVersion)
}

function takeGroup(left: TranslateQuestion['left']): void {
  if (left && --left.groups < 0) throw tooManyGroups()
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
  const found: Translation[] = []
  for (const element of elements)
    for (const target of element.target ?? NONE)
      if (dependsOnMet(target, question, scope)) found.push(pair(map, sourceOf(element), sides.target, target))
  if (elements.length > 0) {
    return elements.some((each) => each.target?.length)
      ? found
      : [{ map, equivalence: 'unmatched', written: 'unmatched', source: sourceOf(elements[0]), product: [] }]
  }
  return unmapped(call, sourceOf(undefined))
}

function pair(map: ConceptMap, source: Translation['source'], system: string | undefined, target: Target): Translation {
  const product = target.product?.map(productOf) ?? NONE
  const equivalence = target.equivalence ?? 'equivalent'
  if (!target.code) return { map, equivalence, written: equivalence, source, product }
  const concept = conceptOf(system, target.code, target.display)
  return { map, equivalence, written: equivalence, source, target: concept, product }
}

const productOf = (each: NonNullable<Target['product']>[number]): Translation['product'][number] => ({
  element: each.property,
  ...(each.system && { system: each.system }),
  code: each.value,
  ...(each.display && { display: each.display }),
})

const NONE: never[] = []

function conceptOf(system: string | undefined, code: string, display?: string): NonNullable<Translation['target']> {
  const concept: NonNullable<Translation['target']> = system ? { system, code } : { code }
  if (display) concept.display = display
  return concept
}

/**
 * Whether what a target depends on is given; in reverse, whether nothing else is: asked are all codes that might be mapped to this one
 * (https://hl7.org/fhir/R4/conceptmap-operation-translate.html, parameter reverse).
 */
function dependsOnMet(target: Target, { dependencies, reverse }: TranslateQuestion, scope: Scope): boolean {
  if (!target.dependsOn) return true
  return target.dependsOn.every((needed) => {
    const { isSame } = codesOf(needed.system, scope)
    const isOf = (system: string | undefined) =>
      system === undefined ||
      needed.system === undefined ||
      systemIdentity(system) === systemIdentity(parseCanonical(needed.system).url)
    const given = dependencies.filter(({ element }) => element === needed.property)
    if (given.length === 0) return reverse
    return given.some(({ values }) => values.some(({ system, code }) => isOf(system) && isSame(code, needed.value)))
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
    if (!other && question.isNamed) throw unknownMap(rule.url, 422)
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
