/** Holds a value against a profile: only what the profile says beyond R4, for that is checked anyway. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { isResource, isSubtype } from '../elements.ts'
import { namedType } from './base-definitions.ts'
import { askFor } from './bindings.ts'
import { checkInvariant, rootItem } from './invariants/invariants.ts'
import { contentOf, contentTypeOf, type Item, isOfType, itemsOf } from './items.ts'
import { fits, isSame } from './pattern.ts'
import type { Profile, ProfileElement, TypeRule } from './profile.ts'
import { isAllowedTarget, targetOf } from './references.ts'
import { countingReport } from './report.ts'
import { checkCount, checkOrder, type Holding, matching, tellUntold } from './slices.ts'
import { type Conforms, slicerOf } from './slicing.ts'
import { expressionOf, type Steps, silently, type Walk } from './walk.ts'

/**
 * Holds an object at the end of the trail against a profile.
 * @param canonical of the profile; what is not known is told, as an error
 */
export function* checkProfile(walk: Walk, canonical: string, value: JsonObject, type: string): Steps {
  const base = namedType(canonical)
  const profile = walk.program.get(canonical)
  if (!profile) {
    if (base !== undefined) checkType(walk, { type: base, canonical }, type)
    else tellUnknown(walk, canonical)
    return
  }
  if (profile.fault !== undefined) {
    walk.report.add('incomplete', {
      text: `The profile ${canonical} cannot be used: ${profile.fault}`,
      expression: expressionOf(walk),
    })
    return
  }
  if (!checkType(walk, profile, type)) return
  const open = walk.open.get(value) ?? new Set()
  if (open.has(profile.canonical)) return
  walk.open.set(value, open.add(profile.canonical))
  const item = rootItem(value, type)
  for (const constraint of profile.root.constraints) checkInvariant(walk, constraint, item, profile.canonical)
  yield* checkChildren(walk, { profile, node: profile.root }, value, type)
  open.delete(profile.canonical)
}

function checkType(
  walk: Walk,
  { type: wanted, canonical }: Pick<Profile, 'type' | 'canonical'>,
  type: string,
): boolean {
  if (isSubtype(type, wanted)) return true
  walk.report.add('structure', {
    text: `${canonical} is a profile of ${wanted}, and this is a ${type}`,
    expression: expressionOf(walk),
  })
  return false
}

/** What nobody asked for but the resource itself is a warning: it may have been made for others. */
export function tellUnknown(walk: Walk, canonical: string, severity: 'error' | 'warning' = 'error'): void {
  const key = `profile ${canonical} ${severity}`
  if (walk.unknown.has(key)) return
  walk.unknown.add(key)
  walk.report.add('not-found', {
    severity,
    text: `The profile ${canonical.slice(0, 300)} is not known here: nothing was held against it`,
    expression: expressionOf(walk),
  })
}

function* checkChildren(walk: Walk, { profile, node }: Holding, object: JsonObject, type: string): Steps {
  for (const child of node.active) {
    const items = itemsOf(object, type, child.name)
    if (child.isCounted) checkCount(walk, { profile, node: child }, items.length, child.name)
    for (const item of items) yield* checkItem(walk, { profile, node: child }, item)
    if (child.slices.length > 0) yield* checkSlices(walk, { profile, node: child }, items)
  }
}

function* checkItem(walk: Walk, { profile, node }: Holding, item: Item): Steps {
  walk.trail.push({ segment: item.segment, name: node.name, type: item.type })
  const by = profile.canonical
  if (item.value !== undefined) checkValue(walk, { profile, node }, item)
  if (node.isTyped) yield* checkTypes(walk, { profile, node }, item)
  for (const constraint of node.constraints) checkInvariant(walk, constraint, item, by)
  const content = contentOf(item)
  if (content && node.active.length > 0) yield* checkChildren(walk, { profile, node }, content, contentTypeOf(item))
  walk.trail.pop()
  yield
}

