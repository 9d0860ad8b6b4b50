import { exactNumber } from './exact-number.ts'
import { stringifyJson } from './json.ts'

/** Work that may be interrupted wherever it yields. */
type Steps<T> = Generator<void, T, void>

/** Characters that are written in one go: a fraction of a millisecond. */
const pieceLength = 64_000
/** Lists this deep are taken apart: those of a resource, of its parts, and of resources in a Bundle. */
const deepest = 6

/**
 * JSON text of a value as {@link stringifyJson} writes it, in steps: whoever runs them may do something else in between.
 * @param most characters; undefined is the result when there would be more
 */
export function* stringifySteps(value: unknown, most: number): Steps<string | undefined> {
  const out: Output = { pieces: [], length: 0, most, paused: 0 }
  yield* write(out, value, 0)
  return out.length > most ? undefined : out.pieces.join('')
}

interface Output {
  pieces: string[]
  length: number
  most: number
  /** Length at the last step. */
  paused: number
}

function put(out: Output, text: string): void {
  out.pieces.push(text)
  out.length += text.length
}

function* write(out: Output, value: unknown, depth: number): Steps<void> {
  if (out.length > out.most) return
  if (Array.isArray(value) && depth < deepest) yield* writeList(out, value, depth)
  else if (isObject(value) && depth < deepest) yield* writeObject(out, value, depth)
  else put(out, stringifyJson(value))
  if (out.length - out.paused < pieceLength) return
  out.paused = out.length
  yield
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function* writeObject(out: Output, object: Record<string, unknown>, depth: number): Steps<void> {
  let separator = '{'
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue
    put(out, `${separator}${JSON.stringify(name)}:`)
    separator = ','
    // The exact text of a number is kept with the object that holds it.
    if (typeof member === 'number') put(out, exactNumber(object, name) ?? JSON.stringify(member))
    else yield* write(out, member, depth + 1)
  }
  put(out, separator === '{' ? '{}' : '}')
}

/** Small items are written together, as many as make a piece; of what is in a large one, each is written for itself. */
function* writeList(out: Output, list: unknown[], depth: number): Steps<void> {
  if (!list.every((each) => typeof each === 'object' && each !== null)) return put(out, stringifyJson(list))
  put(out, '[')
  let together = 1
  for (let at = 0; at < list.length; ) {
    const before = out.length
    if (at > 0) put(out, ',')
    if (together === 1) yield* write(out, list[at], depth + 1)
    else put(out, stringifyJson(list.slice(at, at + together)).slice(1, -1))
    at += together
    const each = (out.length - before) / together
    together = Math.max(1, Math.min(Math.floor(pieceLength / 2 / each), 4 * together))
    if (out.length > out.most) return
    if (out.length - out.paused < pieceLength) continue
    out.paused = out.length
    yield
  }
  put(out, ']')
}
