/** Queries: sources, lets, relationships, conditions, return, aggregate, sort (CQL 1.5, Queries). */
import { isJsonObject } from '../../../../base/json.ts'
import type { JsonObject } from '../../../../base/json-value.ts'
import { orderOf } from '../../corrections/lists.ts'
import { lists } from '../../corrections/parts.ts'
import { type Builder, bind, objectsOf, onlyMembers, optionalFlag, type Place, textOf } from '../place.ts'
import { type Frame, leave, type Step } from '../step.ts'
import { holds } from './plain.ts'

/** An alias or let. */
export interface Named {
  name: string
  slot: number
  step: Step
}

/** What a query gives of each row, and of all of them. */
interface Outcome {
  row(frame: Frame): unknown
  whole(rows: unknown[], frame: Frame): unknown
  /** Whether the whole is the answer also where no source is a list. */
  isOne: boolean
}

/** The aliases and lets of a query, in order, and the place in which all of them are known. */
export function namesOf(node: JsonObject, place: Place): { sources: Named[]; lets: Named[]; inner: Place } {
  let inner = place
  const named = (name: string, step: Step): Named => {
    const { slot, place: next } = inner.within(name)
    inner = next
    return { name, slot, step }
  }
  const sources = objectsOf(node, 'source').map((each) => {
    onlyMembers(each, 'alias', 'expression')
    // Sources do not see each other.
    return named(textOf(each, 'alias'), place.build(each.expression))
  })
  const lets = objectsOf(node, 'let').map((each) => {
    onlyMembers(each, 'identifier', 'expression')
    const step = inner.build(each.expression)
    return named(textOf(each, 'identifier'), step)
  })
  return { sources, lets, inner }
}

const query: Builder = (node, place) => {
  onlyMembers(node, 'source', 'let', 'relationship', 'where', 'return', 'aggregate', 'sort')
  const { sources, lets, inner } = namesOf(node, place)
  const relations = objectsOf(node, 'relationship').map((each) => relation(each, inner))
  const where = node.where == null ? undefined : inner.build(node.where)
  const outcome = outcomeOf(node, { inner, outer: place, sources, lets })
  const sort = sorter(node)
  const go: Go = (rows, frame) => {
    for (const { slot, step } of lets) bind(frame, slot, step(frame))
    let isPassed = true
    // Each of them is asked, as the executor does.
    for (const each of relations) if (!each(frame)) isPassed = false
    if (isPassed && (!where || holds(where(frame)))) rows.push(outcome.row(frame))
  }
  const answer = (rows: unknown[], frame: Frame, isList: boolean) => {
    const whole = sort(outcome.whole(rows, frame))
    return outcome.isOne || isList ? whole : firstOf(whole)
  }
  const [only, ...others] = sources
  if (only && others.length === 0) {
    const { slot, step } = only
    return (frame) => {
      const value = step(frame)
      if (value == null) return null
      const rows: unknown[] = []
      const isList = Array.isArray(value)
      if (isList) {
        for (const element of value) {
          bind(frame, slot, element)
          go(rows, frame)
        }
      } else {
        frame.slots[slot] = value
        go(rows, frame)
      }
      return answer(rows, frame, isList)
    }
  }
  return (frame) => {
    const values = sources.map(({ step }) => step(frame))
    if (values.every((each) => each == null)) return null
    const rows: unknown[] = []
    combine(values, frame, { sources, go: () => go(rows, frame) })
    return answer(rows, frame, values.some(Array.isArray))
  }
}

/** Looks at what the names of a query stand for, and adds a row where it is wanted. */
type Go = (rows: unknown[], frame: Frame) => void

/** Goes through every combination of the elements of the sources, the last one fastest. */
function combine(values: unknown[], frame: Frame, { sources, go }: { sources: Named[]; go(): void }): void {
  const through = (at: number): void => {
    const source = sources[at]
    if (!source) {
      go()
      return
    }
    const value = values[at]
    if (value == null) return
    for (const element of Array.isArray(value) ? value : [value]) {
      bind(frame, source.slot, element)
      through(at + 1)
    }
  }
  through(0)
}

/** `with` and `without`: whether one of the others fits. */
function relation(node: JsonObject, place: Place): (frame: Frame) => boolean {
  onlyMembers(node, 'alias', 'expression', 'suchThat')
  if (node.type !== 'With' && node.type !== 'Without') return leave('a relationship is not known')
  const wanted = node.type === 'With'
  const others = place.build(node.expression)
  const { place: within, slot } = place.within(textOf(node, 'alias'))
  const fits = within.build(node.suchThat)
  return (frame) => {
    const records = others(frame)
    let found = false
    for (const each of Array.isArray(records) ? records : [records]) {
      bind(frame, slot, each)
      if (holds(fits(frame))) found = true
    }
    return found === wanted
  }
}

