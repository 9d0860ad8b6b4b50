/** A folder of rules as its author keeps it: libraries, rule sets, whatever they lean on, and cases beside them. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { errorText, isMissing } from '../../base/system-error.ts'
import { unprocessable } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import type { Issue, Library, PlanDefinition, Resource } from '../../fhir/types.ts'
import { readContent } from '../../publish/folder/read-folder.ts'
import { libraryTexts, readCqlLibrary, textName } from '../../publish/import/read-cql.ts'
import { type CaseFile, CaseFileError, readCaseFile } from '../../rules/cases/case-file.ts'
import type { Fault } from '../../rules/cases/notes.ts'

/** A file with cases, read. */
export interface FolderCases {
  /** As it is shown. */
  file: string
  /** What it is called after: `ValidTest` of `cases/ValidTest.yaml`. */
  name: string
  cases: CaseFile
}

/** A fault of a file of the folder. */
export interface FileFault extends Fault {
  file: string
  issues?: Issue[]
}

/** A folder, read. */
export interface AuthorFolder {
  /** Everything that is content. */
  resources: { file: string; resource: Resource }[]
  libraries: Library[]
  plans: PlanDefinition[]
  cases: FolderCases[]
  /** Text of each library, by `url|version`: its file, where it has one of its own, and its lines. */
  texts: Map<string, { file: string; lines: string[] }>
  faults: FileFault[]
  /** Paths that were read, for whoever watches them. */
  root: string
}

/** Base of canonicals where nothing says one: enough to try rules, not to publish them. */
export const triedBase = 'http://rules.example/fhir'

/** Files of cases that are read. */
const mostCaseFiles = 1_000
const mostBytes = 16_000_000

/**
 * Reads a folder. A library whose `.cql` lies in the folder is as its text says, whatever a Library resource holds that was made of it.
 * @throws FhirError 404 when it is not there, 422 when it is none
 */
export async function readAuthorFolder(folder: string, said: string | undefined): Promise<AuthorFolder> {
  const found = await stat(folder).catch((error: unknown) => {
    throw unprocessable(isMissing(error) ? `there is no folder ${folder}` : errorText(error))
  })
  if (!found.isDirectory()) throw unprocessable(`${folder} is a file: name the folder of the rules`)
  const content = await readContent(folder, said?.replace(/\/+$/, '') ?? triedBase, true)
  const read: AuthorFolder = {
    resources: [],
    libraries: [],
    plans: [],
    cases: [],
    texts: new Map(),
    faults: content.faults.map(({ file, ...fault }) => ({ ...fault, file: shown(folder, file) })),
    root: folder,
  }
  const names = await filesOf(folder)
  const sources = await readTexts(folder, names, content.canonical ?? triedBase)
  for (const { file, resource } of content.artefacts) {
    const own: Sourced = isOfType(resource, 'Library') ? withOwnText(resource, sources) : { resource }
    read.resources.push({ file: shown(folder, file), resource: own.resource })
    if (isOfType(own.resource, 'Library')) {
      read.libraries.push(own.resource)
      read.texts.set(nameOf(own.resource), { file: own.file ?? shown(folder, file), lines: linesOf(own.resource) })
    }
    if (isOfType(resource, 'PlanDefinition')) read.plans.push(resource)
  }
  await readCases(read, names)
  return read
}

const shown = (folder: string, file: string) => join(relative('', folder) || '.', file)

const nameOf = ({ url = '', version = '' }: Library) => `${url}|${version}`

async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = found.filter((each) => each.isFile()).map((each) => relative(folder, join(each.parentPath, each.name)))
  return names.map((name) => name.split(sep).join('/')).sort()
}

/** A resource, and the file of its text where it has one of its own. */
interface Sourced {
  resource: Resource
  file?: string
}

/** Texts of CQL files by the name under which they are published. */
type Sources = Map<string, { file: string; text: string }>

async function readTexts(folder: string, names: string[], canonical: string): Promise<Sources> {
  const sources: Sources = new Map()
  for (const name of names.filter((each) => /\.cql$/i.test(each))) {
    const text = await readFile(join(folder, name), 'utf8')
    try {
      const { resource } = readCqlLibrary(text, canonical)
      for (const key of libraryTexts([resource])) sources.set(key, { file: shown(folder, name), text })
    } catch {
      // It was read before, and its fault was told.
    }
  }
  return sources
}

/** The text is what its author edits; a resource was made of it once. */
function withOwnText(library: Library, sources: Sources): Sourced {
  const { url = '', version = '' } = library
  const source = sources.get(textName(url, version))
  if (!source) return { resource: library }
  const data = Buffer.from(source.text).toString('base64')
  const other = (library.content ?? []).filter(
    ({ contentType }) => !/^(text\/cql|application\/elm)/.test(contentType ?? ''),
  )
  return { resource: { ...library, content: [{ contentType: 'text/cql', data }, ...other] }, file: source.file }
}

function linesOf({ content = [] }: Library): string[] {
  const text = content.find(({ contentType }) => contentType?.startsWith('text/cql'))?.data
  return text === undefined ? [] : Buffer.from(text, 'base64').toString('utf8').split(/\r?\n/)
}

/** Every `cases/<name>.yaml`, wherever it lies. */
async function readCases(read: AuthorFolder, names: string[]): Promise<void> {
  const files = names.filter((name) => /\.ya?ml$/i.test(name) && basename(dirname(name)) === 'cases')
  if (files.length > mostCaseFiles) throw unprocessable(`${read.root} has more than ${mostCaseFiles} files of cases`)
  for (const name of files) {
    const path = join(read.root, name)
    const file = shown(read.root, name)
    if ((await stat(path)).size > mostBytes) {
      read.faults.push({ file, text: `larger than ${mostBytes} bytes` })
      continue
    }
    try {
      const cases = readCaseFile(await readFile(path, 'utf8'))
      read.cases.push({ file, name: basename(name, extname(name)), cases })
    } catch (error) {
      if (!(error instanceof CaseFileError)) throw error
      read.faults.push(...error.faults.map((fault) => ({ ...fault, file })))
    }
  }
}
