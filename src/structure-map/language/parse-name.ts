import { type Cursor, describeToken } from './cursor.ts'

/** Words that the grammar allows as names although they are keywords elsewhere. */
const RESERVED = new Set(['then', 'true', 'false'])
/** A name as variable, element, group or type; quotes are taken off. */
export function readName(cursor: Cursor, what: string): string {
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string') {
    cursor.lenient('quoted-element', token, `Names take backticks, not quotes: ${token.text}`)
  } else if (token.kind !== 'identifier' && token.kind !== 'delimited') {
    cursor.fail(`Expected the name of ${what}, found ${describeToken(token)}`)
  } else if (token.kind === 'identifier' && RESERVED.has(token.text)) {
    cursor.fail(`Expected the name of ${what}, found the keyword '${token.text}'`)
  }
  if (token.value === '') cursor.fail(`The name of ${what} is empty`)
  cursor.advance()
  return token.value
}

/** Words that have a meaning in the grammar and are taken as variable names all the same. */
const KEYWORDS = new Set(
  'map uses alias imports conceptmap prefix let group extends source target queried produced types where check log default as then first not_first last not_last only_one share collate single'.split(
    ' ',
  ),
)

/** A variable; a keyword as name is noted, because the strict grammar of names does not have it. */
export function readVariable(cursor: Cursor, what: string): string {
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string') {
    cursor.fail(`Expected the name of ${what}, found ${describeToken(token)}`)
  }
  const name = readName(cursor, what)
  if (token.kind === 'identifier' && (KEYWORDS.has(name) || name.startsWith('_'))) {
    cursor.lenient('keyword-as-name', token, `'${name}' is a keyword; write \`${name}\``)
  }
  return name
}

/** The names behind a variable, each after a dot. */
export function readPath(cursor: Cursor): string[] {
  const path: string[] = []
  while (cursor.take('.')) path.push(readName(cursor, 'an element'))
  return path
}
