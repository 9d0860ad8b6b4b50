/** Which of the formats a file has, and what is known of its code system before its concepts are read. */

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError, unprocessable } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept, Resource } from '../../fhir/types.ts'
import { csvProperties, csvRemarks, readCsv, readCsvHeader } from './csv.ts'
import { conceptsBelow, readFhirJson, readFhirJsonHead } from './fhir-json.ts'
import { fileChunks, firstChunks, hashFile, passingChunks } from './file-bytes.ts'
import { readNdjson, readNdjsonHead } from './ndjson.ts'
import type { SourceItem } from './source-concept.ts'

/** A source that is ready to be read. */
export interface OpenSource {
  path: string
  /** Of the file, e.g. `CSV`. */
  format: string
  /** The vocabulary that has a provider of its own (src/packages/vocabularies); absent for any other. */
  kind?: string
  bytes: number
  sha256: string
  /** The CodeSystem without concepts. */
  head: CodeSystem
  /** What its head says that was hardly meant so. */
  remarks?: string[]
  /** Its concepts, read once more; `progress` is told the bytes read. */
  items(progress: (done: number) => void): Iterable<SourceItem>
}

/** What is said about a source beside it. */
export interface SourceOptions {
  /** Canonical of the code system; needed where the source does not say it. */
  url?: string | undefined
  version?: string | undefined
  name?: string | undefined
}

/** From here on a FHIR CodeSystem becomes an index. */
const LARGE = { bytes: 20_000_000, concepts: 50_000 } as const

/** The first line is in these, or there is none that can be read. */
const HEAD_BYTES = 8 << 20

/** A file with 50,000 concepts has at least so many bytes. */
const LEAST_BYTES = 500_000

/**
 * Opens a file as a source of one large code system; undefined for a file that the ordinary import reads: a small CodeSystem,
 * any other resource, any other format.
 * @throws FhirError 422 when url or columns are missing
 */
export function openSource(
  path: string,
  options: SourceOptions = {},
  limits: { bytes: number; concepts: number } = LARGE,
): OpenSource | undefined {
  if (/\.(?:csv|tsv)$/i.test(path) || (options.url !== undefined && /\.txt$/i.test(path))) return openCsv(path, options)
  if (/\.(?:ndjson|jsonl)$/i.test(path)) return openNdjson(path, options)
  if (/\.json$/i.test(path)) return openFhirJson(path, options, limits)
  if (options.url === undefined) return undefined
  throw unprocessable(
    `${basename(path)}: a code system is read from files .csv, .tsv, .txt, .ndjson, .jsonl or .json`,
    'not-supported',
  )
}

function openCsv(path: string, options: SourceOptions): OpenSource {
  refuseUtf16(path)
  const header = readCsvHeader(firstChunks(path, HEAD_BYTES))
  const property = csvProperties(header)
  const hasParents = header.columns.some(({ kind }) => kind === 'parent' || kind === 'parents')
  const head = newHead(path, options)
  if (hasParents) head.hierarchyMeaning = 'is-a'
  if (property.length > 0) head.property = property
  const { bytes, sha256 } = hashFile(path)
  return {
    path,
    format: 'CSV',
    bytes,
    sha256,
    head,
    remarks: csvRemarks(header),
    items: (progress) => readCsv(passingChunks(path, progress), header),
  }
}

function openNdjson(path: string, options: SourceOptions): OpenSource {
  refuseUtf16(path)
  const own = readNdjsonHead(firstChunks(path, HEAD_BYTES))
  const head = own ? usableHead(path, own, options) : newHead(path, options)
  const { bytes, sha256 } = hashFile(path)
  const items: OpenSource['items'] = (progress) => readNdjson(passingChunks(path, progress), own !== undefined)
  return { path, format: 'NDJSON', bytes, sha256, head, items }
}

