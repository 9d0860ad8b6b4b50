/** States of components: one row each, the newest where a release tells all of them (Full), the only one otherwise (Snapshot). */
import { emptyTable, enter, find } from '../../../code-system/large/code-table.ts'
import { type IdTable, idTable, isId } from '../id-table.ts'
import { counts } from './segments.ts'

/** Where the state of a component goes. */
export interface States {
  readonly length: number
  /**
   * The row for a state: a new one, or that of an older state; -1 for a state that is older than the one known.
   * @throws Fault when the component has a state of that time already, or of any time where there is one each
   */
  place(id: string, effectiveTime: number): number
  timeOf(row: number): number
  /** Identifiers are forgotten: nothing more is placed or found. */
  seal(): void
}

/** What is wrong with a row, in words. */
export class Fault extends Error {}

/** Says what is wrong with a row, if it is a {@link Fault}. */
export function faultOf(take: () => void): string | undefined {
  try {
    take()
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
  return undefined
}

/** An identifier that is none is a fault. */
export function checkId(id: string, column: string): void {
  if (!isId(id)) throw new Fault(`${column} '${shown(id)}' is no identifier of SNOMED CT`)
}

const shown = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** States by SCTID. */
export function componentStates(isFull: boolean): States & { ids: IdTable } {
  const ids = idTable()
  const states = statesBy({ isFull, find: ids.find, add: ids.add })
  let length: number | undefined
  return {
    ids,
    timeOf: states.timeOf,
    get length() {
      return length ?? ids.length
    },
    place: (id, time) => {
      checkId(id, 'id')
      return states.place(id, time)
    },
    seal: () => {
      length = ids.length
      ids.clear()
    },
  }
}

function statesBy({ isFull, find, add }: { isFull: boolean; find(id: string): number; add(id: string): number }) {
  const times = counts()
  return {
    timeOf: (row: number) => times.at(row),
    place: (id: string, time: number): number => {
      const known = find(id)
      if (known < 0) {
        times.put(times.length, time)
        return add(id)
      }
      if (!isFull) throw new Fault(`the id ${shown(id)} was there before`)
      if (time === times.at(known)) throw new Fault(`the id ${shown(id)} was there before with the same effectiveTime`)
      if (time < times.at(known)) return -1
      times.put(known, time)
      return known
    },
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** States by UUID: four numbers each. */
export function memberStates(isFull: boolean): States {
  let words = counts()
  let table = emptyTable(1024)
  const parts = new Uint32Array(4)
  const read = (id: string) => {
    if (!UUID.test(id)) throw new Fault(`the id '${shown(id)}' is no UUID`)
    parts[0] = Number.parseInt(id.slice(0, 8), 16)
    parts[1] = Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16)
    parts[2] = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16)
    parts[3] = Number.parseInt(id.slice(28, 36), 16)
  }
  const hashAt = (at: (part: number) => number) => {
    let hash = Math.imul(at(0) ^ Math.imul(at(3), 0x9e3779b1), 0x85ebca6b) ^ at(1)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) ^ at(2)
    return (hash ^ (hash >>> 16)) >>> 0
  }
  const own = (part: number) => parts[part] ?? 0
  const isAt = (row: number) => {
    for (let part = 0; part < 4; part++) if (words.at(row * 4 + part) !== parts[part]) return false
    return true
  }
  let length = 0
  const { place, timeOf } = statesBy({
    isFull,
    find: () => find(table, hashAt(own), isAt) ?? -1,
    add: () => {
      if (length * 2 >= table.length) {
        table = emptyTable(length * 2)
        for (let row = 0; row < length; row++)
          enter(
            table,
            hashAt((part) => words.at(row * 4 + part)),
            row,
          )
      }
      for (const part of parts) words.put(words.length, part)
      enter(table, hashAt(own), length)
      return length++
    },
  })
  return {
    get length() {
      return length
    },
    timeOf,
    place: (id, time) => {
      read(id)
      return place(id, time)
    },
    seal: () => {
      table = emptyTable(0)
      words = counts()
    },
  }
}

/** Texts of which there are few, by number. */
export function dictionary(most: number, what: string) {
  const numbers = new Map<string, number>()
  return {
    /** @throws Fault when there are too many different ones */
    numberOf: (text: string): number => {
      const known = numbers.get(text)
      if (known !== undefined) return known
      if (numbers.size >= most) throw new Fault(`there are more than ${most} different ${what}`)
      // A copy: a part of a larger text would keep all of it.
      numbers.set(Buffer.from(text).toString(), numbers.size)
      return numbers.size - 1
    },
    find: (text: string): number => numbers.get(text) ?? -1,
    all: (): string[] => [...numbers.keys()],
  }
}

/** Texts of which there are few. */
export type Dictionary = ReturnType<typeof dictionary>
