/** Why a list has elements, or none: which elements were looked at, and why each passed or did not. */
import type { Execution } from '../cql/run/recording.ts'
import { dataOf, leaf } from './data.ts'
import type { Iteration } from './notes.ts'
import { originOf, queryOf } from './origins.ts'
import { type Lack, Reason } from './reason.ts'
import { localName, nameOf, reasonsOf, stripped, tupleSource, type Walk, whyAll } from './walk.ts'

/** Elements that are told one by one; of more, how many there are. */
const mostElements = 5

/** Why a list is empty: of every element that was looked at, why it did not pass. */
export function whyEmpty(walk: Walk, run: Execution): Reason[] {
  if (!walk.spend()) return []
  const { voice, recording } = walk
  const inner = stripped(run)
  if (inner.value === null) return walk.why(inner)
  const origin = originOf(inner, recording) ?? tupleSource(inner, recording)
  const none = (parts: Reason[]): Reason[] => [
    new Reason(() => voice.say('thereNot', { a: nameOf(walk, inner) }), { value: inner.value, run: inner, parts }),
  ]
  if (origin) return inner.type === 'ExpressionRef' ? none(whyEmpty(walk, origin)) : whyEmpty(walk, origin)
  switch (inner.type) {
    case 'Query':
      return emptyQuery(walk, inner)
    case 'Retrieve':
      return [missingType(walk, inner)]
    case 'Union':
    case 'Flatten':
    case 'Distinct':
    case 'Filter':
    case 'Intersect':
    case 'Except': {
      const parts = reasonsOf(inner.parts, (each) =>
        Array.isArray(each.value) && each.value.length === 0 ? whyEmpty(walk, each) : dataOf(walk, each, false),
      )
      return parts.length > 0 ? parts : none([])
    }
    default:
      return none(reasonsOf(inner.parts, (each) => dataOf(walk, each, true)))
  }
}

function missingType(walk: Walk, run: Execution): Reason {
  const type = localName(run.step.dataType)
  const lack: Lack = { phrase: 'missing', name: () => type, isBeside: !walk.isOpen() }
  return new Reason(() => walk.voice.say('thereNot', { a: type }), { value: run.value, run, lack })
}

function emptyQuery(walk: Walk, run: Execution): Reason[] {
  const { sources, iterations } = queryOf(run)
  const bare = sources.filter(({ value }) => value === null || (Array.isArray(value) && value.length === 0))
  const [first] = bare
  if (first) return whyEmpty(walk, first)
  const dropped = iterations.filter(({ passed }) => !passed)
  // Elements that passed and are in the list all the same gone, such as nulls, were not dropped by a condition.
  if (dropped.length === 0) return iterations.flatMap((each) => (each.returned ? walk.why(each.returned) : []))
  return elements(walk, run, { sources, iterations, told: dropped })
}

/** Why a list has elements: of the first of those that passed, why they did. */
export function whyFull(walk: Walk, run: Execution): Reason[] {
  if (!walk.spend()) return []
  const { voice, recording } = walk
  const inner = stripped(run)
  const origin = originOf(inner, recording) ?? tupleSource(inner, recording)
  if (origin) {
    const parts = whyFull(walk, origin)
    if (inner.type !== 'ExpressionRef') return parts
    const n = Array.isArray(inner.value) ? inner.value.length : 1
    const text = () => voice.say('there', { a: nameOf(walk, inner), n })
    return [new Reason(text, { value: inner.value, run: inner, parts })]
  }
  if (inner.type === 'Query') {
    const { sources, iterations } = queryOf(inner)
    const [passed] = iterations.filter((each) => each.passed)
    const isAsked = passed && (passed.where || passed.relations.length > 0)
    if (isAsked) return elements(walk, inner, { sources, iterations, told: [passed] })
    return reasonsOf(sources, (each) => whyFull(walk, each))
  }
  if (inner.type === 'Retrieve' || inner.type === 'Property') return [leaf(walk, inner)]
  return reasonsOf(inner.parts, (each) =>
    Array.isArray(each.value)
      ? each.value.length > 0
        ? whyFull(walk, each)
        : whyEmpty(walk, each)
      : dataOf(walk, each, false),
  )
}

