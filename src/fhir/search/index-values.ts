/** Index values of a resource: what a storage keeps to answer searches. Pure; the table is search-parameters.ts. */

import type { Resource } from '../types.ts'
import { type SearchParameter, searchParameters } from './search-parameters.ts'
import { dateRange, foldText, identifierType, maximumTime, minimumTime, splitReference, splitVersion } from './value.ts'

/**
 * Value of a string, token, uri or reference parameter.
 * | type | value | qualifier | extra |
 * |---|---|---|---|
 * | string | folded | as it stands | – |
 * | token | code | system, empty when none | folded display |
 * | uri | url | version, empty when none | – |
 * | reference | url or `Type/id` | version | logical id |
 * | `parameter:identifier` of a reference | identifier | system | – |
 * | `parameter:of-type` of an identifier | identifier | type, see `identifierType` | – |
 */
interface TextEntry {
  parameter: string
  value: string
  qualifier: string
  extra: string
  /** Which use context it belongs to, for composites; else 0. */
  position: number
}

/** Value of a date (milliseconds), number or quantity parameter, both ends included. */
interface RangeEntry {
  parameter: string
  low: number
  high: number
  system: string
  code: string
  position: number
}

/** All index values of one resource. */
export interface SearchIndex {
  texts: TextEntry[]
  ranges: RangeEntry[]
  /** Canonical urls it goes by: `url`, for a NamingSystem its unique ids; a version inside the url is split off. */
  canonicals: { url: string; version: string }[]
  /** Words of the narrative. */
  narrative: string
  /** Words of the whole resource; binary content and markup are left out, the rest cut at 4 million characters. */
  content: string
}

interface Step {
  name: string
  recursive: boolean
  first: boolean
  member?: string
  equals?: string
}

/** A value of a path, with the position of its use context. */
interface Found {
  value: unknown
  position: number
}

const contentLimit = 4_000_000
const steps = new Map<string, Step[]>()

/** Extracts the index values of a resource; never fails, what does not fit a parameter's type is left out. */
export function searchIndex(resource: Resource): SearchIndex {
  const texts = new Map<string, TextEntry>()
  const ranges: RangeEntry[] = []
  for (const parameter of searchParameters(resource.resourceType).values()) {
    for (const path of parameter.paths) {
      for (const found of walk(resource, path)) collect(parameter, found, resource, { texts, ranges })
    }
  }
  const canonicals = canonicalsOf(resource)
  const narrative = stripMarkup('text' in resource && isObject(resource.text) ? String(resource.text.div ?? '') : '')
  return {
    texts: [...texts.values()],
    ranges,
    canonicals,
    narrative,
    content: `${narrative} ${contentWords(resource)}`,
  }
}

/** Literal references (canonical or `Type/id`, as written) that a reference or uri parameter finds in a resource. */
export function referencesOf(resource: Resource, parameter: SearchParameter): string[] {
  const made: string[] = []
  for (const path of parameter.paths) {
    for (const { value } of walk(resource, path)) {
      const text = isObject(value) ? value.reference : value
      if (typeof text === 'string' && targets(parameter, splitReference(text).type)) made.push(text)
    }
  }
  return made
}

function canonicalsOf(resource: Resource): SearchIndex['canonicals'] {
  const made: SearchIndex['canonicals'] = []
  if (resource.resourceType === 'NamingSystem') {
    for (const { value } of walk(resource, 'uniqueId.value')) {
      if (typeof value === 'string') made.push({ url: value, version: '' })
    }
  } else if ('url' in resource && typeof resource.url === 'string') {
    const [url, inside] = splitVersion(resource.url)
    made.push({ url, version: businessVersion(resource) || inside })
  }
  return made
}

function businessVersion(resource: Resource): string {
  return 'version' in resource && typeof resource.version === 'string' ? resource.version : ''
}

function walk(resource: unknown, path: string): Found[] {
  let found: Found[] = [{ value: resource, position: 0 }]
  for (const step of parsePath(path)) {
    const next: Found[] = []
    for (const each of found) descend(each, step, next)
    found = next
  }
  return found
}

function descend(from: Found, step: Step, into: Found[]): void {
  if (!isObject(from.value)) return
  const child = from.value[step.name]
  if (child === undefined || child === null) return
  let position = from.position
  for (const value of Array.isArray(child) ? child : [child]) {
    if (step.name === 'useContext') position++
    if (value === null) continue
    if (step.member !== undefined && (!isObject(value) || value[step.member] !== step.equals)) continue
    into.push({ value, position })
    if (step.recursive) descend({ value, position }, step, into)
    if (step.first) break
  }
}

function parsePath(path: string): Step[] {
  const known = steps.get(path)
  if (known) return known
  const made: Step[] = []
  for (const match of path.matchAll(/([A-Za-z]+)(\*)?(\[0\])?(?:\(([a-z]+)=([^)]*)\))?(?:\.|$)/g)) {
    const step: Step = { name: match[1] ?? '', recursive: match[2] !== undefined, first: match[3] !== undefined }
    if (match[4] !== undefined) Object.assign(step, { member: match[4], equals: match[5] })
    made.push(step)
  }
  steps.set(path, made)
  return made
}

type Object = Record<string, unknown>
function isObject(value: unknown): value is Object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Collector {
  texts: Map<string, TextEntry>
  ranges: RangeEntry[]
}

