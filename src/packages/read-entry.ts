/** One file of a package as a resource, or the reason why it is none. */
import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { isResource } from '../fhir/elements.ts'
import { FhirError } from '../fhir/error.ts'
import { asResource, parseJson } from '../fhir/json.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import { parseXml } from '../fhir/xml/read.ts'
import { downConvert } from './down-convert.ts'
import { dropEmptyLists } from './empty-lists.ts'
import { type EuRuleForm, euRuleForm } from './eu-rules/form.ts'
import type { ArchiveFile } from './tar.ts'

/** A resource that a text of another language came to, and what reading it gave to remark. */
type ReadText = (text: string) => { resource: Resource; issues: Issue[] }

/** Readers of languages that belong to other rooms, and what is wanted. */
export interface EntryReaders {
  /** Also resources of the folder `example`. */
  examples?: boolean
  /** Reads the FHIR mapping language; without it `.map` and `.fml` files are skipped. */
  readMap?: ReadText
  /** Reads a CQL library; without it `.cql` files are skipped. */
  readCql?: ReadText
  /** Reads a value set in the form of the EU; without it such files are skipped. */
  readEuValueSet?: (bytes: Uint8Array) => { resource: Resource; issues: Issue[] } | { skipped: string }
  /** Somebody reads files with rules of the EU; without it they are skipped. */
  euRules?: boolean
}

/** What a file came to. */
export type EntryContent =
  | { resource: Resource; issues: Issue[] }
  /** On purpose. */
  | { skipped: string; type?: string; isNewer?: boolean }
  | { failed: string }
  /** Rules of the EU, to be read by who knows whose signatures count. */
  | { euRules: EuRuleForm }

/** Reads a file of a package (`isPackage`: one with package.json, whose folders mean something). */
export function readEntry(
  file: ArchiveFile,
  { isPackage, isR5 }: { isPackage: boolean; isR5: boolean },
  readers: EntryReaders,
): EntryContent {
  const path = isPackage ? file.name.replace(/^package\//, '') : file.name
  const skipped = skippedBy(path, isPackage, readers)
  // Signed rules come under any name.
  const isOther = skipped === otherFile
  if (skipped && !isOther) return skipped
  const euRules = readers.euRules ? euRuleForm(path, file.bytes) : undefined
  if (euRules) return { euRules }
  if (skipped) return skipped
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)
    const readText = textReader(path, readers)
    if (readText) return readText(text)
    return /\.xml$/i.test(path)
      ? readResource(parseXml(text), isR5)
      : readJson(parseJson(text), { file, isR5, readers })
  } catch (error) {
    if (error instanceof FhirError) return { failed: describe(error) }
    if (error instanceof TypeError && 'code' in error) return { failed: 'the file is not UTF-8 text' }
    throw error
  }
}

const isMap = (name: string) => /\.(map|fml)$/i.test(name)
const isCql = (name: string) => /\.cql$/i.test(name)

function textReader(path: string, { readMap, readCql }: EntryReaders): ReadText | undefined {
  if (isMap(path)) return readMap
  return isCql(path) ? readCql : undefined
}

function skippedBy(path: string, isPackage: boolean, readers: EntryReaders): EntryContent | undefined {
  const name = path.split('/').pop() ?? ''
  if (name.startsWith('.') || (isPackage && path === 'package.json')) return { skipped: 'index or manifest' }
  if (isPackage && /^(openapi|other)\//.test(path)) return { skipped: `not content: folder ${path.split('/')[0]}` }
  if (isPackage && /^examples?\//.test(path) && !readers.examples) return { skipped: 'example' }
  if (/\.(json|xml)$/i.test(name)) return undefined
  if (isMap(name)) return readers.readMap ? undefined : { skipped: 'no reader for the mapping language' }
  if (isCql(name)) return readers.readCql ? undefined : { skipped: 'no reader for CQL' }
  return otherFile
}

const otherFile: EntryContent = { skipped: 'not a FHIR file' }

interface JsonReading {
  file: ArchiveFile
  isR5: boolean
  readers: EntryReaders
}

function readJson(content: Json, { file, isR5, readers }: JsonReading): EntryContent {
  if (!isJsonObject(content)) return { skipped: 'not a FHIR resource' }
  if (content.resourceType === undefined && 'valueSetId' in content && readers.readEuValueSet)
    return readers.readEuValueSet(file.bytes)
  if (typeof content.resourceType !== 'string') {
    const isRule = 'Logic' in content || 'Identifier' in content
    return readers.euRules && isRule ? { euRules: 'object' } : { skipped: 'not a FHIR resource (no resourceType)' }
  }
  return readResource(asResource(content), isR5)
}

function readResource(resource: Resource, isR5: boolean): EntryContent {
  const type: string = resource.resourceType
  if (isR5) {
    const converted = downConvert(resource)
    return 'skipped' in converted ? { ...converted, type, isNewer: true } : converted
  }
  if (!isResource(type)) return { failed: `unknown resource type "${type.slice(0, 60)}"` }
  return { resource, issues: dropEmptyLists(resource) }
}

/** The first issue with its place, in one line. */
function describe(error: FhirError): string {
  const [first] = error.issues
  // Diagnostics repeat the text after the place.
  const place = first?.diagnostics?.replace(/^(line \d+, column \d+): .*$/s, '$1') ?? first?.expression?.[0]
  const text = error.message.replace(/\s+/g, ' ')
  return place && !text.includes(place) ? `${text} (${place})` : text
}