/** What a list is made of: every element that was looked at, whether it passed, and what became of it. */
export function everyElement(walk: Walk, run: Execution): Reason[] {
  const { sources, iterations } = queryOf(run)
  const asked = iterations.some(({ where, relations }) => where || relations.length > 0)
  const returned = iterations.filter(({ passed }) => passed).flatMap((each) => each.returned ?? [])
  const made = reasonsOf(returned, (each) => dataOf(walk, each, false))
  const told = asked ? elements(walk, run, { sources, iterations, told: iterations }) : []
  return [...told, ...made, ...reasonsOf(sources, (each) => countOf(walk, each))]
}

/** How many elements there are, whatever they hold. */
function countOf(walk: Walk, run: Execution): Reason[] {
  if (!walk.spend()) return []
  const inner = stripped(run)
  if (inner.value === null || (Array.isArray(inner.value) && inner.value.length === 0)) return whyEmpty(walk, inner)
  const origin = originOf(inner, walk.recording) ?? tupleSource(inner, walk.recording)
  if (origin) return countOf(walk, origin)
  if (inner.type !== 'Query') return dataOf(walk, inner, false)
  const { sources, iterations } = queryOf(inner)
  const asked = iterations.some(({ where, relations }) => where || relations.length > 0)
  const told = asked ? elements(walk, inner, { sources, iterations, told: iterations }) : []
  return [...told, ...reasonsOf(sources, (each) => countOf(walk, each))]
}

/** `AllTrue`, `AnyTrue`: one element that decides alone; else all. Undefined for what is not made by a query. */
export function decidingElements(walk: Walk, run: Execution, deciding: boolean): Reason[] | undefined {
  const [list] = run.parts
  const query = list && (originOf(stripped(list), walk.recording) ?? stripped(list))
  if (query?.type !== 'Query') return undefined
  const returned = queryOf(query).iterations.flatMap((each) => each.returned ?? [])
  if (run.value !== deciding) return undefined
  return whyAll(walk, returned.filter(({ value }) => value === deciding).slice(0, 1))
}

interface Told {
  sources: Execution[]
  iterations: Iteration[]
  /** Those that are told. */
  told: Iteration[]
}

function elements(walk: Walk, query: Execution, { sources, iterations, told }: Told): Reason[] {
  const { voice } = walk
  let known: string | undefined
  const source = () => (known ??= sources.map((each) => nameOf(walk, each)).join(' × '))
  const n = iterations.length
  const reasons = told.slice(0, mostElements).flatMap((each): Reason[] => {
    const name = () => (n === 1 ? source() : voice.say('element', { a: source(), i: iterations.indexOf(each) + 1, n }))
    return oneElement(walk, each, name)
  })
  const more = told.length - mostElements
  return more > 0 ? [...reasons, new Reason(voice.say('more', { n: more }), { value: more, run: query })] : reasons
}

/** The reasons of one element; a single one is told in the same sentence. */
function oneElement(walk: Walk, iteration: Iteration, name: () => string): Reason[] {
  const { voice } = walk
  const asked = [...iteration.relations, ...(iteration.where ? [iteration.where] : [])]
  // What excluded it; of one that passed everything that was asked.
  const deciding = iteration.passed ? asked : asked.filter(({ value }) => value !== true)
  const [first] = deciding
  if (!first) return []
  const parts = whyAll(walk, deciding)
  const [only, other] = parts
  if (only && !other) return [new Reason(() => voice.say('about', { a: name(), f: only.text }), only)]
  const isOpen = !iteration.passed && !deciding.some((each) => each.value === false)
  const phrase = iteration.passed ? 'fits' : isOpen ? 'fitsUnknown' : 'fitsNot'
  const value = isOpen ? null : iteration.passed
  return [new Reason(() => voice.say('about', { a: name(), f: voice.say(phrase) }), { value, run: first, parts })]
}