function collect(parameter: SearchParameter, found: Found, resource: Resource, into: Collector): void {
  const { value, position } = found
  const text = (part: string, qualifier = '', extra = '', suffix = '') => {
    const name = parameter.name + suffix
    const entry = { parameter: name, value: part, qualifier, extra, position }
    into.texts.set(`${name}\n${position}\n${part}\n${qualifier}`, entry)
  }
  switch (parameter.type) {
    case 'string':
      for (const each of strings(value)) text(foldText(each), each)
      break
    case 'token':
      for (const { code, system, display } of tokens(value, parameter.system)) text(code, system, foldText(display))
      for (const { code, type } of typedIdentifiers(value)) text(code, type, '', ':of-type')
      break
    case 'uri': {
      if (typeof value !== 'string') break
      const [url, version] = splitVersion(value)
      text(url, parameter.paths[0] === 'url' ? businessVersion(resource) || version : version)
      break
    }
    case 'reference': {
      if (isObject(value) && isObject(value.identifier))
        for (const { code, system } of tokens(value.identifier)) text(code, system, '', ':identifier')
      const reference = referenceText(value)
      if (reference === undefined) break
      const parts = splitReference(reference)
      if (targets(parameter, parts.type)) text(parts.value, parts.version, parts.id)
      break
    }
    default:
      ranges(parameter, found, into)
  }
}

function ranges(parameter: SearchParameter, { value, position }: Found, into: Collector): void {
  const add = (range: { low: number; high: number } | undefined, system = '', code = '') => {
    if (range) into.ranges.push({ parameter: parameter.name, low: range.low, high: range.high, system, code, position })
  }
  if (parameter.type === 'date') add(timeRange(value))
  else if (typeof value === 'number') add({ low: value, high: value })
  if (parameter.type === 'date' || !isObject(value)) return
  const [low, high] = 'low' in value || 'high' in value ? [value.low, value.high] : [value, value]
  const unit = [low, high].find(isObject)
  if (!unit) return
  const end = (side: unknown, open: number) => (isObject(side) && typeof side.value === 'number' ? side.value : open)
  if (low === high && typeof unit.value !== 'number') return
  add(
    { low: end(low, -Number.MAX_VALUE), high: end(high, Number.MAX_VALUE) },
    word(unit.system),
    word(unit.code ?? unit.unit),
  )
}

function timeRange(value: unknown): { low: number; high: number } | undefined {
  if (typeof value === 'string') return dateRange(value)
  if (!isObject(value)) return undefined
  if (Array.isArray(value.event)) {
    const events = value.event.map((each) => dateRange(word(each))).filter((each) => each !== undefined)
    if (events.length === 0) return undefined
    return { low: Math.min(...events.map((each) => each.low)), high: Math.max(...events.map((each) => each.high)) }
  }
  const start = typeof value.start === 'string' ? dateRange(value.start) : undefined
  const end = typeof value.end === 'string' ? dateRange(value.end) : undefined
  if (!start && !end) return undefined
  return { low: start?.low ?? minimumTime, high: end?.high ?? maximumTime }
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(strings)
  // HumanName and Address: every part is searched
  return isObject(value) ? Object.entries(value).flatMap(([name, each]) => (name === 'use' ? [] : strings(each))) : []
}

interface Token {
  code: string
  system: string
  display: string
}

function tokens(value: unknown, implied = ''): Token[] {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
    const system = typeof value === 'boolean' ? 'http://terminology.hl7.org/CodeSystem/special-values' : implied
    return [{ code: String(value), system, display: '' }]
  }
  if (!isObject(value)) return []
  const coding = Array.isArray(value.coding) ? value.coding.flatMap((each) => (isObject(each) ? tokens(each) : [])) : []
  const texts = typeof value.text === 'string' ? [{ code: '', system: '', display: value.text }] : []
  if (coding.length > 0 || texts.length > 0) return [...coding, ...texts]
  if ('code' in value || 'display' in value) {
    return [{ code: word(value.code), system: word(value.system), display: word(value.display) }]
  }
  if (!('value' in value)) return []
  // a ContactPoint has a system too, but it is no code system
  const isContact = typeof value.system === 'string' && !value.system.includes(':')
  const kind = isObject(value.type) ? word(value.type.text) : ''
  return [{ code: word(value.value), system: isContact ? '' : word(value.system), display: kind }]
}

/** An identifier under each coding of its type. */
function typedIdentifiers(value: unknown): { code: string; type: string }[] {
  if (!isObject(value) || typeof value.value !== 'string' || !isObject(value.type)) return []
  const { value: code } = value
  return tokens(value.type).flatMap((each) =>
    each.code === '' ? [] : [{ code, type: identifierType(each.system, each.code) }],
  )
}

function referenceText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!isObject(value)) return undefined
  if (typeof value.reference === 'string') return value.reference
  if (typeof value.resourceType === 'string' && typeof value.id === 'string') return `${value.resourceType}/${value.id}`
  return undefined
}

function targets(parameter: SearchParameter, type: string): boolean {
  return parameter.target === undefined || parameter.target.includes(type)
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

function stripMarkup(html: string): string {
  return html
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function contentWords(resource: Resource): string {
  const words: string[] = []
  let length = 0
  // an own stack: nesting comes from clients and must not end in a stack overflow
  const open: unknown[] = [resource]
  while (open.length > 0 && length < contentLimit) {
    const value = open.pop()
    if (typeof value === 'string') {
      words.push(value)
      length += value.length + 1
    } else if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i--) open.push(value[i])
    } else if (isObject(value)) {
      for (const [name, each] of Object.entries(value)) {
        if (name !== 'div' && name !== 'meta' && !isBinary(name, each)) open.push(each)
      }
    }
  }
  return words.join(' ')
}

function isBinary(name: string, value: unknown): boolean {
  return typeof value === 'string' && (name === 'data' || name === 'valueBase64Binary') && value.length > 0
}
