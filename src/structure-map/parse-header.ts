import { elementInfo } from '../fhir/elements.ts'
import type { ConceptMap, Json, JsonObject, StructureMap } from '../fhir/types.ts'
import { type Cursor, describeToken } from './cursor.ts'
import { parseExpression } from './expression.ts'
import { CONSTANT, extend } from './extensions.ts'
import type { Token } from './lexer.ts'
import { document, ownComments, readName } from './parse-rule.ts'
import type { Structure } from './structure.ts'

/** R4 equivalences under the signs of an inline concept map; what stands on the left is the source. */
export const EQUIVALENCES = {
  '==': 'equivalent',
  '=': 'equal',
  '-': 'relatedto',
  '!=': 'disjoint',
  '--': 'unmatched',
  '<=': 'wider',
  '<': 'wider',
  '<-': 'subsumes',
  '>=': 'narrower',
  '>': 'narrower',
  '>-': 'specializes',
  '~': 'inexact',
} as const
/** One of the signs. */
type EquivalenceSign = keyof typeof EQUIVALENCES

/** `/// key = value`: sets an element of the map; a path without value opens a new item of a repeating element. */
export function parseMetadata(cursor: Cursor, map: StructureMap): void {
  const token = cursor.advance()
  const key = /^\/\/\/[ \t]*([\w.[\]-]+)/.exec(token.text)?.[1] ?? ''
  const value = metadataValue(cursor, token)
  const members = map as unknown as JsonObject // the one place that sets elements by name, checked against the table
  if (!setMetadata(members, key.split('.'), value)) {
    cursor.lenient('unknown-metadata', token, `'${key}' is not an element of StructureMap that a /// line can set`)
  }
}

function metadataValue(cursor: Cursor, token: Token): string | number | boolean | undefined {
  const text = token.value
  if (text.startsWith('"""')) return text.slice(3)
  if (text === '') return undefined
  const quote = text[0]
  if (quote === '"' || quote === "'") {
    const literal = /^(["'])((?:\\.|(?!\1)[^\\])*)\1\s*(?:\/\/.*)?$/.exec(text)
    if (!literal) {
      cursor.error(token, `The value ${text.slice(0, 40)} is not one quoted text`)
      return undefined
    }
    return unescapeText(literal[2] ?? '')
  }
  const bare = text.replace(/\s+\/\/.*$/, '')
  if (bare === 'true' || bare === 'false') return bare === 'true'
  if (/^-?\d+(\.\d+)?$/.test(bare)) return Number(bare)
  return bare.replace(/^@/, '')
}

function unescapeText(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return { n: '\n', r: '\r', t: '\t', f: '\f' }[escaped] ?? escaped
  })
}

const NOT_METADATA = new Set(['resourceType', 'structure', 'import', 'group', 'contained', 'text', 'meta'])

function setMetadata(root: JsonObject, path: string[], value: string | number | boolean | undefined): boolean {
  let type = 'StructureMap'
  let target = root
  if (NOT_METADATA.has(path[0] ?? '')) return false
  for (const [index, name] of path.entries()) {
    const info = elementInfo(type, name)
    if (!info || (info.choice && info.types.length > 1)) return false
    const last = index === path.length - 1
    if (last) {
      const complex = info.childType[0] !== info.childType[0]?.toLowerCase()
      if (value === undefined) return complex ? openItem(target, name, info.isArray) : delete target[name]
      if (complex) return false
      const converted = convert(value, info.types[0] ?? 'string')
      if (info.isArray) target[name] = [...((target[name] as Json[] | undefined) ?? []), converted]
      else if (value !== '') target[name] = converted
      return true
    }
    target = stepInto(target, name, info.isArray)
    type = info.childType
  }
  return false
}

function openItem(target: JsonObject, name: string, isArray: boolean): true {
  if (isArray) target[name] = [...((target[name] as Json[] | undefined) ?? []), {}]
  else target[name] ??= {}
  return true
}

function stepInto(target: JsonObject, name: string, isArray: boolean): JsonObject {
  target[name] ??= isArray ? [{}] : {}
  const found = target[name]
  return (Array.isArray(found) ? found[found.length - 1] : found) as JsonObject // an item is there: it was made with one
}

