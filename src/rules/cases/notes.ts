/** Faults of a file that a person wrote, gathered with their places while it is read. */
import type { JsonObject } from '../../base/json-value.ts'
import { nearestName } from '../../base/nearest.ts'
import type { Path, YamlText } from '../../base/yaml.ts'

/** A fault of a file, with `line 3, column 5` where it has a place. */
export interface Fault {
  place?: string
  text: string
}

/** Who is told of faults, and knows places. */
export interface Notes extends Omit<YamlText, 'json'> {
  faults: Fault[]
  say(path: Path, text: string): void
  /** The same of the name of a member. */
  sayName(path: Path, member: string, text: string): void
}

/** Notes on a text. */
export function notesOn({ placeOf, placeOfName }: Omit<YamlText, 'json'>): Notes {
  const faults: Fault[] = []
  return {
    faults,
    placeOf,
    placeOfName,
    say: (path, text) => void faults.push({ place: placeOf(path), text }),
    sayName: (path, member, text) => void faults.push({ place: placeOfName(path, member), text }),
  }
}

/** Where a map stands, and who is told of it. */
export interface At {
  path: Path
  notes: Notes
}

/** Tells of every member that is none of these. */
export function knownMembers(map: JsonObject, members: readonly string[], { path, notes }: At): void {
  for (const member of Object.keys(map))
    if (!members.includes(member))
      notes.sayName(path, member, `unknown member ${member}; ${nearestName(member, members)} is the nearest`)
}

/** A member that is a text; tells of one that is none, or is empty. */
export function textAt(map: JsonObject, member: string, { path, notes }: At): string | undefined {
  const value = map[member]
  if (typeof value === 'string' && value.trim() !== '') return value
  const isThere = value !== undefined && value !== null
  notes.say(isThere ? [...path, member] : path, `${member} ${isThere ? 'must be a text' : 'is missing'}`)
  return undefined
}