function checkValue(walk: Walk, { profile, node }: Holding, { value, type }: Item): void {
  const { fixed, pattern, maxLength, smallest, largest } = node
  const say = (text: string) =>
    walk.report.add('value', { text: `${text} (${profile.canonical})`, expression: expressionOf(walk) })
  if (fixed !== undefined && !isSame(value, fixed)) say(`The value must be ${shown(fixed)}`)
  if (pattern !== undefined && !fits(value, pattern)) say(`The value must have what the pattern has: ${shown(pattern)}`)
  if (maxLength !== undefined && typeof value === 'string' && [...value].length > maxLength)
    say(`The text may have ${maxLength} characters at most`)
  if (smallest !== undefined && isBelow(value, smallest)) say(`The value must not be below ${shown(smallest)}`)
  if (largest !== undefined && isBelow(largest, value)) say(`The value must not be above ${shown(largest)}`)
  // Of a choice the coded types are bound, and a text is one of the others.
  if (type === 'string' && node.id.slice(node.id.lastIndexOf('.')).includes('[x]')) return
  for (const binding of node.bindings) askFor(walk, binding, value, profile.canonical)
}

const shown = (value: unknown) => JSON.stringify(value).slice(0, 300)

/** Numbers by value, dates as far as both are written; what cannot be compared is not below. */
function isBelow(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b
  if (isJsonObject(a) && isJsonObject(b) && a.code === b.code && a.system === b.system) return isBelow(a.value, b.value)
  if (typeof a !== 'string' || typeof b !== 'string') return false
  const length = Math.min(a.length, b.length)
  return a.slice(0, length) < b.slice(0, length)
}

/** The types that a profile leaves, their profiles, and what references lead to. */
function* checkTypes(walk: Walk, { profile, node }: Holding, item: Item): Steps {
  const rules = node.types.filter(({ code }) => isOfType(item.type, code) || item.type.includes('.'))
  if (rules.length === 0) {
    const codes = node.types.map(({ code }) => code).join(', ')
    walk.report.add('structure', {
      text: `The type ${item.type} is not one of ${codes} (${profile.canonical})`,
      expression: expressionOf(walk),
    })
    return
  }
  if (!isJsonObject(item.value)) return
  if (item.type === 'Reference') checkTargets(walk, rules, item.value, profile.canonical)
  // An extension is held against the definition of its url wherever it stands.
  if (item.type !== 'Extension') yield* checkTypeProfiles(walk, rules, item.value, item.type)
}

/** A value fits one of the profiles of its type. */
export function* checkTypeProfiles(
  walk: Walk,
  rules: readonly Pick<TypeRule, 'profiles'>[],
  value: JsonObject,
  type: string,
): Steps {
  if (rules.some(({ profiles }) => profiles.length === 0)) return
  const profiles = rules.flatMap((each) => each.profiles)
  const [only, another] = profiles
  if (only === undefined) return
  if (another === undefined) {
    yield* checkProfile(walk, only, value, type)
    return
  }
  const why: string[] = []
  for (const each of profiles) {
    const fault = yield* faultOf(walk, each, value, type)
    if (fault === undefined) return
    why.push(`${each}: ${fault}`)
  }
  walk.report.add('structure', {
    text: `This fits none of its profiles. ${why.slice(0, 3).join('; ')}`,
    expression: expressionOf(walk),
  })
}

/** References that are followed from one to the next. */
const longestWay = 12

/** The first thing that speaks against a value being of a profile; asked once of each value. */
function* faultOf(walk: Walk, canonical: string, value: JsonObject, type: string): Steps<string | undefined> {
  const known = walk.answers.get(value) ?? new Map<string, string | null>()
  walk.answers.set(value, known)
  const answer = known.get(canonical)
  if (answer !== undefined) return answer ?? undefined
  if (walk.depth >= longestWay) {
    walk.cut.isCut = true
    return undefined
  }
  // Whoever asks again on the way is answered: nothing speaks against it so far.
  known.set(canonical, null)
  const report = countingReport()
  const silent = silently(walk, report)
  if (isResource(type)) {
    silent.home = { ...walk.home, resource: value, root: homeRoot(walk, value) }
    silent.trail = [{ segment: type, name: type, type }]
  }
  yield* checkProfile(silent, canonical, value, type)
  known.set(canonical, report.first ?? null)
  return report.first
}

