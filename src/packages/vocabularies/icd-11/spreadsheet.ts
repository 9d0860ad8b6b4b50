/** The first sheet of a spreadsheet (Office Open XML, ISO/IEC 29500-1, 18.3) as a table of text. */
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { unprocessable } from '../../../fhir/error.ts'
import { zipInMemory } from '../zip/unpack.ts'

/** Most bytes of a part of the file, unpacked. */
const MOST_BYTES = 256 << 20
const MOST_COLUMNS = 200
const PIECE_CHARACTERS = 1 << 20

/**
 * The records of the first sheet, with tabs between the fields and quotes where they are needed.
 * @throws FhirError 422 for what is no spreadsheet
 */
export function* sheetAsText(name: string, bytes: Uint8Array): Generator<Uint8Array> {
  const zip = zipInMemory(name, bytes, MOST_BYTES)
  const [sheet] = zip.names.filter((each) => /^xl\/worksheets\/[^/]+\.xml$/.test(each)).sort(shorterFirst)
  if (sheet === undefined) throw fault(name, 'it has no sheet')
  const texts = zip.names.includes('xl/sharedStrings.xml') ? sharedTexts(name, zip.file('xl/sharedStrings.xml')) : []
  let lines: string[] = []
  const reading = sheetReader(name, texts, (row) => lines.push(`${row.map(quoted).join('\t')}\n`))
  for (const piece of piecesOf(zip.file(sheet), name)) {
    reading.write(piece)
    if (lines.length < 1000) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  reading.close()
  if (lines.length > 0) yield Buffer.from(lines.join(''))
}

/** `sheet2.xml` before `sheet10.xml`. */
const shorterFirst = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

const fault = (name: string, why: string) =>
  unprocessable(`${name} is no spreadsheet that can be read: ${why}`, 'structure')

const quoted = (text: string): string => (/[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** XML in pieces that a parser takes one after the other. */
function* piecesOf(bytes: Buffer, name: string): Generator<string> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fault(name, 'it is not UTF-8')
  }
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) yield text.slice(at, at + PIECE_CHARACTERS)
}

/** A parser that knows no declarations of a document type, and so no entities of its own. */
function parserOf(name: string): SaxesParser {
  const parser = new SaxesParser()
  parser.on('doctype', () => {
    throw fault(name, 'it has a document type')
  })
  parser.on('error', (error) => {
    throw fault(name, error.message)
  })
  return parser
}

const localName = (tag: string): string => tag.slice(tag.indexOf(':') + 1)

/** Texts that cells name by number; what is only how a text is read aloud is left out. */
function sharedTexts(name: string, bytes: Buffer): string[] {
  const parser = parserOf(name)
  const texts: string[] = []
  let open: string | undefined
  let isText = false
  let phonetic = 0
  parser.on('opentag', ({ name: tag }: SaxesTagPlain) => {
    const kind = localName(tag)
    if (kind === 'si') open = ''
    else if (kind === 'rPh') phonetic++
    else if (kind === 't') isText = phonetic === 0
  })
  parser.on('text', (text) => {
    if (isText && open !== undefined) open += text
  })
  parser.on('closetag', ({ name: tag }: SaxesTagPlain) => {
    const kind = localName(tag)
    if (kind === 't') isText = false
    else if (kind === 'rPh') phonetic--
    else if (kind === 'si') {
      texts.push(open ?? '')
      open = undefined
    }
  })
  for (const piece of piecesOf(bytes, name)) parser.write(piece)
  parser.close()
  return texts
}

function sheetReader(name: string, texts: readonly string[], take: (row: string[]) => void) {
  const parser = parserOf(name)
  let row: string[] = []
  let cell: { column: number; type: string; text: string } | undefined
  let isText = false
  let width = 0
  parser.on('opentag', ({ name: tag, attributes }: SaxesTagPlain) => {
    const kind = localName(tag)
    if (kind === 'row') row = []
    else if (kind === 'c') {
      const column = attributes.r === undefined ? row.length : columnOf(String(attributes.r))
      if (column === undefined || column >= MOST_COLUMNS)
        throw fault(name, `a cell is called '${String(attributes.r).slice(0, 20)}'`)
      cell = { column, type: String(attributes.t ?? 'n'), text: '' }
    } else if (kind === 'v' || kind === 't') isText = true
  })
  parser.on('text', (text) => {
    if (isText && cell) cell.text += text
  })
  parser.on('closetag', ({ name: tag }: SaxesTagPlain) => {
    const kind = localName(tag)
    if (kind === 'v' || kind === 't') isText = false
    else if (kind === 'c' && cell) {
      while (row.length < cell.column) row.push('')
      row[cell.column] = cellValue(cell, texts, name)
      cell = undefined
    } else if (kind === 'row') {
      if (row.every((each) => each === '')) return
      width = width === 0 ? row.length : width
      // Empty cells at the end of a record are not written.
      while (row.length < width) row.push('')
      take(row)
    }
  })
  return { write: (piece: string) => parser.write(piece), close: () => parser.close() }
}

/** Position of the column of a cell, from 0: `AB7` is in the 28th. */
function columnOf(reference: string): number | undefined {
  const letters = /^([A-Z]{1,3})\d{1,7}$/.exec(reference)?.[1]
  if (letters === undefined) return undefined
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}

function cellValue({ type, text }: { type: string; text: string }, texts: readonly string[], name: string): string {
  if (type === 'b') return text === '1' ? 'true' : 'false'
  if (type === 'e') throw fault(name, `a cell has the error ${text.slice(0, 20)}`)
  if (type !== 's') return text
  const shared = texts[Number(text)]
  if (shared === undefined) throw fault(name, `a cell names the text ${text.slice(0, 20)}, which is not there`)
  return shared
}
