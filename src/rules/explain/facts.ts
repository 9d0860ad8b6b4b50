/** What holds between values, as sentences: for a comparison that is false, its opposite. */
import { isJsonObject } from '../../base/json.ts'
import type { Execution } from '../cql/run/recording.ts'
import { isInterval } from '../cql/run/to-json.ts'
import { dataOf } from './data.ts'
import { type Lack, Reason } from './reason.ts'
import type { Phrase } from './voice.ts'
import { named, nameOf, reasonsOf, stripped, type Walk, whyAll } from './walk.ts'

/** Phrases of a comparison that is true, and of one that is false. */
type Pair = readonly [holds: Phrase, holdsNot: Phrase]

const comparisons: Record<string, Pair> = {
  Equal: ['equal', 'notEqual'],
  NotEqual: ['notEqual', 'equal'],
  Equivalent: ['equal', 'notEqual'],
  Less: ['less', 'atLeast'],
  LessOrEqual: ['atMost', 'greater'],
  Greater: ['greater', 'atMost'],
  GreaterOrEqual: ['atLeast', 'less'],
  In: ['in', 'notIn'],
  IncludedIn: ['in', 'notIn'],
  Contains: ['contains', 'notContains'],
  Includes: ['contains', 'notContains'],
}

/** Of points in time; what is false of intervals has no one opposite. */
const timings: Record<string, Pair> = {
  Before: ['before', 'notBefore'],
  After: ['after', 'notAfter'],
  SameAs: ['same', 'notSame'],
  SameOrBefore: ['upTo', 'after'],
  SameOrAfter: ['from', 'before'],
}

const valueSets = new Set(['InValueSet', 'AnyInValueSet'])

/** A sentence about a step that no other sentence fits: a comparison, or its text and what it gave. */
export function statement(walk: Walk, run: Execution): Reason[] {
  const operands = run.parts
  const text = () => fact(walk, run)
  if (run.value === null) return [new Reason(text, { value: null, run, parts: lacking(walk, run) })]
  const parts = reasonsOf(operands, (each) => dataOf(walk, each, true))
  return [new Reason(text, { value: run.value, run, parts })]
}

/** Why a step is null: by what is null below; else its operands are there and do not decide it. */
export function lacking(walk: Walk, run: Execution): Reason[] {
  const nulls = run.parts.filter((each) => each.value === null)
  if (nulls.length > 0) return whyAll(walk, nulls)
  const empty = run.parts.filter(({ value }) => Array.isArray(value) && value.length === 0)
  const found = whyAll(walk, empty)
  if (found.length > 0) return found
  const data = run.parts.map(stripped).find((each) => isData(walk, each))
  if (!data) return []
  const text = () => walk.voice.say('undecided', { a: named(walk, data) })
  const datum = dataBelow(walk, data) ?? data
  const lack: Lack = { phrase: 'undecided', name: (voice) => nameOf(walk, datum, voice), isBeside: !walk.isOpen() }
  return [new Reason(text, { value: data.value, run: data, lack })]
}

const isData = (walk: Walk, run: Execution) => dataBelow(walk, run) !== undefined

/** The datum that a step reads, itself or through names. */
function dataBelow(walk: Walk, run: Execution): Execution | undefined {
  return dataOf(walk, run, false)[0]?.run
}

function fact(walk: Walk, run: Execution): string {
  const { step, type, parts, value } = run
  const { voice } = walk
  const holds = value !== false
  const told = (text: string) => (value === null ? voice.say('unknown', { f: text }) : text)
  const [first, second] = parts
  if (valueSets.has(type) && first) {
    const name = isJsonObject(step.valueset) ? String(step.valueset.name) : nameOf(walk, parts[1] ?? run)
    const values = { a: named(walk, first), b: voice.say('quoted', { a: name }) }
    return told(voice.say(holds ? 'valueSet' : 'notValueSet', values))
  }
  const pair = pairOf(run)
  if (!pair || !first || !second || parts.length > 2)
    return voice.say('is', { a: nameOf(walk, run), v: voice.value(value) })
  const text = voice.say(pair[holds ? 0 : 1], { a: named(walk, first), b: named(walk, second) })
  return told(precise(walk, step.precision, text))
}

function pairOf({ type, parts }: Execution): Pair | undefined {
  const known = comparisons[type]
  if (known) return known
  return parts.some(({ value }) => isInterval(value)) ? undefined : timings[type]
}

const precisions = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const

function precise({ voice }: Walk, precision: unknown, text: string): string {
  const found = precisions.find((each) => each === String(precision ?? '').toLowerCase())
  return found ? voice.say('precise', { f: text, p: voice.say(found) }) : text
}
