/** LDIF (RFC 2849): the text into which a directory is written out. Only what describes entries is read; changes are refused. */

/** One value of an entry. */
export interface LdifValue {
  /** In lower case, without its options (`;binary`). */
  attribute: string
  /** Undefined when it is base64 that cannot be read. */
  value: Buffer | undefined
  /** Where it begins, from 1. */
  line: number
}

/** One entry of a directory. */
export interface LdifEntry {
  /** Distinguished name, as it is written. */
  name: string
  line: number
  values: LdifValue[]
}

/** What is wrong with a text, and where. */
export class LdifError extends Error {
  /** From 1. */
  readonly line: number
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.name = 'LdifError'
    this.line = line
  }
}

/** Bounds of what is read: the directory of all passports of the world is far smaller. */
const ldifLimits = {
  bytes: 128_000_000,
  entries: 200_000,
  /** Of one entry. */
  values: 10_000,
  valueBytes: 8_000_000,
  /** Lines of one value: more would cost more than what they say. */
  lines: 500_000,
}

/** So many lines, and so many bytes, are read before others have a turn. */
const LINES_AT_A_TIME = 500
const BYTES_AT_A_TIME = 1_000_000

const LINE_FEED = 0x0a
const SPACE = 0x20
const HASH = 0x23

/** A line as it was before it was folded. */
interface LogicalLine {
  text: string
  line: number
}

/** The lines of a text, continued ones joined; undefined now and then, for others to have a turn. */
function* logicalLines(bytes: Buffer): Generator<LogicalLine | undefined> {
  let pieces: string[] = []
  let size = 0
  let from = 0
  let line = 0
  let turnAt = 0
  const whole = (): LogicalLine => ({ text: pieces.join(''), line: from })
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, at)
    const end = found < 0 ? bytes.length : found
    const stop = end > at && bytes[end - 1] === 0x0d ? end - 1 : end
    line++
    size = bytes[at] === SPACE ? size + stop - at : stop - at
    // Base64 is a third longer than what it says.
    if (size > ldifLimits.valueBytes * 1.5) throw new LdifError(line, 'the value is longer than is read')
    if (pieces.length > ldifLimits.lines) throw new LdifError(line, 'the value has more lines than are read')
    if (bytes[at] === SPACE && at < stop) {
      if (pieces.length === 0) throw new LdifError(line, 'a line goes on, and there is none before it')
      pieces.push(bytes.toString('latin1', at + 1, stop))
    } else {
      if (pieces.length > 0) yield whole()
      pieces = [bytes.toString('latin1', at, stop)]
      from = line
    }
    at = end + 1
    if (line % LINES_AT_A_TIME > 0 && at - turnAt < BYTES_AT_A_TIME) continue
    turnAt = at
    yield undefined
  }
  if (pieces.length > 0) yield whole()
}

/**
 * The entries of a text, one after the other; undefined now and then, for others to have a turn.
 * @throws LdifError for a text that is no LDIF, for one that describes changes and for one that names other files
 */
export function* readLdif(bytes: Buffer): Generator<LdifEntry | undefined> {
  if (bytes.length > ldifLimits.bytes) throw new LdifError(1, `the file is larger than ${ldifLimits.bytes} bytes`)
  let entry: LdifEntry | undefined
  let count = 0
  let isFirst = true
  for (const each of logicalLines(withoutMark(bytes))) {
    if (!each) yield undefined
    if (!each || each.text.charCodeAt(0) === HASH) continue
    const { text, line } = each
    if (text === '') {
      if (entry) yield entry
      entry = undefined
      continue
    }
    const { name, read } = readValue(text, line)
    if (isFirst && name === 'version') {
      if (read?.toString('latin1') !== '1') throw new LdifError(line, 'it is of another version than 1')
      isFirst = false
      continue
    }
    isFirst = false
    if (!entry) {
      if (name !== 'dn') throw new LdifError(line, 'an entry does not begin with its name (dn)')
      if (!read) throw new LdifError(line, 'the name of the entry is not base64')
      if (++count > ldifLimits.entries) throw new LdifError(line, `more than ${ldifLimits.entries} entries`)
      entry = { name: read.toString('utf8'), line, values: [] }
    } else if (name === 'dn') throw new LdifError(line, 'two entries are not told apart by an empty line')
    else if (name === 'changetype' || name === 'control')
      throw new LdifError(line, 'it describes changes (changetype), and not what a directory holds')
    else if (entry.values.length >= ldifLimits.values)
      throw new LdifError(line, `the entry has more than ${ldifLimits.values} values`)
    else entry.values.push({ attribute: name.split(';')[0] ?? '', value: read, line })
  }
  if (entry) yield entry
}

const MARK = Buffer.from([0xef, 0xbb, 0xbf])

const withoutMark = (bytes: Buffer): Buffer => (bytes.subarray(0, 3).equals(MARK) ? bytes.subarray(3) : bytes)

/** `name: text`, `name:: base64`; `name:< address` would read another file. */
function readValue(text: string, line: number): { name: string; read: Buffer | undefined } {
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(0, colon)).toLowerCase()
  if (!/^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)*)(?:;[a-z0-9-]+)*$/.test(name))
    throw new LdifError(line, 'it is no attribute with a value')
  const kind = text[colon + 1]
  if (kind === '<') throw new LdifError(line, 'its value stands in another file, which is not read')
  if (kind !== ':') return { name, read: Buffer.from(text.slice(colon + 1).replace(/^ +/, ''), 'latin1') }
  return { name, read: bytesOf(text.slice(colon + 2).trim()) }
}

function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
