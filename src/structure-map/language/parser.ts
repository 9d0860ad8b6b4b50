import { keepPerObject } from '../../base/keep.ts'
import { typeInfo } from '../../fhir/elements.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Issue, StructureMap } from '../../fhir/types.ts'
import { extend, POSITION } from '../model/extensions.ts'
import type { Group } from '../model/structure.ts'
import { checkVariables } from './check-variables.ts'
import { type Cursor, createCursor, describeToken, SyntaxFault } from './cursor.ts'
import { document, ownComments } from './documentation.ts'
import { parseConceptMap } from './parse-concept-map.ts'
import { parseConstant, parseImport, parseMapLine, parseMetadata, parseUses } from './parse-header.ts'
import { readName, readVariable } from './parse-name.ts'
import { parseRules } from './parse-rule.ts'
import type { Span } from './position.ts'

/** What came of a text. */
export interface ParsedMap {
  /** R4 spelling; places of groups and rules in the extension POSITION. */
  map: StructureMap
  /** Lenient forms met, each with `diagnostics` `line L, column C: …` and a code `fml-lenient-<name>`. */
  warnings: Issue[]
  /** Where a group, rule, source or target of `map` stands in the text. */
  spanOf(element: object): Span | undefined
}

/**
 * Reads a map in the FHIR Mapping Language (https://hl7.org/fhir/R4/mapping-language.html and the later syntax with
 * `///` metadata). Throws a FhirError 422 with every syntax error of the text, each with line and column. Published
 * forms that the grammar does not have are warnings; with `strict` they are errors too.
 */
export function parseMap(text: string, options: { strict?: boolean } = {}): ParsedMap {
  const cursor = createCursor(text, options.strict === true)
  const map: StructureMap = {
    resourceType: 'StructureMap',
    url: '',
    name: '',
    status: 'draft',
    structure: [],
    group: [],
  }
  while (cursor.token.kind !== 'end') parseDeclaration(cursor, map)
  finish(cursor, map)
  const errors = cursor.issues.filter((each) => each.severity === 'error')
  if (errors.length > 0) throw new FhirError(422, inOrder(errors))
  return { map, warnings: inOrder(cursor.issues), spanOf: cursor.spanOf }
}

const DECLARATIONS: Record<string, (cursor: Cursor, map: StructureMap) => void> = {
  map: parseMapLine,
  uses: parseUses,
  imports: parseImport,
  let: parseConstant,
  conceptmap: parseConceptMap,
}

function parseDeclaration(cursor: Cursor, map: StructureMap): void {
  const start = cursor.index()
  try {
    if (cursor.token.kind === 'metadata') {
      parseMetadata(cursor, map)
      return
    }
    if (cursor.is('group')) {
      map.group.push(parseGroup(cursor, map))
      return
    }
    const declaration = cursor.token.kind === 'identifier' ? DECLARATIONS[cursor.token.text] : undefined
    if (!declaration) {
      // A stray semicolon between declarations harms nobody; neither does the empty block that some files end with.
      if (cursor.take(';')) return
      if (cursor.is('{') && cursor.peek(1).text === '}') {
        cursor.advance()
        cursor.advance()
        return
      }
      cursor.fail(`Expected map, uses, imports, conceptmap, let or group, found ${describeToken(cursor.token)}`)
    }
    declaration(cursor, map)
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault
    if (cursor.index() === start) cursor.advance()
    skipDeclaration(cursor)
  }
}

/** Goes to the next word that begins a declaration. */
function skipDeclaration(cursor: Cursor): void {
  while (cursor.token.kind !== 'end' && cursor.token.kind !== 'metadata') {
    if (cursor.token.kind === 'identifier') {
      const { text } = cursor.token
      const next = cursor.peek(1).kind
      if (text === 'group' && next === 'identifier' && cursor.peek(2).text === '(') return
      if (text !== 'group' && Object.hasOwn(DECLARATIONS, text)) {
        if (next === 'double' || next === 'string') return
        // A declaration that is wrong as well: the word begins a line and is no variable.
        if (next === 'identifier' && cursor.token.fresh && cursor.peek(1).text !== 'as') return
      }
    }
    cursor.advance()
  }
}