function openFhirJson(
  path: string,
  options: SourceOptions,
  limits: { bytes: number; concepts: number },
): OpenSource | undefined {
  const bytes = statSync(path).size
  if (options.url === undefined && bytes < Math.min(LEAST_BYTES, limits.bytes, limits.concepts * 10)) return undefined
  const found = headOrNothing(path, bytes > limits.bytes)
  if (!found || found.head.content === 'supplement') return undefined
  if (options.url === undefined && bytes <= limits.bytes && found.concepts <= limits.concepts) return undefined
  const head = usableHead(path, found.head, options)
  return {
    path,
    format: 'FHIR JSON',
    ...hashFile(path),
    head,
    items: (progress) => readFhirJson(fileChunks(path, progress)),
  }
}

/** A resource that is in memory, from a package, as a source; undefined when it is small or no code system of its own. */
export function resourceSource(
  resource: Resource,
  file: { name: string; bytes: Uint8Array },
  limits: { bytes: number; concepts: number } = LARGE,
): OpenSource | undefined {
  const { bytes, name } = file
  if (resource.resourceType !== 'CodeSystem' || !resource.concept || !resource.url) return undefined
  if (resource.content !== 'complete' && resource.content !== 'fragment') return undefined
  if (bytes.length <= limits.bytes && !hasMore(resource.concept, limits.concepts)) return undefined
  const { concept, count, ...head } = resource
  const notes: SourceItem[] = []
  const note = (problem: string) => notes.push({ line: 0, problem, lost: false })
  function* items() {
    for (const item of conceptsBelow({ concept: concept as object as Json }, { line: 0, parent: undefined }, note)) {
      yield item
      yield* notes.splice(0)
    }
  }
  return { path: name, format: 'FHIR JSON', bytes: bytes.length, sha256: sha256Hex(bytes), head, items }
}

/** Whether there are more concepts than that, of all levels. */
function hasMore(concepts: CodeSystemConcept[], most: number): boolean {
  let count = 0
  const waiting = [concepts]
  for (let level = waiting.pop(); level; level = waiting.pop()) {
    count += level.length
    if (count > most) return true
    for (const each of level) if (each.concept) waiting.push(each.concept)
  }
  return false
}

/** A small file that is broken is the ordinary import's to explain. */
function headOrNothing(path: string, isLarge: boolean) {
  try {
    return readFhirJsonHead(fileChunks(path))
  } catch (error) {
    if (isLarge || !(error instanceof FhirError)) throw error
    return undefined
  }
}

function refuseUtf16(path: string): void {
  const [start] = fileChunks(path)
  const [first, second] = start ?? []
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw unprocessable(`${basename(path)} is UTF-16; save it as UTF-8`, 'structure')
}

/** The head of a source that has none. */
function newHead(path: string, { url, version, name }: SourceOptions): CodeSystem {
  if (!url) {
    throw unprocessable(
      `${basename(path)} does not say which code system it is: give --code-system <url>, and --code-system-version`,
      'required',
    )
  }
  if (!/^[a-z][a-z0-9+.-]*:\S+$/i.test(url))
    throw unprocessable(
      `--code-system ${url} is no canonical: an absolute address is wanted, such as https://example.org/drugs`,
    )
  const tail =
    url
      .split(/[/:]/)
      .filter((part) => part !== '')
      .pop() ?? 'CodeSystem'
  return {
    resourceType: 'CodeSystem',
    url,
    ...(version && { version }),
    name: name ?? `CodeSystem_${tail.replace(/[^A-Za-z0-9]+/g, '_')}`.slice(0, 200),
    status: 'active',
    caseSensitive: true,
    content: 'complete',
  }
}

/** The head of a source, with what is said beside it. */
function usableHead(path: string, own: CodeSystem, { url, version, name }: SourceOptions): CodeSystem {
  const { concept, count, ...rest } = own
  const head: CodeSystem = { ...rest, ...(url && { url }), ...(version && { version }), ...(name && { name }) }
  if (!head.url)
    throw unprocessable(`${basename(path)}: the CodeSystem has no url; give --code-system <url>`, 'required')
  head.status ??= 'active'
  head.content ??= 'complete'
  if (head.content === 'complete' || head.content === 'fragment') return head
  throw unprocessable(
    `${basename(path)}: a CodeSystem with content '${head.content}' has no concepts of its own`,
    'invalid',
  )
}
