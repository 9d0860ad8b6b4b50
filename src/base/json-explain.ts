/** Finds the first fault of a JSON text that JSON.parse refused, or that has a member twice; the slow path of json.ts. */
import { JsonError } from './json-error.ts'

/** Line and column, both from 1, of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

/** The fault with line, column and, for a double member, its path; undefined when there is none. */
export function explainJson(text: string): JsonError | undefined {
  try {
    const scan: Scan = { text, at: 0, path: [] }
    readValue(scan)
    skipSpace(scan)
    if (scan.at < text.length) throw fault(scan, 'text after the end of the JSON value')
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
}

interface Scan {
  text: string
  at: number
  path: string[]
}

function fault(scan: Scan, what: string, at = scan.at): JsonError {
  const { line, column } = placeOf(scan.text, at)
  const expression = scan.path.join('').replace(/^\./, '')
  const diagnostics = `line ${line}, column ${column}: ${what}`
  const place = { diagnostics, ...(expression ? { expression } : {}) }
  return new JsonError('structure', `Not valid JSON at line ${line}, column ${column}: ${what}`, place)
}

function skipSpace(scan: Scan): void {
  while (/[ \t\r\n]/.test(scan.text[scan.at] ?? '')) scan.at++
}

function readValue(scan: Scan): void {
  skipSpace(scan)
  const first = scan.text[scan.at]
  if (first === '{') readObject(scan)
  else if (first === '[') readArray(scan)
  else if (first === '"') readString(scan)
  else readLiteral(scan)
}

function readLiteral(scan: Scan): void {
  const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
  literal.lastIndex = scan.at
  const found = literal.exec(scan.text)
  if (!found) throw fault(scan, scan.at >= scan.text.length ? 'the text ends too early' : 'a value was expected')
  scan.at += found[0].length
}

function readObject(scan: Scan): void {
  const names = new Set<string>()
  scan.at++
  skipSpace(scan)
  if (take(scan, '}')) return
  do {
    skipSpace(scan)
    const start = scan.at
    if (scan.text[start] !== '"') throw fault(scan, 'a member name in double quotes was expected')
    const name = readString(scan)
    if (names.has(name)) throw fault(scan, `the member "${name}" occurs twice`, start)
    names.add(name)
    skipSpace(scan)
    if (!take(scan, ':')) throw fault(scan, 'a colon was expected')
    scan.path.push(`.${name}`)
    readValue(scan)
    scan.path.pop()
    skipSpace(scan)
  } while (take(scan, ','))
  if (!take(scan, '}')) throw fault(scan, 'a comma or } was expected')
}

function readArray(scan: Scan): void {
  scan.at++
  skipSpace(scan)
  if (take(scan, ']')) return
  let index = 0
  do {
    scan.path.push(`[${index++}]`)
    readValue(scan)
    scan.path.pop()
    skipSpace(scan)
  } while (take(scan, ','))
  if (!take(scan, ']')) throw fault(scan, 'a comma or ] was expected')
}

function readString(scan: Scan): string {
  const start = scan.at
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings
  const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y
  string.lastIndex = start
  const found = string.exec(scan.text)?.[0] ?? ''
  scan.at = start + found.length
  if (!take(scan, '"')) {
    throw fault(
      scan,
      scan.at >= scan.text.length ? 'the text ends inside a string' : 'a character that a string cannot have',
    )
  }
  return String(JSON.parse(`${found}"`))
}

function take(scan: Scan, character: string): boolean {
  if (scan.text[scan.at] !== character) return false
  scan.at++
  return true
}
