/** What a profile says of how often an element or a slice occurs, and in which order. */
import type { Item } from './items.ts'
import type { Profile, ProfileElement } from './profile.ts'
import { belongs, foundIn, type Slicer, slicingOf } from './slicing.ts'
import { expressionOf, type Steps, type Walk } from './walk.ts'

/** What is being held against what. */
export interface Holding {
  profile: Profile
  node: ProfileElement
}

/** Tells what occurs too seldom or too often. */
export function checkCount(walk: Walk, { profile, node }: Holding, count: number, name: string): void {
  const what = node.slice === undefined ? name : `${name}:${node.slice}`
  const expression = expressionOf(walk, name)
  if (count < node.min)
    walk.report.add('required', {
      text: `${what} must occur ${times(node.min)} at least, and does ${times(count)} (${profile.canonical})`,
      expression,
    })
  if (count > node.max)
    walk.report.add('structure', {
      text: `${what} may occur ${times(node.max)} at most, and does ${times(count)} (${profile.canonical})`,
      expression,
    })
}

const times = (count: number) => (count === 1 ? 'once' : `${count} times`)

/** The slices that an item belongs to, and whether that could not be told of one. */
export function* matching(
  walk: Walk,
  slicer: Slicer,
  item: Item,
): Steps<{ matches: ProfileElement[]; isUntold: boolean }> {
  const matches: ProfileElement[] = []
  const found = foundIn(walk, slicer, item)
  let isUntold = false
  for (const [index, each] of slicer.slices.entries()) {
    const answer = belongs(slicer, each, { item, found })
    if (answer === true) matches.push(each.slice)
    else if (answer === undefined) isUntold = true
    if (index % 200 === 199) yield
  }
  return { matches, isUntold }
}

interface Order {
  item: Item
  /** Of the slice; -1 for none. */
  at: number
  state: { last: number; isPastEnd: boolean }
  isUntold: boolean
}

/** Whether an item may stand where it does among the slices. */
export function checkOrder(walk: Walk, { profile, node }: Holding, { item, at, state, isUntold }: Order): void {
  const { rules, isOrdered } = slicingOf(node)
  const expression = expressionOf(walk, item.segment)
  const say = (text: string) => walk.report.add('structure', { text: `${text} (${profile.canonical})`, expression })
  if (at < 0) {
    state.isPastEnd = true
    if (rules === 'closed' && !isUntold)
      say(`This is in none of the slices of ${node.name}, and nothing else may be there`)
    return
  }
  if (rules === 'openAtEnd' && state.isPastEnd) say(`What is in no slice of ${node.name} comes after those that are`)
  if (isOrdered && at < state.last) say(`The slices of ${node.name} are not in their order`)
  state.last = Math.max(state.last, at)
}

/** A slice that is asked for, and that may be there or not. */
export function tellUntold(walk: Walk, { profile, node }: Holding, name: string): void {
  walk.report.add('incomplete', {
    severity: 'warning',
    text: `Whether the slice ${name}:${node.slice} is there could not be told (${profile.canonical})`,
    expression: expressionOf(walk, name),
  })
}
