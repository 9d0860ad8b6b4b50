/** One file of a package as a resource, or the reason why it is none. */

import type { JsonObject } from '../base/json-value.ts'
import { isResource } from '../fhir/elements.ts'
import { FhirError } from '../fhir/error.ts'
import { parseJson } from '../fhir/read-json.ts'
import type { Issue, Resource, StructureMap } from '../fhir/types.ts'
import { downConvert } from './down-convert.ts'
import { dropEmptyLists } from './empty-lists.ts'
import type { ArchiveFile } from './tar.ts'

/** Readers of formats that belong to other rooms, and what is wanted. */
export interface EntryOptions {
  /** Also resources of the folder `example`. */
  examples?: boolean
  /** Reads FHIR XML; without it XML files are skipped. */
  parseXml?: (text: string) => Resource
  /** Reads the FHIR mapping language; without it `.map` and `.fml` files are skipped. */
  parseMap?: (text: string) => { map: StructureMap; warnings: Issue[] }
}

/** What a file came to. */
export type EntryContent =
  | { resource: Resource; issues: Issue[] }
  | { skipped: string; type?: string; isNewer?: boolean }
  | { failed: string }

/** Reads a file of a package (`isPackage`: one with package.json, whose folders mean something). */
export function readEntry(file: ArchiveFile, isPackage: boolean, isR5: boolean, options: EntryOptions): EntryContent {
  const path = isPackage ? file.name.replace(/^package\//, '') : file.name
  const reason = skipReason(path, isPackage, options)
  if (reason !== undefined) return { skipped: reason }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)
    if (/\.(map|fml)$/i.test(path)) return readMap(text, options)
    const content = /\.xml$/i.test(path) ? options.parseXml?.(text) : parseJson(text)
    return readResource(content as JsonObject | undefined, isR5)
  } catch (error) {
    if (error instanceof FhirError) return { failed: describe(error) }
    if (error instanceof TypeError) return { failed: 'the file is not UTF-8 text' }
    throw error
  }
}

function skipReason(path: string, isPackage: boolean, options: EntryOptions): string | undefined {
  const name = path.split('/').pop() ?? ''
  if (name.startsWith('.') || (isPackage && path === 'package.json')) return 'index or manifest'
  if (isPackage && /^(openapi|other)\//.test(path)) return `not content: folder ${path.split('/')[0]}`
  if (isPackage && /^examples?\//.test(path) && !options.examples) return 'example'
  if (/\.json$/i.test(name)) return undefined
  if (/\.xml$/i.test(name)) return options.parseXml ? undefined : 'no reader for XML'
  if (/\.(map|fml)$/i.test(name)) return options.parseMap ? undefined : 'no reader for the mapping language'
  return 'not a FHIR file'
}

function readMap(text: string, options: EntryOptions): EntryContent {
  const parsed = options.parseMap?.(text)
  if (!parsed) return { skipped: 'no reader for the mapping language' }
  return { resource: parsed.map, issues: parsed.warnings }
}

function readResource(content: JsonObject | undefined, isR5: boolean): EntryContent {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return { skipped: 'not a FHIR resource' }
  const type = content.resourceType
  if (typeof type !== 'string') return { skipped: 'not a FHIR resource (no resourceType)' }
  const resource = content as unknown as Resource // has a resourceType; the rest is the validator's business
  if (isR5) {
    const converted = downConvert(resource)
    return 'skipped' in converted ? { ...converted, type, isNewer: true } : converted
  }
  if (!isResource(type)) return { failed: `unknown resource type "${type.slice(0, 60)}"` }
  return { resource, issues: dropEmptyLists(content) }
}

/** The first issue with its place, in one line. */
function describe(error: FhirError): string {
  const [first] = error.issues
  // Diagnostics repeat the text after the place.
  const place = first?.diagnostics?.replace(/^(line \d+, column \d+): .*$/s, '$1') ?? first?.expression?.[0]
  const text = error.message.replace(/\s+/g, ' ')
  return place && !text.includes(place) ? `${text} (${place})` : text
}