/** A contained resource stands in the one that contains it. */
const homeRoot = ({ home: { root } }: Walk, value: JsonObject): JsonObject =>
  Array.isArray(root.contained) && root.contained.includes(value) ? root : value

function checkTargets(walk: Walk, rules: readonly TypeRule[], value: JsonObject, by: string): void {
  if (rules.some(({ targets }) => targets === undefined)) return
  const allowed = rules.flatMap(({ targets = [] }) => targets)
  checkTarget(walk, value, { allowed, by })
}

/** Whether a Reference leads to what it may lead to. */
export function checkTarget(
  walk: Walk,
  value: JsonObject,
  { allowed, by }: { allowed: readonly string[]; by: string },
): void {
  const { resource, type } = targetOf(value, walk.home)
  const source = by === '' ? '' : ` (${by})`
  if (type === undefined || !isResource(type)) return
  const isFitting = isAllowedTarget(type, allowed, (canonical) => walk.program.get(canonical)?.type)
  if (isFitting === false) {
    const types = allowed.map((each) => each.slice(each.lastIndexOf('/') + 1)).join(', ')
    walk.report.add('structure', {
      text: `A reference to a ${type} is none of ${types}${source}`,
      expression: expressionOf(walk),
    })
    return
  }
  if (!resource) return
  // A base type says nothing beyond the type.
  if (allowed.some((each) => namedType(each) !== undefined && isSubtype(type, namedType(each) ?? ''))) return
  const why: string[] = []
  for (const each of allowed) {
    const fault = finish(faultOf(walk, each, resource, type))
    if (fault === undefined) return
    why.push(`${each}: ${fault}`)
  }
  walk.report.add('structure', {
    text: `What the reference leads to fits no profile that is due${source}. ${why.slice(0, 2).join('; ')}`,
    expression: expressionOf(walk),
  })
}

/** Runs steps that cannot be interrupted where they are; the budget is looked at meanwhile. */
function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** For discriminators by profile. */
const conforms: Conforms = (walk, profiles, item) => {
  if (!isJsonObject(item.value)) return false
  let isKnown = false
  for (const each of profiles) {
    if (!walk.program.get(each) && namedType(each) === undefined) continue
    isKnown = true
    if (finish(faultOf(walk, each, item.value, item.type)) === undefined) return true
  }
  return isKnown ? false : undefined
}

function* checkSlices(walk: Walk, { profile, node }: Holding, items: readonly Item[]): Steps {
  const counts = new Map<ProfileElement, number>()
  const state = { last: -1, isPastEnd: false, isOpen: false }
  const rest = node.slices.find(({ slice }) => slice === '@default')
  const slices = node.slices.filter((each) => each !== rest)
  const slicer = slicerOf(walk, node, slices, conforms)
  for (const item of items) {
    const { matches, isUntold } = yield* matching(walk, slicer, item)
    for (const slice of matches) {
      counts.set(slice, (counts.get(slice) ?? 0) + 1)
      yield* checkItem(walk, { profile, node: slice }, item)
      if (slice.slices.length > 0) yield* checkSlices(walk, { profile, node: slice }, [item])
    }
    if (matches.length === 0 && rest) {
      yield* checkItem(walk, { profile, node: rest }, item)
      counts.set(rest, (counts.get(rest) ?? 0) + 1)
    }
    state.isOpen ||= isUntold && matches.length === 0
    const isOther = isUntold || rest !== undefined
    checkOrder(walk, { profile, node }, { item, at: slices.indexOf(matches[0] ?? node), state, isUntold: isOther })
  }
  for (const slice of node.slices) {
    const holding = { profile, node: slice }
    if (!state.isOpen || (counts.get(slice) ?? 0) > slice.max)
      checkCount(walk, holding, counts.get(slice) ?? 0, node.name)
    else if ((counts.get(slice) ?? 0) < slice.min) tellUntold(walk, holding, node.name)
  }
}
