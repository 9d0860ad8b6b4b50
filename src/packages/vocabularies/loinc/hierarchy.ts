/** The Component Hierarchy by System: which concepts stand below which; a concept may stand below several. */
import type { ReleaseFiles } from '../source.ts'
import { faultAt, readTable } from '../table.ts'
import { kindOf } from './codes.ts'

/** The hierarchy of a release. */
export interface Hierarchy {
  /** Codes of the parents, in the order of the table. */
  parentsOf(code: string): string[]
  /** Every code that stands in it, with its text. */
  texts: ReadonlyMap<string, string>
}

/**
 * Reads the hierarchy.
 * @param isTerm whether the release has a LOINC number
 * @throws FhirError 422 for a code that is none, a LOINC number that the release lacks, and a circle, with the line
 */
export function readHierarchy(files: ReleaseFiles, name: string, isTerm: (number: string) => boolean): Hierarchy {
  const texts = new Map<string, string>()
  const parents = new Map<string, string[]>()
  const lines = new Map<string, number>()
  const form = { separator: ',', required: ['IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'] } as const
  for (const { line, of } of readTable({ name, chunks: files.chunks(name) }, form)) {
    const { CODE: code, IMMEDIATE_PARENT: parent } = of
    const kind = kindOf(code)
    if (kind === undefined) throw faultAt(name, line, `'${code.slice(0, 40)}' is no code of LOINC`)
    if (kind === '' && !isTerm(code))
      throw faultAt(name, line, `the table of terms lacks ${code}: this is not one whole release`)
    if (!texts.has(code)) {
      texts.set(code, of.CODE_TEXT)
      lines.set(code, line)
    }
    if (parent === '') continue
    const known = parents.get(code)
    if (!known) parents.set(code, [parent])
    else if (!known.includes(parent)) known.push(parent)
  }
  for (const [code, above] of parents) {
    const unknown = above.find((each) => !texts.has(each))
    if (unknown !== undefined)
      throw faultAt(name, lines.get(code) ?? 0, `the parent ${unknown.slice(0, 40)} of ${code} is not in the hierarchy`)
  }
  const circle = findCircle(parents)
  if (circle !== undefined) throw faultAt(name, lines.get(circle) ?? 0, `${circle} stands below itself`)
  return { texts, parentsOf: (code) => parents.get(code) ?? [] }
}

/** A code that is above itself; undefined when there is none. No recursion: the depth is whatever a file says. */
function findCircle(parents: ReadonlyMap<string, string[]>): string | undefined {
  const done = new Set<string>()
  const open = new Set<string>()
  for (const start of parents.keys()) {
    const path: { code: string; next: number }[] = done.has(start) ? [] : [{ code: start, next: 0 }]
    open.add(start)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const up = parents.get(top.code)?.[top.next++]
      if (up === undefined) {
        open.delete(top.code)
        done.add(top.code)
        path.pop()
      } else if (open.has(up)) return up
      else if (!done.has(up)) {
        open.add(up)
        path.push({ code: up, next: 0 })
      }
    }
    open.delete(start)
  }
  return undefined
}
