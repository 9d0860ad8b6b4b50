/**
 * Own modules without their types, made once where the software is installed: one file, in which each is found by the hash of its source,
 * so that a source that was changed since is in no need of being noticed. Node would strip each itself and keep what it made of it in
 * memory for as long as the process lives: 9 MB for a server, and 16 more for its compiler at the very first start.
 */
import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where `npm ci` puts it. */
export const strippedFile = fileURLToPath(new URL('../../../dist/program.bin', import.meta.url))

/** Raised when the file is built otherwise. */
const formatVersion = 2

/** First bytes of the file: length of the list of modules, which stands behind it. */
const headBytes = 4

/** Where a module stands behind the list, and the hash of what stands there, by the hash of its source. */
interface List {
  format: number
  places: Record<string, [offset: number, length: number, hash: string]>
}

const hashOf = (bytes: Uint8Array): string => hash('sha256', bytes)

/** The file of these modules. */
export function packStripped(modules: Iterable<{ source: Uint8Array; stripped: string }>): Buffer {
  const list: List = { format: formatVersion, places: {} }
  const texts: Buffer[] = []
  let offset = 0
  for (const { source, stripped } of modules) {
    const text = Buffer.from(stripped)
    list.places[hashOf(source)] = [offset, text.length, hashOf(text)]
    texts.push(text)
    offset += text.length
  }
  const listed = Buffer.from(JSON.stringify(list))
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(listed.length)
  return Buffer.concat([head, listed, ...texts])
}

/** What a source is without its types; undefined when the file does not know this source. */
export type Stripped = (source: Uint8Array) => string | undefined

/** Opens the file for as long as the process lives; undefined when there is none that can be read, for Node needs none. */
export function openStripped(path: string = strippedFile): Stripped | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const from = file
    const listBytes = readAt(from, 0, headBytes).readUInt32LE()
    const { format, places }: List = JSON.parse(readAt(from, headBytes, listBytes).toString())
    if (format !== formatVersion) throw new Error('another format')
    const found = new Map(Object.entries(places))
    return (source) => {
      const place = found.get(hashOf(source))
      if (!place) return undefined
      const [offset, length, wanted] = place
      const text = wholeText(from, headBytes + listBytes + offset, length)
      return text && hashOf(text) === wanted ? text.toString() : undefined
    }
  } catch {
    if (file !== undefined) closeSync(file)
    return undefined
  }
}

/** One that cannot be read is none: Node does the work. */
function wholeText(file: number, position: number, length: number): Buffer | undefined {
  try {
    return readAt(file, position, length)
  } catch {
    return undefined
  }
}

/** @throws Error when the file ends before */
function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, length - at, position + at)
    if (read === 0) throw new Error('the file of the stripped modules ends too early')
    at += read
  }
  return bytes
}
