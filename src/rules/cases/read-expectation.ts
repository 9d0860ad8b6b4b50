/** What a case expects. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { type At, knownMembers } from './notes.ts'

/** A text that is expected: all of it, or a part. */
export type ExpectedText = { text: string } | { contains: string }

/** A result that is expected; `failed`: the rule could not be run. */
export type ExpectedResult = boolean | null | 'failed'

/** What is expected of a rule or define. */
export interface Expected<T> {
  /** Define, title of an action, or plan. */
  rule: string
  value: T
  /** `line 3, column 5` */
  place: string
}

/** What a case expects; at least one thing. */
export interface Expectation {
  decision?: 'accepted' | 'rejected' | 'undetermined' | 'unverified'
  results: Expected<ExpectedResult>[]
  /** `null`: none is wanted. */
  messages: Expected<ExpectedText | null>[]
  /** All that is told to be missing, in this order. */
  missing: Expected<string[]>[]
}

const members = ['decision', 'results', 'messages', 'missing']
const decisions = ['accepted', 'rejected', 'undetermined', 'unverified'] as const

/** Reads `expect`; tells of an expectation that expects nothing, for such a case could not fail. */
export function readExpectation(json: Json | undefined, at: At): Expectation | undefined {
  const { path, notes } = at
  if (!isJsonObject(json)) {
    const text = json === undefined ? 'expect is missing: the case could not fail' : 'expect must be a map'
    notes.say(json === undefined ? path.slice(0, -1) : path, text)
    return undefined
  }
  knownMembers(json, members, at)
  const { decision } = json
  const known = decisions.find((each) => each === decision)
  if (decision !== undefined && known === undefined)
    notes.say([...path, 'decision'], `decision is one of ${decisions.join(', ')}`)
  const expectation: Expectation = {
    ...(known === undefined ? {} : { decision: known }),
    results: entries(json, 'results', { at, read: resultOf, wanted: 'true, false, null or failed' }),
    messages: entries(json, 'messages', { at, read: textOf, wanted: 'a text, a map with contains, or null' }),
    missing: entries(json, 'missing', { at, read: textsOf, wanted: 'a text or a list of texts' }),
  }
  const { results, messages, missing } = expectation
  if (decision === undefined && results.length + messages.length + missing.length === 0)
    notes.say(path, `nothing is expected, so the case could not fail: ${members.join(', ')}`)
  return expectation
}

interface EntryReading<T> {
  at: At
  /** Undefined for what is none. */
  read(value: Json): { value: T } | undefined
  wanted: string
}

function entries<T>(json: JsonObject, member: string, { at, read, wanted }: EntryReading<T>): Expected<T>[] {
  const { path, notes } = at
  const map = json[member]
  if (map === undefined) return []
  if (!isJsonObject(map)) {
    notes.say([...path, member], `${member} must be a map from rules or defines to ${wanted}`)
    return []
  }
  if (Object.keys(map).length === 0) notes.say([...path, member], `${member} is empty, so it could not fail`)
  return Object.entries(map).flatMap(([rule, value]) => {
    const found = read(value)
    const steps = [...path, member, rule]
    if (!found) notes.say(steps, `${wanted} is wanted`)
    return found ? [{ rule, value: found.value, place: notes.placeOf(steps) }] : []
  })
}

function resultOf(value: Json): { value: ExpectedResult } | undefined {
  return typeof value === 'boolean' || value === null || value === 'failed' ? { value } : undefined
}

function textOf(value: Json): { value: ExpectedText | null } | undefined {
  if (value === null) return { value }
  if (typeof value === 'string') return value === '' ? undefined : { value: { text: value } }
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return undefined
  return typeof value.contains === 'string' && value.contains !== ''
    ? { value: { contains: value.contains } }
    : undefined
}

function textsOf(value: Json): { value: string[] } | undefined {
  const texts = [value].flat()
  return texts.length > 0 && texts.every((each) => typeof each === 'string') ? { value: texts } : undefined
}
