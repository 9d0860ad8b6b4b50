/** The parts of LOINC names, e.g. the component or the class. */
import type { ReleaseFiles } from '../source.ts'
import { faultAt, readTable } from '../table.ts'
import { requireCode } from './codes.ts'

/** One part. */
export interface Part {
  /** e.g. `COMPONENT`. */
  type: string
  name: string
  /** The name spelt out. */
  displayName: string
  status: string
}

/** The parts of a release. */
export interface Parts {
  all: ReadonlyMap<string, Part>
  /** Notes a part that is only named by a link. */
  mention(number: string, part: Part): void
  /** The class of that name as a part. */
  classNamed(name: string): string | undefined
}

/**
 * Reads the table of parts.
 * @throws FhirError 422 for a number that is none, or comes twice
 */
export function readParts(files: ReleaseFiles, name: string): Parts {
  const all = new Map<string, Part>()
  const classes = new Map<string, string>()
  const form = {
    separator: ',',
    required: ['PartNumber', 'PartTypeName', 'PartName', 'PartDisplayName', 'Status'],
  } as const
  for (const { line, of } of readTable({ name, chunks: files.chunks(name) }, form)) {
    const number = requireCode(of.PartNumber, 'LP', { name, line })
    if (all.has(number)) throw faultAt(name, line, `the part ${number} is there twice`)
    all.set(number, { type: of.PartTypeName, name: of.PartName, displayName: of.PartDisplayName, status: of.Status })
    if (of.PartTypeName === 'CLASS' && !classes.has(of.PartName)) classes.set(of.PartName, number)
  }
  return {
    all,
    mention: (number, part) => {
      if (!all.has(number)) all.set(number, part)
    },
    classNamed: (wanted) => classes.get(wanted),
  }
}
