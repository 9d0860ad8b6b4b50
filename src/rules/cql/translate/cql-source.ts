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
  const included = new Set<string>()
  const placeAt = placesIn(cql)
  for (let i = 0; i < tokens.length; i++) {
    const word = tokens[i]
    if (word !== 'library' && word !== 'include' && word !== 'using') continue
    const read = readIdentifier(tokens, i + 1)
    if (!read) continue
    const place = placeAt(matches[i]?.index ?? 0)
    // Words within a qualified name open nothing: read anew from each of them a long one would take its square in time.
    i += read.skipped
    const { identifier } = read
    if (word === 'library') header.identifier ??= identifier
    else if (word === 'using') header.usings.push({ ...identifier, place })
    else if (!included.has(keyOf(identifier))) {
      included.add(keyOf(identifier))
      header.includes.push(identifier)
    }
  }
  return header
}

const keyOf = ({ id, version, namespace }: LibraryIdentifier) => JSON.stringify([id, version, namespace])

/** Where a text includes a library, for whoever has something to say about it; undefined where it does not. Reads the whole text. */
export function includePlace(cql: string, wanted: LibraryIdentifier): UsedModel['place'] {
  const matches = headerMatches(cql)
  const tokens = matches.map(([token]) => token)
  for (let i = 0; i < tokens.length; i++) {
    const read = tokens[i] === 'include' ? readIdentifier(tokens, i + 1) : undefined
    if (!read) continue
    if (isDeepStrictEqual(read.identifier, wanted)) return placesIn(cql)(matches[i]?.index ?? 0)
    i += read.skipped
  }
  return undefined
}

/** Places in a text, to be asked for from its beginning to its end: none of it is read twice. */
function placesIn(text: string): (index: number) => { line: number; column: number } {
  let line = 1
  let start = 0
  return (index) => {
    for (let end = text.indexOf('\n', start); end !== -1 && end < index; end = text.indexOf('\n', start)) {
      line++
      start = end + 1
    }
    return { line, column: index - start + 1 }
  }
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
  const parts: string[] = []
  let copied = 0
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.[0]
    if (word !== 'library' && word !== 'include' && word !== 'using') continue
    let last = at + 1
    for (; tokens[last + 1]?.[0] === '.' && tokens[last + 2]; last += 2) {
      const from = tokens[last]?.index ?? 0
      const to = (tokens[last + 1]?.index ?? 0) + 1
      parts.push(cql.slice(copied, from), cql.slice(from, to).replace(/[^\n]/g, ' '))
      copied = to
    }
    at = last - 1
  }
  parts.push(cql.slice(copied))
  return parts.join('')
}

/** `A.B version '1'`: the last part of a qualified name is the id, the namespace stands before it; `skipped` are the tokens of that. */
function readIdentifier(
  tokens: string[],
  from: number,
): { identifier: LibraryIdentifier; skipped: number } | undefined {
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
  return { identifier, skipped: 2 * namespace.length }
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
