/**
 * A tree of any size of which only what was looked at is here: levels with their number of concepts, loaded page by page, and which of
 * them are open. Rows are counted, never listed.
 */
import type { Member } from '../readers/value-set.ts'

/** Concepts of a page that is asked for. */
export const pageSize = 100

/** The concepts right below one, or the roots. */
export interface Level {
  /** Whose children they are; undefined for the roots. */
  parent: string | undefined
  above: { level: Level; position: number } | undefined
  depth: number
  /** How many there are; undefined until the first page is here. */
  total: number | undefined
  concepts: Map<number, Member>
  open: Map<number, Level>
  /** A page could not be loaded. */
  isFailed: boolean
}

/** A row of the tree: a concept, or a place whose concept is not here yet. */
export interface Row {
  level: Level
  position: number
  concept: Member | undefined
  isOpen: boolean
}

/** A level of which nothing is known yet. */
export const newLevel = (parent?: string, above?: Level['above']): Level => ({
  parent,
  above,
  depth: above ? above.level.depth + 1 : 0,
  total: undefined,
  concepts: new Map(),
  open: new Map(),
  isFailed: false,
})

/** Rows of a level and of all that is open below it; one, of waiting, while nothing is known. */
export function rowCount(level: Level): number {
  let count = ownRows(level)
  for (const below of level.open.values()) count += rowCount(below)
  return count
}

const ownRows = (level: Level) => level.total ?? 1

/** The row of an index; undefined beyond the last. */
export function rowAt(top: Level, wanted: number): Row | undefined {
  let level = top
  let index = wanted
  for (;;) {
    const found = within(level, index)
    if (found === undefined) return undefined
    if (!found.below) return rowOf(level, found.position)
    level = found.below
    index = found.index
  }
}

/** Where an index lies in a level: at a position of it, or in an open level below one. */
function within(level: Level, index: number): { position: number; below?: Level; index: number } | undefined {
  let passed = 0
  for (const [position, below] of inOrder(level)) {
    const here = position + passed
    if (index <= here) return { position: index - passed, index: 0 }
    const count = rowCount(below)
    if (index <= here + count) return { position, below, index: index - here - 1 }
    passed += count
  }
  const position = index - passed
  return position >= 0 && position < ownRows(level) ? { position, index: 0 } : undefined
}

const inOrder = (level: Level) => [...level.open].sort(([a], [b]) => a - b)

function rowOf(level: Level, position: number): Row {
  return { level, position, concept: level.concepts.get(position), isOpen: level.open.has(position) }
}

/** The index of a position of a level. */
export function indexOf(level: Level, position: number): number {
  let index = position
  for (const [at, below] of level.open) if (at < position) index += rowCount(below)
  return level.above ? indexOf(level.above.level, level.above.position) + 1 + index : index
}

/** A page of a level that is to be loaded. */
export interface WantedPage {
  level: Level
  offset: number
}

/** Pages that rows in sight need and that are not here. */
export function missingPages(top: Level, first: number, last: number): WantedPage[] {
  const found = new Map<Level, Set<number>>()
  for (let index = first; index <= last; index++) {
    const row = rowAt(top, index)
    if (!row || row.concept || row.level.isFailed) continue
    const pages = found.get(row.level) ?? new Set()
    pages.add(Math.floor(row.position / pageSize) * pageSize)
    found.set(row.level, pages)
  }
  return [...found].flatMap(([level, pages]) => [...pages].map((offset) => ({ level, offset })))
}

/**
 * Puts a page in its place. @param total of the level; where the server does not say it, what is here counts
 */
export function fillPage({ level, offset }: WantedPage, concepts: Member[], total: number | undefined): void {
  level.isFailed = false
  concepts.forEach((concept, index) => {
    level.concepts.set(offset + index, concept)
  })
  level.total = Math.max(0, total ?? offset + concepts.length)
  for (const position of [...level.concepts.keys(), ...level.open.keys()])
    if (position >= level.total) {
      level.concepts.delete(position)
      level.open.delete(position)
    }
  // A server that promises more than it gives is asked no more for what is not there.
  if (concepts.length === 0 && level.total > offset) level.isFailed = true
}

/** Opens the level below a row, or closes it. */
export function toggle({ level, position, concept, isOpen }: Row): void {
  if (isOpen) level.open.delete(position)
  else if (concept && mayOpen(concept)) level.open.set(position, newLevel(concept.code, { level, position }))
}

/** Whether there is anything below a concept; where the server did not say, there may be. */
export const mayOpen = ({ childCount }: Member): boolean => childCount !== 0

/** Where a key leads: the row that becomes the current one, or one to open or close. */
export type Move = { index: number } | { toggle: true } | undefined

/** What arrow keys do in a tree (ARIA Authoring Practices, tree view). `isBackwards` for pages that are read from right to left. */
export function moveOf(key: string, index: number, top: Level, isBackwards = false): Move {
  const last = rowCount(top) - 1
  const to = (wanted: number): Move => ({ index: Math.min(last, Math.max(0, wanted)) })
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }
  const step = steps[key]
  if (step !== undefined) return to(index + step)
  if (key === 'Home') return to(0)
  if (key === 'End') return to(last)
  const row = rowAt(top, index)
  if (!row) return undefined
  const [inwards, outwards] = isBackwards ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft']
  if (key === inwards) {
    if (row.isOpen) return to(index + 1)
    return row.concept && mayOpen(row.concept) ? { toggle: true } : undefined
  }
  if (key !== outwards) return undefined
  if (row.isOpen) return { toggle: true }
  const { above } = row.level
  return above ? to(indexOf(above.level, above.position)) : undefined
}