function convert(value: string | number | boolean, type: string): string | number | boolean {
  if (type === 'boolean') return value === true || value === 'true'
  if (['integer', 'decimal', 'positiveInt', 'unsignedInt'].includes(type)) return Number(value)
  return String(value)
}

/** `map "url" = name` */
export function parseMapLine(cursor: Cursor, map: StructureMap): void {
  headed.add(map)
  cursor.advance()
  map.url = readUrl(cursor, 'the map')
  cursor.expect('=', 'after the url of the map')
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string') {
    cursor.lenient('quoted-map-name', token, `The name of a map takes no quotes: ${token.text}`)
    map.name = cursor.advance().value
    return
  }
  map.name = readName(cursor, 'the map')
  // A bare name with hyphens is several tokens that touch.
  while (
    !cursor.token.spaced &&
    (cursor.is('-') || cursor.token.kind === 'identifier' || cursor.token.kind === 'number')
  ) {
    map.name += cursor.advance().text
  }
}

function readUrl(cursor: Cursor, what: string): string {
  const { token } = cursor
  if (token.kind === 'string') {
    cursor.lenient('single-quoted-url', token, `The url of ${what} takes double quotes: ${token.text}`)
  } else if (token.kind !== 'double')
    cursor.fail(`Expected the url of ${what} in double quotes, found ${describeToken(token)}`)
  if (token.value.trim() === '') cursor.fail(`The url of ${what} is empty`)
  cursor.advance()
  return token.value
}

const MODES = ['source', 'target', 'queried', 'produced'] as const

/** `uses "url" alias X as source` */
export function parseUses(cursor: Cursor, map: StructureMap): void {
  const before = cursor.takeComments()
  cursor.advance()
  const { token } = cursor
  const structure: Structure = { url: readUrl(cursor, 'the structure'), mode: 'source' }
  if (cursor.take('alias')) structure.alias = readName(cursor, 'the alias')
  cursor.expect('as', 'before the mode of the structure')
  const mode = MODES.find((each) => cursor.is(each))
  if (!mode) cursor.fail(`Expected ${MODES.join(', ')}, found ${describeToken(cursor.token)}`)
  structure.mode = mode
  cursor.advance()
  cursor.take(';')
  document(structure, [...before, ...ownComments(cursor)])
  if (map.structure?.some((each) => each.url === structure.url && each.mode === mode)) {
    cursor.lenient('duplicate-uses', token, `${structure.url} is declared twice as ${mode}`)
  }
  map.structure = [...(map.structure ?? []), structure]
}

/** `imports "url"` */
export function parseImport(cursor: Cursor, map: StructureMap): void {
  cursor.advance()
  map.import = [...(map.import ?? []), readUrl(cursor, 'the import')]
  cursor.take(';')
}

/** `let name = expression;` */
export function parseConstant(cursor: Cursor, map: StructureMap): void {
  cursor.advance()
  const name = readName(cursor, 'the constant')
  cursor.expect('=', 'after the name of the constant')
  const expression = parseExpression(cursor)
  cursor.expect(';', 'after the constant')
  extend(map, {
    url: CONSTANT,
    extension: [
      { url: 'name', valueId: name },
      { url: 'value', valueString: cursor.render(expression.from, expression.to) },
    ],
  })
}

