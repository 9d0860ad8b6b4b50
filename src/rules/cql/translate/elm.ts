import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
import { correctLongLiteral } from '../corrections/literals.ts'
import { completeFunction } from '../terminology/functions.ts'

/** The members of an ELM library (https://cql.hl7.org/elm.html) that this room reads; the rest is the executor's. */
export interface Elm extends JsonObject {
  library: JsonObject & { identifier: JsonObject }
}

/** An ELM type specifier: named, list, interval, tuple or choice. */
export interface TypeSpecifier {
  type: string
  name?: string
  elementType?: TypeSpecifier
  pointType?: TypeSpecifier
  element?: { name: string; elementType?: TypeSpecifier }[]
  choice?: TypeSpecifier[]
}

/** Whether JSON is a type specifier: its further members are ELM, written by the translator or looked at where they are used. */
export const isTypeSpecifier = (value: unknown): value is TypeSpecifier =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Whether JSON is an ELM library, as far as this room reads it. */
export const isElm = (value: Json): value is Elm =>
  isJsonObject(value) && isJsonObject(value.library) && isJsonObject(value.library.identifier)

/** What the translator remarked on a library, and on the translation itself. */
export const annotations = ({ library }: Elm): JsonObject[] => objectsIn(library.annotation)

/** Line and column, from 1. */
type Position = [line: number, column: number]

/** Whether a position lies in the text of a define. */
export function liesIn({ place }: Define, [line, column]: Position): boolean {
  if (!place) return false
  const { from, to } = place
  const isAfter = line > from[0] || (line === from[0] && column >= from[1])
  return isAfter && (line < to[0] || (line === to[0] && column <= to[1]))
}

/** One define of a library. */
export interface Define {
  name: string
  context: string
  public: boolean
  type: TypeSpecifier | undefined
  /** Line and column of its first and last character, from 1; absent in ELM without locators. */
  place: { from: Position; to: Position } | undefined
  /** Defines of the same library that it refers to, in order of appearance. */
  references: string[]
  /** Parameters that it refers to. */
  parameters: string[]
}

/** Defines by name, once for a library: thousands of them are asked for one after the other. */
export const definesByName = keepPerObject(
  ({ defines }: { defines: Define[] }) => new Map(defines.map((each) => [each.name, each])),
)

/** One parameter declaration. */
export interface ParameterDeclaration {
  name: string
  type: TypeSpecifier | undefined
  hasDefault: boolean
}

/** Entries of `library.<section>.def`. */
export function definitions(elm: Elm, section: string): JsonObject[] {
  const holder = elm.library[section]
  const list = isJsonObject(holder) ? holder.def : undefined
  return objectsIn(list)
}

/** The defines of a library in order, functions and the context define (`Patient`) left out. */
export function defines(elm: Elm): Define[] {
  const contexts = new Set(definitions(elm, 'contexts').map((each) => each.name))
  return definitions(elm, 'statements')
    .filter((each) => each.type !== 'FunctionDef' && !(contexts.has(String(each.name)) && isContextDefine(each)))
    .map((each) => ({
      name: String(each.name),
      context: String(each.context ?? 'Unfiltered'),
      public: each.accessLevel !== 'Private',
      type: typeOf(each),
      place: placeOf(each.locator),
      references: referencedNames(each, 'ExpressionRef'),
      parameters: referencedNames(each, 'ParameterRef'),
    }))
}

function isContextDefine(statement: JsonObject): boolean {
  return isJsonObject(statement.expression) && statement.expression.type === 'SingletonFrom'
}

/** The parameters of a library. */
export function parameterDeclarations(elm: Elm): ParameterDeclaration[] {
  return definitions(elm, 'parameters').map((each) => ({
    name: String(each.name),
    type: isTypeSpecifier(each.parameterTypeSpecifier)
      ? each.parameterTypeSpecifier
      : (typeOf(each) ?? (isJsonObject(each.default) ? defaultType(each.default) : undefined)),
    hasDefault: each.default !== undefined,
  }))
}

/** The type of a default; ELM that was translated without types of results tells that of a literal alone. */
const defaultType = (node: JsonObject): TypeSpecifier | undefined =>
  typeOf(node) ??
  (node.type === 'Literal' && typeof node.valueType === 'string'
    ? { type: 'NamedTypeSpecifier', name: node.valueType }
    : undefined)

/** A code that a library names, and where. */
export interface CodeReference {
  system: string
  version: string | undefined
  code: string
  /** Line and column, from 1. */
  place: Position | undefined
}

/** Codes that a library declares or writes out, each once. */
export function codeReferences(elm: Elm): CodeReference[] {
  const systems = new Map(definitions(elm, 'codeSystems').map((each) => [each.name, each]))
  const found = new Map<string, CodeReference>()
  const add = (code: Json | undefined, reference: Json | undefined, locator: Json | undefined) => {
    const system =
      isJsonObject(reference) && reference.libraryName === undefined ? systems.get(reference.name) : undefined
    if (typeof code !== 'string' || typeof system?.id !== 'string') return
    const version = typeof system.version === 'string' ? system.version : undefined
    const key = JSON.stringify([system.id, version, code])
    if (!found.has(key)) found.set(key, { system: system.id, version, code, place: placeOf(locator)?.from })
  }
  for (const each of definitions(elm, 'codes')) add(each.id, each.codeSystem, each.locator)
  visit(elm.library.statements, (node) => {
    if (node.type === 'Code') add(node.code, node.system, node.locator)
  })
  return [...found.values()]
}