function parseGroup(cursor: Cursor, map: StructureMap): Group {
  const before = cursor.takeComments()
  const from = cursor.index()
  const place = cursor.position(cursor.advance())
  const { token } = cursor
  const group: Group = { name: readName(cursor, 'the group'), typeMode: 'none', input: [], rule: [] }
  extend(group, { url: POSITION, valueString: `${place.line}:${place.column}` })
  const known = groupNames(map)
  if (known.has(group.name)) {
    cursor.lenient('duplicate-group', token, `There is another group named ${group.name}; the first one is called`)
  }
  known.add(group.name)
  cursor.expect('(', 'after the name of the group')
  parseInputs(cursor, group, knownTypes(map))
  for (;;) {
    if (cursor.take('extends')) group.extends = readName(cursor, 'the extended group')
    else if (cursor.take('<<')) parseTypeMode(cursor, group)
    else break
  }
  const inside = cursor.takeComments()
  group.rule = parseRules(cursor, { depth: 1, counter: { rules: 0 } })
  cursor.mark(group, from)
  document(group, [...before, ...inside, ...ownComments(cursor)])
  return group
}

/** Names of the groups that a map has so far. */
const groupNames = keepPerObject((_: StructureMap) => new Set<string>())

interface KnownTypes {
  names: Set<string>
  /** Structures of the map that are in it. */
  read: number
}

const declaredTypes = keepPerObject((_: StructureMap): KnownTypes => ({ names: new Set(), read: 0 }))

function knownTypes(map: StructureMap): (type: string) => boolean {
  const declared = declaredTypes(map)
  const { names } = declared
  const structures = map.structure ?? []
  for (; declared.read < structures.length; declared.read++) {
    const { url = '', alias } = structures[declared.read] ?? {}
    if (alias) names.add(alias)
    names.add(url)
    names.add(url.slice(url.lastIndexOf('/') + 1))
  }
  return (type) => names.has(type) || typeInfo(type) !== undefined
}

function parseInputs(cursor: Cursor, group: Group, known: (type: string) => boolean): void {
  while (!cursor.take(')')) {
    const mode = cursor.is('source') ? 'source' : cursor.is('target') ? 'target' : undefined
    if (!mode) cursor.fail(`Expected source, target or ')' in the group, found ${describeToken(cursor.token)}`)
    cursor.advance()
    const input: Group['input'][number] = { name: readVariable(cursor, 'a parameter'), mode }
    if (cursor.take(':')) input.type = inputType(cursor, input.name, known)
    group.input.push(input)
    const { token } = cursor
    if (cursor.take(',')) {
      if (cursor.is(')')) cursor.lenient('group-comma', token, 'A comma stands behind the last parameter')
    } else if (!cursor.is(')')) cursor.lenient('group-comma', token, 'A comma is missing between the parameters')
  }
}

function inputType(cursor: Cursor, name: string, known: (type: string) => boolean): string {
  const { token } = cursor
  const type = readName(cursor, 'a type')
  if (!known(type)) cursor.lenient('unknown-type', token, `Type ${type} of ${name} is not declared by a uses`)
  return type
}

function parseTypeMode(cursor: Cursor, group: Group): void {
  if (cursor.take('types')) group.typeMode = 'types'
  else if (cursor.take('type')) {
    cursor.expect('+', "after 'type'")
    group.typeMode = 'type-and-types'
  } else cursor.fail(`Expected types or type+, found ${describeToken(cursor.token)}`)
  cursor.expect('>>', 'after the type mode')
}

function finish(cursor: Cursor, map: StructureMap): void {
  const broken = cursor.issues.some((each) => each.severity === 'error')
  if (!broken) {
    if (!map.url) cursor.error(cursor.token, 'The map has no url: write `map "url" = name` or `/// url = \'url\'`')
    if (map.group.length === 0) cursor.error(cursor.token, 'The map has no group')
    if (!map.name && map.url) map.name = (map.url.split('/').pop() ?? '').replace(/\W/g, '_')
  }
  if (map.structure?.length === 0) delete map.structure
  for (const conceptMap of map.contained ?? []) if ('status' in conceptMap) conceptMap.status = map.status
  checkVariables(map, cursor.spanOf, (at, message) => cursor.lenient('unknown-variable', at, message))
}

function inOrder(issues: Issue[]): Issue[] {
  const place = (each: Issue) =>
    /line (\d+), column (\d+)/
      .exec(each.diagnostics ?? '')
      ?.slice(1)
      .map(Number) ?? []
  return issues.toSorted((a, b) => {
    const [lineA = 0, columnA = 0] = place(a)
    const [lineB = 0, columnB = 0] = place(b)
    return lineA - lineB || columnA - columnB
  })
}