/** `conceptmap "#id" { … }`, kept as contained resource. */
export function parseConceptMap(cursor: Cursor, map: StructureMap): void {
  const start = cursor.advance()
  if (map.structure?.length || map.import || headed.has(map)) {
    cursor.lenient('late-conceptmap', start, 'A concept map stands before the map line and the structures')
  }
  const url = cursor.token
  if (url.kind !== 'double' && url.kind !== 'string')
    cursor.fail(`Expected the id of the concept map in quotes, found ${describeToken(url)}`)
  cursor.advance()
  const id = url.value.replace(/^#/, '')
  const conceptMap: ConceptMap = { resourceType: 'ConceptMap', id, status: map.status, group: [] }
  cursor.expect('{', 'before the concept map')
  const prefixes = new Map<string, string>()
  while (cursor.is('prefix') && cursor.peek(2).text === '=') {
    cursor.advance()
    const prefix = readName(cursor, 'the prefix')
    cursor.expect('=', 'after the prefix')
    const { token } = cursor
    if (token.kind !== 'double' && token.kind !== 'string') cursor.fail('Expected the url of the prefix in quotes')
    prefixes.set(prefix, cursor.advance().value)
    cursor.take(';')
  }
  while (!cursor.is('}')) {
    if (cursor.token.kind === 'end') cursor.fail("Expected '}' after the concept map, found the end of the text")
    if (cursor.is('unmapped')) parseUnmapped(cursor, conceptMap, prefixes)
    else parseMapping(cursor, conceptMap, prefixes)
    cursor.take(';')
  }
  cursor.advance()
  map.contained = [...(map.contained ?? []), conceptMap]
}

/** Maps whose `map` line has been read; a concept map belongs before it. */
const headed = new WeakSet<StructureMap>()

function systemOf(cursor: Cursor, prefixes: Map<string, string>): string {
  const { token } = cursor
  const prefix = readName(cursor, 'a prefix')
  const system = prefixes.get(prefix)
  if (system === undefined)
    cursor.error(token, `Prefix '${prefix}' is not declared; declared are ${[...prefixes.keys()].join(', ') || 'none'}`)
  return system ?? prefix
}

function parseUnmapped(cursor: Cursor, conceptMap: ConceptMap, prefixes: Map<string, string>): void {
  cursor.advance()
  cursor.expect('for', 'after unmapped')
  const source = systemOf(cursor, prefixes)
  cursor.expect('=', 'after the prefix')
  const { token } = cursor
  const mode = cursor.advance().value
  if (mode !== 'provided' && mode !== 'fixed')
    cursor.error(token, `Expected provided or fixed, found ${describeToken(token)}`)
  for (const group of conceptMap.group ?? [])
    if (group.source === source) group.unmapped = { mode: mode === 'fixed' ? 'fixed' : 'provided' }
}

function parseMapping(cursor: Cursor, conceptMap: ConceptMap, prefixes: Map<string, string>): void {
  const source = systemOf(cursor, prefixes)
  cursor.expect(':', 'after the prefix')
  const code = readCode(cursor)
  const sign = readSign(cursor)
  if (sign === '--') {
    addMapping(conceptMap, { source, code })
    return
  }
  const target = systemOf(cursor, prefixes)
  cursor.expect(':', 'after the prefix')
  addMapping(conceptMap, { source, code, target, targetCode: readCode(cursor), sign })
}

function readSign(cursor: Cursor): EquivalenceSign {
  const first = cursor.advance()
  let text = first.text
  if (cursor.is('-') && !cursor.token.spaced && `${text}-` in EQUIVALENCES) text += cursor.advance().text
  if (!(text in EQUIVALENCES)) {
    cursor.error(first, `Unknown relation ${describeToken(first)}; known are ${Object.keys(EQUIVALENCES).join(' ')}`)
    return '-'
  }
  return text as EquivalenceSign // checked against the table
}

/** A code in quotes, or bare: then it goes on while tokens touch (`nach-da`), for a space ends it. */
function readCode(cursor: Cursor): string {
  const { token } = cursor
  if (token.kind === 'double' || token.kind === 'string' || token.kind === 'delimited') return cursor.advance().value
  if (token.kind !== 'identifier' && token.kind !== 'number')
    cursor.fail(`Expected a code, found ${describeToken(token)}`)
  let code = cursor.advance().text
  while (!cursor.token.spaced && !cursor.is('}') && !cursor.is(';') && cursor.token.kind !== 'end' && !isSign(cursor)) {
    code += cursor.advance().text
  }
  return code
}

function isSign(cursor: Cursor): boolean {
  return cursor.token.text !== '-' && cursor.token.text in EQUIVALENCES
}

function addMapping(
  conceptMap: ConceptMap,
  mapping: { source: string; code: string; target?: string; targetCode?: string; sign?: EquivalenceSign },
): void {
  const { source, code, target, targetCode, sign = '--' } = mapping
  conceptMap.group ??= []
  let group = conceptMap.group.find(
    (each) => each.source === source && (target === undefined || each.target === target),
  )
  if (!group) {
    group = { source, ...(target !== undefined ? { target } : {}), element: [] }
    conceptMap.group.push(group)
  }
  let element = group.element.find((each) => each.code === code)
  if (!element) {
    element = { code }
    group.element.push(element)
  }
  element.target = [
    ...(element.target ?? []),
    { ...(targetCode !== undefined ? { code: targetCode } : {}), equivalence: EQUIVALENCES[sign] },
  ]
}
