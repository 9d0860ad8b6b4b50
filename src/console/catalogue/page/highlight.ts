/** Which pieces of a line of code are words of the language, texts, comments: light, for reading. Never changes what stands there. */

/** A language that is coloured. */
export type CodeLanguage = 'fml' | 'cql' | 'json' | 'plain'

/** A piece of a line; all pieces of a line, put together, are the line. */
export interface Token {
  kind: 'word' | 'text' | 'comment' | 'number' | 'plain'
  text: string
}

const fmlWords =
  'map uses imports conceptmap prefix group extends default types type source target queried produced alias as then where check log share first last not_first not_last only_one let for const'
const cqlWords =
  'library using include called version public private parameter default codesystem valueset code concept define function fluent context return where sort by asc desc with without such that let and or not xor implies is null true false as cast if then else case when end exists in contains properly during includes included before after same overlaps starts ends meets between within distinct all any from singleton flatten collapse expand union intersect except Interval List Tuple Code Concept minimum maximum year years month months week weeks day days hour hours minute minutes second seconds millisecond date time timezoneoffset width start of external'

const words: Record<CodeLanguage, ReadonlySet<string>> = {
  fml: new Set(fmlWords.split(' ')),
  cql: new Set(cqlWords.split(' ')),
  json: new Set(['true', 'false', 'null']),
  plain: new Set(),
}

const piece = /\/\/.*|\/\*.*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b\d+(?:\.\d+)?\b|[A-Za-z_][\w-]*/g

/** Longer lines are shown without colours: nobody reads them. */
const longest = 2_000

/** The pieces of a line. @param isInComment whether a comment of several lines is open at its beginning */
export function tokens(line: string, language: CodeLanguage, isInComment = false): Token[] {
  if (language === 'plain' || line.length > longest) return [{ kind: 'plain', text: line }]
  if (isInComment) {
    const end = line.indexOf('*/')
    if (end < 0) return [{ kind: 'comment', text: line }]
    return [{ kind: 'comment', text: line.slice(0, end + 2) }, ...tokens(line.slice(end + 2), language)]
  }
  const found: Token[] = []
  let at = 0
  for (const match of line.matchAll(piece)) {
    if (match.index < at) continue
    const kind = kindOf(match[0], language)
    if (match.index > at) found.push({ kind: 'plain', text: line.slice(at, match.index) })
    found.push({ kind, text: match[0] })
    at = match.index + match[0].length
  }
  const rest = line.slice(at)
  const open = language === 'json' ? -1 : rest.indexOf('/*')
  if (open >= 0) found.push({ kind: 'plain', text: rest.slice(0, open) }, { kind: 'comment', text: rest.slice(open) })
  else if (rest) found.push({ kind: 'plain', text: rest })
  return found
}

function kindOf(text: string, language: CodeLanguage): Token['kind'] {
  if (language !== 'json' && /^\/[/*]/.test(text)) return 'comment'
  if (/^["']/.test(text)) return 'text'
  if (/^\d/.test(text)) return 'number'
  return words[language].has(text) ? 'word' : 'plain'
}

/** Which lines begin inside of a comment that was opened before. */
export function linesInComment(lines: readonly string[], language: CodeLanguage): ReadonlySet<number> {
  const found = new Set<number>()
  if (language !== 'fml' && language !== 'cql') return found
  let isOpen = false
  lines.forEach((line, index) => {
    if (isOpen) found.add(index)
    isOpen = endsInComment(line, isOpen)
  })
  return found
}

const sign = /\/\/|\/\*|\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g

function endsInComment(line: string, wasOpen: boolean): boolean {
  // So long a line is read by nobody, and could be made to be searched for ever.
  if (line.length > longest) return wasOpen
  let isOpen = wasOpen
  sign.lastIndex = 0
  for (let match = sign.exec(line); match; match = sign.exec(line)) {
    if (isOpen) {
      const end = line.indexOf('*/', match.index)
      if (end < 0) return true
      isOpen = false
      sign.lastIndex = end + 2
    } else if (match[0] === '//') return false
    else if (match[0] === '/*') isOpen = true
  }
  return isOpen
}
