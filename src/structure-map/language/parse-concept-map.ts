import { keepPerObject } from '../../base/keep.ts'
import type { ConceptMap, StructureMap } from '../../fhir/types.ts'
import { type Cursor, describeToken } from './cursor.ts'
import { isHeaded } from './parse-header.ts'
import { readName } from './parse-name.ts'

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

/** `conceptmap "#id" { … }`, kept as contained resource. */
export function parseConceptMap(cursor: Cursor, map: StructureMap): void {
  const start = cursor.advance()
  if (map.structure?.length || map.import || isHeaded(map)) {
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
  map.contained ??= []
  map.contained.push(conceptMap)
}

function systemOf(cursor: Cursor, prefixes: Map<string, string>): string {
  const { token } = cursor
  const prefix = readName(cursor, 'a prefix')
  const system = prefixes.get(prefix)
  if (system === undefined)
    cursor.error(token, `Prefix '${prefix}' is not declared; declared are ${shown(prefixes) || 'none'}`)
  return system ?? prefix
}

const shown = (prefixes: Map<string, string>): string => [...prefixes.keys()].slice(0, 20).join(', ')

function parseUnmapped(cursor: Cursor, conceptMap: ConceptMap, prefixes: Map<string, string>): void {
  cursor.advance()
  cursor.expect('for', 'after unmapped')
  const source = systemOf(cursor, prefixes)
  cursor.expect('=', 'after the prefix')
  const { token } = cursor
  const mode = cursor.advance().value
  if (mode !== 'provided' && mode !== 'fixed')
    cursor.error(token, `Expected provided or fixed, found ${describeToken(token)}`)
  const unmapped = { mode: mode === 'fixed' ? ('fixed' as const) : ('provided' as const) }
  const index = indexOf(conceptMap)
  // A second line for the same prefix says it anew, for the groups that came since as well.
  if (index.unmapped.get(source) === `${mode} ${index.bySource.get(source)?.length}`) return
  index.unmapped.set(source, `${mode} ${index.bySource.get(source)?.length}`)
  for (const group of index.bySource.get(source) ?? []) group.unmapped = unmapped
}

type MapGroup = NonNullable<ConceptMap['group']>[number]

/** What a concept map has so far, by name. */
interface Index {
  bySource: Map<string, MapGroup[]>
  /** By source and target. */
  groups: Map<string, MapGroup>
  elements: Map<MapGroup, Map<string, MapGroup['element'][number]>>
  unmapped: Map<string, string>
}

/** What a concept map has so far. */
const indexOf = keepPerObject(
  (_: ConceptMap): Index => ({ bySource: new Map(), groups: new Map(), elements: new Map(), unmapped: new Map() }),
)

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

const isRelation = (text: string): text is EquivalenceSign => Object.hasOwn(EQUIVALENCES, text)

function readSign(cursor: Cursor): EquivalenceSign {
  const first = cursor.advance()
  let text = first.text
  if (cursor.is('-') && !cursor.token.spaced && `${text}-` in EQUIVALENCES) text += cursor.advance().text
  if (!isRelation(text)) {
    cursor.error(first, `Unknown relation ${describeToken(first)}; known are ${Object.keys(EQUIVALENCES).join(' ')}`)
    return '-'
  }
  return text
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
  const group = groupFor(conceptMap, source, target)
  const elements = indexOf(conceptMap).elements.get(group)
  let element = elements?.get(code)
  if (!element) {
    element = { code }
    elements?.set(code, element)
    group.element.push(element)
  }
  element.target ??= []
  element.target.push({ ...(targetCode !== undefined ? { code: targetCode } : {}), equivalence: EQUIVALENCES[sign] })
}

/** Without a target the first group of the source. */
function groupFor(conceptMap: ConceptMap, source: string, target: string | undefined): MapGroup {
  const { bySource, groups, elements } = indexOf(conceptMap)
  const ofSource = bySource.get(source) ?? []
  const key = JSON.stringify([source, target])
  const known = target === undefined ? ofSource[0] : groups.get(key)
  if (known) return known
  const group: MapGroup = { source, ...(target !== undefined ? { target } : {}), element: [] }
  conceptMap.group ??= []
  conceptMap.group.push(group)
  groups.set(key, group)
  elements.set(group, new Map())
  ofSource.push(group)
  bySource.set(source, ofSource)
  return group
}
