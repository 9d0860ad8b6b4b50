/**
 * Identifiers of SNOMED CT components (SCTID) have up to 18 digits, more than a double holds
 * (https://confluence.ihtsdotools.org/display/DOCRELFMT/6+SNOMED+CT+Identifiers): they are kept as two numbers of nine digits.
 */
import { emptyTable, enter, find } from '../../code-system/large/code-table.ts'
import { counts } from './write/segments.ts'

/** Digits of the lower number. */
const DIGITS = 9
const ZERO = 48

/** Whether a text is an identifier: up to 18 digits without zeros before them. */
export function isId(text: string): boolean {
  const { length } = text
  if (length === 0 || length > 2 * DIGITS || text.charCodeAt(0) === ZERO) return false
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return false
  }
  return true
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = Math.max(0, from); i < to; i++) value = value * 10 + text.charCodeAt(i) - ZERO
  return value
}

/** The last nine digits of an identifier, and those before. */
export const lowOf = (id: string): number => digits(id, id.length - DIGITS, id.length)
export const highOf = (id: string): number => digits(id, 0, id.length - DIGITS)

/** The identifier of two numbers. */
export const idOf = (high: number, low: number): string =>
  high === 0 ? String(low) : `${high}${String(low).padStart(DIGITS, '0')}`

/** A hash of an identifier in two numbers, 32 bits. */
export function hashOfId(high: number, low: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Identifiers in the order in which they came, each once; found by hash. */
export interface IdTable {
  readonly length: number
  /** Position of an identifier; -1 when it is not there, or no identifier. */
  find(id: string): number
  /** Appends an identifier that is not there yet; answers its position. */
  add(id: string): number
  /** The identifier at a position. */
  at(position: number): string
  /** Forgets all identifiers: nothing more is found or told. */
  clear(): void
}

/** An empty table. */
export function idTable(): IdTable {
  let high = counts()
  let low = counts()
  let table = emptyTable(1024)
  return {
    get length() {
      return high.length
    },
    find: (id) => {
      if (!isId(id)) return -1
      const [above, below] = [highOf(id), lowOf(id)]
      return find(table, hashOfId(above, below), (at) => low.at(at) === below && high.at(at) === above) ?? -1
    },
    add: (id) => {
      const position = high.length
      if (position * 2 >= table.length) {
        table = emptyTable(position * 2)
        for (let each = 0; each < position; each++) enter(table, hashOfId(high.at(each), low.at(each)), each)
      }
      high.put(position, highOf(id))
      low.put(position, lowOf(id))
      enter(table, hashOfId(high.at(position), low.at(position)), position)
      return position
    },
    at: (position) => idOf(high.at(position), low.at(position)),
    clear: () => {
      table = emptyTable(0)
      high = counts()
      low = counts()
    },
  }
}
