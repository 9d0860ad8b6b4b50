import { isDeepStrictEqual } from 'node:util'

/** Identity of a CQL library. */
export interface LibraryIdentifier {
  id: string
  version?: string
  /** Of a qualified name (`MyOrg.FHIR.Common`), what stands before its last part; absent in a plain one. */
  namespace?: string
}

/** What the header of a CQL text says (CQL 1.5, library, include and using declarations). */
export interface CqlHeader {
  /** Absent in an unnamed library. */
  identifier?: LibraryIdentifier
  includes: LibraryIdentifier[]
  usings: UsedModel[]
}

/** A data model as a using declaration names it. */
export interface UsedModel extends LibraryIdentifier {
  /** Where it is named; absent in ELM without locators. */
  place?: { line: number; column: number }
  /** Of a model that ELM names: its url. */
  url?: string
}

/** What is opened and never closed ends with the text: looking for an end from every later mark would take its square in time. */
const tokenPattern =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:\\[\s\S]|[^'\\])*(?:'|\\?$)|"(?:\\[\s\S]|[^"\\])*(?:"|\\?$)|`(?:\\[\s\S]|[^`\\])*(?:`|\\?$)|[A-Za-z_]\w*|[^\s]/g
const bodyWords = new Set(['define', 'context', 'parameter', 'codesystem', 'valueset', 'code', 'concept'])

/**
 * Reads library identity and includes without the translator, so that included libraries can be fetched before it runs. Never fails:
 * what is no header is left for the translator to complain about.
 */
export function readHeader(cql: string): CqlHeader {
  const matches = headerMatches(cql)
  const tokens = matches.map(([token]) => token)
  const header: CqlHeader = { includes: [], usings: [] }
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === 'library' && !header.identifier) {
      const read = readIdentifier(tokens, i + 1)
      if (read) header.identifier = read
    } else if (tokens[i] === 'include') {
      const read = readIdentifier(tokens, i + 1)
      if (read && !header.includes.some((each) => isDeepStrictEqual(each, read))) header.includes.push(read)
    } else if (tokens[i] === 'using') {
      const read = readIdentifier(tokens, i + 1)
      if (read) header.usings.push({ ...read, place: placeAt(cql, matches[i]?.index ?? 0) })
    }
  }
  return header
}

/** Where a text includes a library, for whoever has something to say about it; undefined where it does not. */
export function includePlace(cql: string, wanted: LibraryIdentifier): UsedModel['place'] {
  const matches = headerMatches(cql)
  const tokens = matches.map(([token]) => token)
  const at = tokens.findIndex(
    (token, i) => token === 'include' && isDeepStrictEqual(readIdentifier(tokens, i + 1), wanted),
  )
  const found = matches[at]
  return found && placeAt(cql, found.index)
}

function placeAt(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

function headerMatches(cql: string): RegExpExecArray[] {
  const matches: RegExpExecArray[] = []
  for (const match of cql.matchAll(tokenPattern)) {
    const token = match[0]
    if (token.startsWith('//') || token.startsWith('/*')) continue
    if (bodyWords.has(token)) break
    matches.push(match)
  }
  return matches
}

/**
 * The text with the namespaces of its library, include and using statements blanked out: libraries are told apart by id and version
 * here, models are found before, and the translator would ask for namespaces that nobody has declared. Lines and columns stay as they are.
 */
export function withoutNamespaces(cql: string): string {
  const tokens = headerMatches(cql)
  let text = cql
  for (const [at, { 0: word }] of tokens.entries()) {
    if (word !== 'library' && word !== 'include' && word !== 'using') continue
    for (let i = at + 1; tokens[i + 1]?.[0] === '.' && tokens[i + 2]; i += 2) {
      const from = tokens[i]?.index ?? 0
      const to = (tokens[i + 1]?.index ?? 0) + 1
      text = text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, ' ') + text.slice(to)
    }
  }
  return text
}

/** `A.B version '1'`: the last part of a qualified name is the id, the namespace stands before it. */
function readIdentifier(tokens: string[], from: number): LibraryIdentifier | undefined {
  let at = from
  let name = tokens[at++]
  if (name === undefined) return undefined
  const namespace: string[] = []
  while (tokens[at] === '.' && tokens[at + 1] !== undefined) {
    namespace.push(unquote(name))
    name = tokens[at + 1] ?? name
    at += 2
  }
  const identifier: LibraryIdentifier = { id: unquote(name) }
  if (namespace.length > 0) identifier.namespace = namespace.join('.')
  const version = tokens[at + 1]
  if (tokens[at] === 'version' && version?.startsWith("'")) identifier.version = unquote(version)
  return identifier
}

function unquote(token: string): string {
  return /^['"`]/.test(token) ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token
}

/** `id|version` or bare id; within one translation libraries are told apart by that alone. */
export function formatIdentifier(identifier: LibraryIdentifier): string {
  return identifier.version ? `${identifier.id}|${identifier.version}` : identifier.id
}

/** The whole name, with its namespace: what a reader knows a library by. */
export function fullName(identifier: LibraryIdentifier): string {
  const name = formatIdentifier(identifier)
  return identifier.namespace === undefined ? name : `${identifier.namespace}.${name}`
}