/** A value set that a library declares, and where. */
export interface ValueSetReference {
  /** Canonical, with its version when the library names one. */
  canonical: string
  place: Position | undefined
}

/** Value sets that a library declares. */
export const valueSetReferences = (elm: Elm): ValueSetReference[] =>
  definitions(elm, 'valueSets').flatMap(({ id, version, locator }) => {
    if (typeof id !== 'string') return []
    const canonical = typeof version === 'string' ? `${id}|${version}` : id
    return [{ canonical, place: placeOf(locator)?.from }]
  })

/** The static type of an ELM node, from result types. */
function typeOf(node: JsonObject): TypeSpecifier | undefined {
  if (isTypeSpecifier(node.resultTypeSpecifier)) return node.resultTypeSpecifier
  return typeof node.resultTypeName === 'string' ? { type: 'NamedTypeSpecifier', name: node.resultTypeName } : undefined
}

function placeOf(locator: Json | undefined): Define['place'] {
  const match = typeof locator === 'string' ? /^(\d+):(\d+)(?:-(\d+):(\d+))?$/.exec(locator) : null
  if (!match) return undefined
  const [line, column, lastLine = line, lastColumn = column] = match.slice(1).map((each) => each && Number(each))
  return { from: [Number(line), Number(column)], to: [Number(lastLine), Number(lastColumn)] }
}

function referencedNames(node: Json | undefined, type: 'ExpressionRef' | 'ParameterRef'): string[] {
  const names = new Set<string>()
  visit(node, (each) => {
    if (each.type === type && each.libraryName === undefined && typeof each.name === 'string') names.add(each.name)
  })
  return [...names]
}

/** Calls `see` for every object in a JSON value, outermost first. */
export function visit(node: Json | undefined, see: (object: JsonObject) => void): void {
  if (Array.isArray(node)) for (const each of node) visit(each, see)
  else if (isJsonObject(node)) {
    see(node)
    for (const member in node) visit(node[member], see)
  }
}

/**
 * Corrects ELM before it is executed. A query without return clause gives its source's elements as they are (CQL 1.5, queries), but the
 * executor would remove duplicates, which also costs a deep comparison of every resource.
 */
export function prepareElm(elm: Elm): Elm {
  visit(elm.library, (node) => {
    correctLongLiteral(node)
    completeFunction(node, elm.library.identifier.id)
    if (node.type !== 'Query' || node.return !== undefined || node.aggregate !== undefined) return
    const sources = Array.isArray(node.source) ? node.source : []
    const [source] = sources
    if (sources.length !== 1 || !isJsonObject(source) || typeof source.alias !== 'string') return
    node.return = { distinct: false, expression: { type: 'AliasRef', name: source.alias } }
  })
  return elm
}

/** Every text that a library writes as a literal. */
export function literalTexts(elm: Elm): string[] {
  const texts: string[] = []
  visit(elm.library, (node) => {
    if (
      node.type === 'Literal' &&
      node.valueType === '{urn:hl7-org:elm-types:r1}String' &&
      typeof node.value === 'string'
    )
      texts.push(node.value)
  })
  return texts
}

/** What was put before a text to make a library of it. */
export interface Preface {
  lines: number
  /** It is a text of the author's own, whose lines keep their numbers. */
  isAuthored: boolean
}

/** Line of the author's text for a line of the whole; undefined for one that nobody but this server wrote. */
export function authorsLine(line: number, { lines, isAuthored }: Preface): number | undefined {
  if (line > lines) return line - lines
  return isAuthored ? line : undefined
}

/** Makes positions count as the author does; in place. */
export function shiftLocators(elm: Elm, preface: Preface): void {
  if (preface.lines === 0) return
  visit(elm.library, (node) => {
    if (typeof node.locator !== 'string') return
    node.locator = node.locator.replace(
      /(^|-)(\d+):/g,
      (_, mark: string, line: string) => `${mark}${authorsLine(Number(line), preface) ?? 0}:`,
    )
  })
}

/** Includes as the executor will ask for them. */
export function includeDefinitions(elm: Elm): { path: string; version: string | undefined; alias: string }[] {
  return definitions(elm, 'includes').map((each) => ({
    path: String(each.path),
    version: typeof each.version === 'string' ? each.version : undefined,
    alias: String(each.localIdentifier),
  }))
}

/** CQL text of a type specifier, e.g. `List<Interval<System.DateTime>>`, `FHIR.Patient`. */
export function formatType(type: TypeSpecifier | undefined): string {
  if (!type) return 'System.Any'
  if (type.elementType) return `List<${formatType(type.elementType)}>`
  if (type.pointType) return `Interval<${formatType(type.pointType)}>`
  if (type.type === 'TupleTypeSpecifier') return `Tuple{${(type.element ?? []).map(formatElement).join(', ')}}`
  if (type.choice) return `Choice<${type.choice.map(formatType).join(', ')}>`
  return (
    (type.name ?? 'System.Any')
      .replace('{urn:hl7-org:elm-types:r1}', 'System.')
      .replace('{http://hl7.org/fhir}', 'FHIR.')
      // Types of a logical model, by their names in it.
      .replace(/^\{.*\}/, '')
  )
}

const formatElement = (element: { name: string; elementType?: TypeSpecifier }) =>
  `${element.name} ${formatType(element.elementType)}`
