/**
 * Which files of a folder or archive are those of a release in RF2, told by the parts of their names wherever they lie
 * (https://confluence.ihtsdotools.org/display/DOCRELFMT/3.3.2+Release+File+Naming+Convention), and whether they are one release.
 */
import { basename } from 'node:path'
import { unprocessable } from '../../../fhir/error.ts'
import type { SourceFile } from '../open-source.ts'

/** What a file is of. */
type FileKind =
  | 'Concept'
  | 'Description'
  | 'TextDefinition'
  | 'Relationship'
  | 'RelationshipConcreteValues'
  | 'Identifier'
  | 'Refset'

/** A file of a release. */
export interface ReleaseFile extends SourceFile {
  kind: FileKind
  /** Whose it is: `INT`, or country and namespace such as `US1000124`. */
  publisher: string
  /** Date of the release, e.g. 20250909. */
  date: number
}

/** The files of one release. */
export interface ReleaseFiles {
  /** All states of components, or one state of each. */
  type: 'Full' | 'Snapshot'
  files: ReleaseFile[]
  /** The newest date of the files. */
  date: number
  /** Publishers, the one of the newest files first, `INT` last. */
  publishers: string[]
  /** What is there and is not read, for the report. */
  left: string[]
  /** Of the kinds that may be missing those that are. */
  missing: string[]
}

const NAME = /^x?(?:sct2|der2)_([A-Za-z0-9]+)_([A-Za-z0-9-]+)_([A-Z0-9]+)_(\d{8})(?:T\d{4,6}Z)?\.txt$/
const BEGINNING = /^x?(?:sct2|der2)_.*\.txt$/
const TYPE = /(Full|Snapshot|Delta)(?:-[A-Za-z0-9-]+)?$/

const KINDS: Record<string, FileKind> = {
  Concept: 'Concept',
  Description: 'Description',
  TextDefinition: 'TextDefinition',
  Relationship: 'Relationship',
  RelationshipConcreteValues: 'RelationshipConcreteValues',
  Identifier: 'Identifier',
}

const needed: readonly FileKind[] = ['Concept', 'Description', 'Relationship']
const wanted: readonly FileKind[] = ['TextDefinition', 'RelationshipConcreteValues', 'Identifier']

interface Named extends ReleaseFile {
  type: string
  content: string
}

/**
 * The files of the release that a source has: those of its Snapshot, else of Full.
 * @throws FhirError 422 saying what is missing, mixed or twice
 */
export function releaseFiles(source: string, given: readonly SourceFile[]): ReleaseFiles {
  const fault = (text: string) => unprocessable(`${source}: ${text}`, 'structure')
  const left: string[] = []
  const named: Named[] = []
  for (const file of given) {
    const name = basename(file.path)
    const found = parseName(file)
    if (found) named.push(found)
    else if (BEGINNING.test(name) && !/_StatedRelationship_/.test(name))
      throw fault(`the name of ${file.path} is not that of a file of RF2`)
    else left.push(file.path)
  }
  const type = (['Snapshot', 'Full'] as const).find((each) => named.some((file) => file.type === each))
  if (!type) {
    const isDelta = named.some((file) => file.type === 'Delta')
    throw fault(
      isDelta
        ? 'it has the changes since another release alone (Delta); a release has files of the type Snapshot or Full'
        : 'it has no files of a release in RF2 (sct2_Concept_Snapshot_….txt and so on)',
    )
  }
  const files = named.filter((each) => each.type === type)
  checkWhole(files, fault)
  checkDates(files, fault)
  left.push(...named.filter((each) => each.type !== type).map(({ path }) => path))
  const date = Math.max(...files.map((each) => each.date))
  const newest = (publisher: string) =>
    Math.max(...files.filter((each) => each.publisher === publisher).map((f) => f.date))
  const publishers = [...new Set(files.map(({ publisher }) => publisher))].sort(
    (a, b) => Number(a === 'INT') - Number(b === 'INT') || newest(b) - newest(a) || (a < b ? -1 : 1),
  )
  const missing = wanted.filter((kind) => !files.some((each) => each.kind === kind))
  return {
    type,
    files: files.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1)),
    date,
    publishers,
    left,
    missing,
  }
}

/** Concepts are read first: everything else names them; descriptions before what is said of them. */
const ORDER: readonly FileKind[] = [
  'Concept',
  'Relationship',
  'RelationshipConcreteValues',
  'Description',
  'TextDefinition',
  'Identifier',
  'Refset',
]
const rank = (file: ReleaseFile) => ORDER.indexOf(file.kind) - (isLanguage(file) ? 0.5 : 0)

/** Whether a file is of language reference sets: they come before the others. */
export const isLanguage = ({ kind, path }: Pick<ReleaseFile, 'kind' | 'path'>): boolean =>
  kind === 'Refset' && /Refset_Language(?:Snapshot|Full)/.test(path)

function parseName(file: SourceFile): Named | undefined {
  const [, content = '', summary = '', publisher = '', date = ''] = NAME.exec(basename(file.path)) ?? []
  const type = TYPE.exec(summary)?.[1]
  const kind = /Refset$/.test(content) ? 'Refset' : Object.hasOwn(KINDS, content) ? KINDS[content] : undefined
  if (!type || !kind) return undefined
  return { ...file, kind, publisher, date: Number(date), type, content: `${content} ${summary}` }
}

type Fault = (text: string) => Error

function checkWhole(files: Named[], fault: Fault): void {
  const missing: string[] = needed.filter((kind) => !files.some((each) => each.kind === kind))
  if (!files.some(isLanguage)) missing.push('of a language reference set')
  if (missing.length > 0) throw fault(`half a release: there is no file ${missing.join(', ')}`)
}

/** One date and one file of a content for each publisher: two releases in one folder are no release. */
function checkDates(files: Named[], fault: Fault): void {
  const known = new Map<string, Named>()
  for (const file of files) {
    const first = known.get(file.publisher) ?? file
    known.set(file.publisher, first)
    if (first.date !== file.date)
      throw fault(`files of different releases: ${basename(first.path)} and ${basename(file.path)}`)
    const key = `${file.publisher} ${file.content}`
    const twin = known.get(key)
    if (twin) throw fault(`the same file is there twice: ${twin.path} and ${file.path}`)
    known.set(key, file)
  }
}
