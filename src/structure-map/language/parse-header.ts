import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { asJson } from '../../fhir/json.ts'
import type { StructureMap } from '../../fhir/types.ts'
import { CONSTANT } from '../model/extensions.ts'
import type { Structure } from '../model/structure.ts'
import { type Cursor, describeToken } from './cursor.ts'
import { document, ownComments } from './documentation.ts'
import type { Token } from './lexer.ts'
import { parseExpression } from './parse-expression.ts'
import { readName } from './parse-name.ts'

/** `/// key = value`: sets an element of the map; a path without value opens a new item of a repeating element. */
export function parseMetadata(cursor: Cursor, map: StructureMap): void {
  const token = cursor.advance()
  const key = /^\/\/\/[ \t]*([\w.[\]-]+)/.exec(token.text)?.[1] ?? ''
  const value = metadataValue(cursor, token)
  const members = asJson(map) // elements are set by name, checked against the table
  if (!setMetadata(members, key.split('.'), value)) {
    cursor.lenient('unknown-metadata', token, `'${key}' is not an element of StructureMap that a /// line can set`)
  }
}

function metadataValue(cursor: Cursor, token: Token): string | number | boolean | undefined {
  const text = token.value
  if (text.startsWith('"""')) return text.slice(3).replaceAll('\r\n', '\n')
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

/** What has its own syntax, what FML cannot say, and extensions, which `///` lines do not support. */
const NOT_METADATA = new Set([
  'resourceType',
  'structure',
  'import',
  'group',
  'contained',
  'text',
  'meta',
  'extension',
  'modifierExtension',
])

function setMetadata(root: JsonObject, path: string[], value: string | number | boolean | undefined): boolean {
  if (NOT_METADATA.has(path[0] ?? '') || path.includes('extension')) return false
  const infos = infosOf(path)
  const info = infos?.at(-1)
  const name = path.at(-1)
  if (!infos || !info || name === undefined) return false
  const complex = isComplex(info)
  if (value !== undefined && complex) return false
  let target = root
  for (const [index, step] of path.slice(0, -1).entries())
    target = stepInto(target, step, infos[index]?.isArray === true)
  if (value === undefined) return complex ? openItem(target, name, info.isArray) : delete target[name]
  const converted = convert(value, info.types[0] ?? 'string')
  if (info.isArray) appendTo(target, name, converted)
  else if (value !== '') target[name] = converted
  return true
}

type ElementInfo = NonNullable<ReturnType<typeof elementInfo>>

/** What is known of each element of a path; undefined when there is no such path: nothing lies below a value. Nothing is set before. */
function infosOf(path: string[]): ElementInfo[] | undefined {
  const infos: ElementInfo[] = []
  let type = 'StructureMap'
  for (const [index, name] of path.entries()) {
    const info = elementInfo(type, name)
    if (!info || (info.choice && info.types.length > 1)) return undefined
    if (index < path.length - 1 && !isComplex(info)) return undefined
    infos.push(info)
    type = info.childType
  }
  return infos
}

const isComplex = ({ childType }: ElementInfo) => childType[0] !== childType[0]?.toLowerCase()

function openItem(target: JsonObject, name: string, isArray: boolean): true {
  if (isArray) appendTo(target, name, {})
  else target[name] ??= {}
  return true
}

/** The map is made here and nobody else has it yet, so its lists grow in place. */
function appendTo(target: JsonObject, name: string, item: Json): void {
  const list = target[name]
  if (Array.isArray(list)) list.push(item)
  else target[name] = [item]
}

function stepInto(target: JsonObject, name: string, isArray: boolean): JsonObject {
  const found = target[name]
  const last = Array.isArray(found) ? found.at(-1) : found
  if (isJsonObject(last)) return last
  const made: JsonObject = {}
  target[name] = isArray ? [made] : made
  return made
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
  // A bare name with hyphens or dots is several tokens that touch.
  while (
    !cursor.token.spaced &&
    (cursor.is('-') || cursor.is('.') || cursor.token.kind === 'identifier' || cursor.token.kind === 'number')
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
  const known = declared(map)
  const use = `${mode} ${structure.url}`
  if (known.has(use)) cursor.lenient('duplicate-uses', token, `${structure.url} is declared twice as ${mode}`)
  known.add(use)
  map.structure ??= []
  map.structure.push(structure)
}

/** Modes and urls that a map declared so far. */
const declared = keepPerObject((_: StructureMap) => new Set<string>())

/** `imports "url"` */
export function parseImport(cursor: Cursor, map: StructureMap): void {
  cursor.advance()
  const url = readUrl(cursor, 'the import')
  map.import ??= []
  map.import.push(url)
  cursor.take(';')
}

/** `let name = expression;` */
export function parseConstant(cursor: Cursor, map: StructureMap): void {
  cursor.advance()
  const name = readName(cursor, 'the constant')
  cursor.expect('=', 'after the name of the constant')
  const expression = parseExpression(cursor)
  cursor.expect(';', 'after the constant')
  map.extension ??= []
  map.extension.push({
    url: CONSTANT,
    extension: [
      { url: 'name', valueId: name },
      { url: 'value', valueString: cursor.render(expression.from, expression.to) },
    ],
  })
}

/** Maps whose `map` line has been read; a concept map belongs before it. */
const headed = new WeakSet<StructureMap>()

/** Whether the `map` line has been read. */
export function isHeaded(map: StructureMap): boolean {
  return headed.has(map)
}