interface Around {
  inner: Place
  outer: Place
  sources: Named[]
  lets: Named[]
}

function outcomeOf(node: JsonObject, around: Around): Outcome {
  if (isJsonObject(node.aggregate)) {
    if (isJsonObject(node.return)) return leave('a query with return and aggregate')
    return aggregateOf(node.aggregate, around)
  }
  if (!isJsonObject(node.return)) return leave('a query without return')
  const distinct = optionalFlag(node.return, 'distinct')
  onlyMembers(node.return, 'expression', 'distinct')
  const row = around.inner.build(node.return.expression)
  return { row, whole: distinct === false ? (rows) => rows : distinctRows, isOne: false }
}

const distinctRows = (rows: unknown[]) => (rows.length > 1 ? lists.toDistinctList(rows) : rows)

/** What a query with a return makes of its rows; undefined where it leaves them as they are. */
export function wholeOf(node: JsonObject): ((rows: unknown[]) => unknown) | undefined {
  const isDistinct = isJsonObject(node.return) && node.return.distinct !== false
  if (!isJsonObject(node.sort)) return isDistinct ? distinctRows : undefined
  const sort = sorter(node)
  return isDistinct ? (rows) => sort(distinctRows(rows)) : sort
}

/** What a query over one value, which is no list, gives of the whole. */
export const firstOf = (whole: unknown): unknown =>
  Array.isArray(whole) ? (whole[0] ?? null) : leave('a query gives no rows')

/** Rows are what the names stood for; they are gone through once all are known. */
function aggregateOf(node: JsonObject, { inner, outer, sources, lets }: Around): Outcome {
  onlyMembers(node, 'identifier', 'expression', 'starting', 'distinct')
  if (optionalFlag(node, 'distinct')) return leave('an aggregate of what is distinct')
  const starting = node.starting == null ? undefined : outer.build(node.starting)
  const { place, slot } = inner.within(textOf(node, 'identifier'))
  const step = place.build(node.expression)
  const slots = [...sources, ...lets].map((each) => each.slot)
  return {
    row: ({ slots: own }) => slots.map((each) => own[each]),
    whole(rows, frame) {
      let value = starting ? starting(frame) : null
      for (const row of rows) {
        if (!Array.isArray(row)) return leave('a row is no list')
        for (const [at, each] of slots.entries()) frame.slots[each] = row[at]
        bind(frame, slot, value)
        value = step(frame)
      }
      return value
    },
    isOne: true,
  }
}

type Compare = (a: unknown, b: unknown) => number

function sorter(node: JsonObject): (answer: unknown) => unknown {
  if (!isJsonObject(node.sort)) return (answer) => answer
  onlyMembers(node.sort, 'by')
  const by = objectsOf(node.sort, 'by').map(comparison)
  const compare: Compare = (a, b) => {
    for (const each of by) {
      const order = each(a, b)
      if (order !== 0) return order
    }
    return 0
  }
  return (answer) => (Array.isArray(answer) ? mergeSort(answer, compare) : leave('what is sorted is no list'))
}

function comparison(node: JsonObject): Compare {
  const direction = textOf(node, 'direction')
  const low = direction === 'asc' || direction === 'ascending' ? -1 : 1
  const order = { low_order: low, high_order: -low }
  if (node.type === 'ByDirection') {
    onlyMembers(node, 'direction')
    return (a, b) => orderOf(order, a, b)
  }
  if (node.type !== 'ByColumn') return leave('a sort of this kind is not compiled')
  onlyMembers(node, 'direction', 'path')
  const path = textOf(node, 'path')
  if (path.includes('.')) return leave('a sort by a path is not compiled')
  return (a, b) => orderOf(order, column(a, path), column(b, path))
}

/** What is not there would be looked for further out by the executor. */
function column(element: unknown, path: string): unknown {
  if (typeof element !== 'object' || element === null) return leave('an element has no columns')
  const value: unknown = Reflect.get(element, path)
  return value === undefined || typeof value === 'function' ? leave('a column is not there') : value
}

/** The executor's sort: elements whose order is not known must come in its order. */
function mergeSort(list: unknown[], compare: Compare): unknown[] {
  if (list.length <= 1) return list
  const middle = Math.floor(list.length / 2)
  const [left, right] = [mergeSort(list.slice(0, middle), compare), mergeSort(list.slice(middle), compare)]
  const sorted: unknown[] = []
  let [l, r] = [0, 0]
  while (l < left.length && r < right.length) {
    const isLeft = compare(left[l], right[r]) <= 0
    const element = isLeft ? left[l++] : right[r++]
    // As the executor does, which takes what is nothing for none.
    if (element !== undefined) sorted.push(element)
  }
  return [...sorted, ...left.slice(l), ...right.slice(r)]
}

/** Builders by type of node. */
export const queries: Readonly<Record<string, Builder>> = { Query: query }
