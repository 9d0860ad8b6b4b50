/** Queries as the executor runs them: every row, and every element of a relationship, in a context of its own. */
import { isJsonObject } from '../../../../base/json.ts'
import type { JsonObject } from '../../../../base/json-value.ts'
import { type Builder, bind, objectsOf, onlyMembers, optionalFlag, type Place, textOf } from '../place.ts'
import { leave, type Step } from '../step.ts'
import { holds } from '../steps/plain.ts'
import { firstOf, type Named, namesOf, wholeOf } from '../steps/queries.ts'
import { type RecordedFrame, recordedFrame, Scope } from './recorder.ts'

const give = (frame: RecordedFrame, { name, slot }: Named, value: unknown): void => {
  bind(frame, slot, value)
  frame.scope.context_values[name] = value
}

/** Builds queries. @param tell makes a step of a relationship one that is recorded */
export const recordedQuery =
  (tell: (step: Step, node: JsonObject) => Step): Builder =>
  (node, place) => {
    onlyMembers(node, 'source', 'let', 'relationship', 'where', 'return', 'aggregate', 'sort')
    const { sources, lets, inner } = ownNamesOf(node, place)
    const relations = objectsOf(node, 'relationship').map((each) => tell(relation(each, inner), each))
    const where = node.where == null ? undefined : inner.build(node.where)
    const outcome = outcomeOf(node, { inner, outer: place, named: [...sources, ...lets] })
    /** Looks at what the aliases stand for. */
    const look = (frame: RecordedFrame, combination: readonly unknown[], rows: unknown[]): void => {
      const own = frame.within({})
      let at = 0
      for (const each of sources) give(own, each, combination[at++])
      for (const each of lets) give(own, each, each.step(own))
      let isPassed = true
      for (const each of relations) if (each(own.within({})) !== true) isPassed = false
      if (isPassed && (!where || holds(where(own)))) rows.push(outcome.row(own))
    }
    return (frame) => {
      const at = recordedFrame(frame)
      const values = valuesOf(sources, at)
      if (values.every((each) => each == null)) return null
      const rows: unknown[] = []
      combine(values, (each) => look(at, each, rows))
      const whole = outcome.whole(rows, at)
      return outcome.isOne || values.some(Array.isArray) ? whole : firstOf(whole)
    }
  }

/** Names that stand for one thing each: what ran is looked for by them. */
function ownNamesOf(node: JsonObject, place: Place): ReturnType<typeof namesOf> {
  const found = namesOf(node, place)
  const { sources, lets } = found
  const names = new Set([...sources, ...lets].map(({ name }) => name))
  if (sources.length === 0 || names.size < sources.length + lets.length)
    leave('a name of a query stands for two things')
  return found
}

/** The executor begins with all sources at once. */
function valuesOf(sources: Named[], frame: RecordedFrame): unknown[] {
  const [only, ...others] = sources
  if (only && others.length === 0) return [only.step(frame)]
  const { recorder } = frame.run
  recorder.enterBeside()
  const values = sources.map(({ step }) => {
    recorder.nextBeside()
    return step(frame)
  })
  recorder.leaveBeside()
  return values
}

/** Goes through every combination of the elements of the sources, the last one fastest. */
function combine(
  values: readonly unknown[],
  go: (combination: readonly unknown[]) => void,
  before: unknown[] = [],
): void {
  const value = values[before.length]
  if (value == null) return
  const isLast = before.length === values.length - 1
  for (const element of Array.isArray(value) ? value : [value])
    if (isLast) go([...before, element])
    else combine(values, go, [...before, element])
}

/** `with` and `without`: whether one of the others fits. */
function relation(node: JsonObject, place: Place): Step {
  onlyMembers(node, 'alias', 'expression', 'suchThat')
  if (node.type !== 'With' && node.type !== 'Without') return leave('a relationship is not known')
  const wanted = node.type === 'With'
  const others = place.build(node.expression)
  const name = textOf(node, 'alias')
  const { place: within, slot } = place.within(name)
  const fits = within.build(node.suchThat)
  return (frame) => {
    const at = recordedFrame(frame)
    const records = others(at)
    let found = false
    for (const each of Array.isArray(records) ? records : [records]) {
      const own = at.within({})
      give(own, { name, slot, step: others }, each)
      if (holds(fits(own))) found = true
    }
    return found === wanted
  }
}

/** What a query gives of each row, and of all of them. */
interface Outcome {
  row(frame: RecordedFrame): unknown
  whole(rows: unknown[], frame: RecordedFrame): unknown
  /** Whether the whole is the answer also where no source is a list. */
  isOne: boolean
}

interface Around {
  inner: Place
  outer: Place
  named: Named[]
}

function outcomeOf(node: JsonObject, around: Around): Outcome {
  if (isJsonObject(node.aggregate)) {
    if (isJsonObject(node.return) || node.sort != null) return leave('a query with return or sort, and aggregate')
    return aggregateOf(node.aggregate, around)
  }
  if (!isJsonObject(node.return)) return leave('a query without return')
  optionalFlag(node.return, 'distinct')
  onlyMembers(node.return, 'expression', 'distinct')
  const whole = wholeOf(node)
  return { row: around.inner.build(node.return.expression), whole: (rows) => whole?.(rows) ?? rows, isOne: false }
}

/** Rows are the names of each context; what is aggregated is one more of them. */
function aggregateOf(node: JsonObject, { inner, outer, named }: Around): Outcome {
  onlyMembers(node, 'identifier', 'expression', 'starting', 'distinct')
  if (optionalFlag(node, 'distinct')) return leave('an aggregate of what is distinct')
  const starting = node.starting == null ? undefined : outer.build(node.starting)
  const name = textOf(node, 'identifier')
  if (named.some((each) => each.name === name)) return leave('a name of a query stands for two things')
  const { place, slot } = inner.within(name)
  const step = place.build(node.expression)
  return {
    row: ({ scope }) => scope,
    whole(rows, frame) {
      let value = starting ? starting(frame) : null
      for (const row of rows) {
        if (!(row instanceof Scope)) return leave('a row is no context')
        const own = frame.within(row.context_values)
        for (const each of named) own.slots[each.slot] = row.context_values[each.name]
        give(own, { name, slot, step }, value)
        value = step(own)
      }
      return value
    },
    isOne: true,
  }
}
