/** FHIR JSON to FHIR XML (https://hl7.org/fhir/R4/xml.html): elements in the order of the standard. */

import { exactNumber } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, type FoundElement, isPrimitive, isResource, typeInfo, uncarried } from '../elements.ts'
import { type FhirError, unprocessable } from '../error.ts'
import { asJson } from '../json.ts'
import type { Resource } from '../types.ts'
import { FHIR_NAMESPACE } from './names.ts'
import { narrativeXml } from './narrative.ts'

/** How the XML is laid out. */
export interface XmlFormat {
  /** Two spaces per level; narrative is never touched. */
  pretty?: boolean
}

interface Writer {
  pretty: boolean
  parts: string[]
  depth: number
  /** Names and indexes down to the element that is being written, for errors. */
  path: string[]
  /** So many parts, and others may have a turn. */
  pauseAt: number
}

/** Work that may be interrupted wherever it yields. */
type Steps<T = void> = Generator<void, T, void>

/** Parts that are written between two places where others may have a turn: a millisecond or two. */
const partsPerStep = 5000

const orders = new Map<string, Map<string, number>>()

/**
 * Writes a resource with XML declaration; decimals with the text they were read with, narrative byte for byte. Throws
 * FhirError 422 with the expression for what R4 does not have, and for characters that XML cannot carry.
 */
export function writeXml(resource: Resource, format: XmlFormat = {}): string {
  const steps = writeXmlSteps(resource, format)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The same in steps: whoever runs them may do something else in between. */
export function* writeXmlSteps(resource: Resource, format: XmlFormat = {}): Steps<string> {
  const writer: Writer = {
    pretty: format.pretty === true,
    parts: [],
    depth: 0,
    path: [],
    pauseAt: partsPerStep,
  }
  writer.parts.push('<?xml version="1.0" encoding="UTF-8"?>')
  yield* writeResource(writer, asJson(resource), ` xmlns="${FHIR_NAMESPACE}"`)
  return writer.parts.join('')
}

function* writeResource(writer: Writer, resource: JsonObject, attributes: string): Steps {
  const type = resource.resourceType
  if (typeof type !== 'string' || !isResource(type) || typeInfo(type)?.abstract) {
    throw invalid(writer, 'resourceType is not a resource of FHIR R4')
  }
  if (writer.path.length === 0) writer.path.push(type)
  const { resourceType: _, ...members } = resource
  yield* writeElement(writer, type, attributes, writeMembers(writer, type, resource, Object.keys(members)))
}

/** Opens, fills and closes an element; without content it closes itself. */
function* writeElement(writer: Writer, name: string, attributes: string, content: Steps): Steps {
  const { parts } = writer
  const indent = indentOf(writer)
  parts.push(`${indent}<${name}${attributes}>`)
  const before = parts.length
  writer.depth++
  yield* content
  writer.depth--
  if (parts.length === before) parts[before - 1] = `${indent}<${name}${attributes}/>`
  else parts.push(`${indent}</${name}>`)
}

const indentOf = ({ pretty, depth }: Writer) => (pretty ? `\n${'  '.repeat(depth)}` : '')

function* writeMembers(writer: Writer, type: string, object: JsonObject, names: string[]): Steps {
  const order = orderOf(type)
  const members: { property: string; element: FoundElement; at: number }[] = []
  for (const name of names) {
    const property = name.startsWith('_') ? name.slice(1) : name
    const element = elementInfo(type, property)
    const openChoice = element?.choice && element.name === property
    if (!element || openChoice || (name !== property && !isPrimitive(element.childType))) {
      throw invalid(writer, `${type} has no element "${name}"`, name)
    }
    // A primitive with `_name` alone is written there, one with both where its value stands.
    if (element.xmlAttribute || (name !== property && isPresent(object[property]))) continue
    members.push({ property, element, at: order.get(element.name) ?? 0 })
  }
  members.sort((a, b) => a.at - b.at)
  for (const { property, element } of members) yield* writeMember(writer, object, property, element)
}

function orderOf(type: string): Map<string, number> {
  let order = orders.get(type)
  if (!order) {
    order = new Map(typeInfo(type)?.elements.map((element, index) => [element.name, index]))
    orders.set(type, order)
  }
  return order
}

function isPresent(value: Json | undefined): boolean {
  return value !== undefined && value !== null
}

function* writeMember(writer: Writer, object: JsonObject, property: string, element: FoundElement): Steps {
  const value = object[property]
  const extra = object[`_${property}`]
  if (element.isArray) {
    yield* writeList(writer, property, element, {
      values: asList(writer, value, property),
      extras: asList(writer, extra, property),
    })
    return
  }
  if (Array.isArray(value)) throw invalid(writer, `"${property}" is not a list`, property)
  writer.path.push(`.${element.name}`)
  yield* writeItem(writer, element, { property, value, extra, text: exactNumber(object, property) })
  writer.path.pop()
}

function asList(writer: Writer, value: Json | undefined, property: string): Json[] {
  if (!isPresent(value)) return []
  if (!Array.isArray(value)) throw invalid(writer, `"${property}" must be a list`, property)
  return value
}

function* writeList(
  writer: Writer,
  property: string,
  element: FoundElement,
  lists: { values: Json[]; extras: Json[] },
): Steps {
  const { values, extras } = lists
  for (let index = 0; index < Math.max(values.length, extras.length); index++) {
    writer.path.push(`.${element.name}[${index}]`)
    const text = exactNumber(values, String(index))
    yield* writeItem(writer, element, { property, value: values[index], extra: extras[index], text })
    writer.path.pop()
    if (writer.parts.length < writer.pauseAt) continue
    writer.pauseAt = writer.parts.length + partsPerStep
    yield
  }
}

interface Item {
  property: string
  value: Json | undefined
  extra: Json | undefined
  text: string | undefined
}

function* writeItem(writer: Writer, element: FoundElement, item: Item): Steps {
  const { property, value } = item
  const type = element.childType
  if (isPrimitive(type)) {
    yield* writePrimitive(writer, type, item)
    return
  }
  if (!isPresent(value)) return
  if (!isJsonObject(value)) throw invalid(writer, `"${property}" must be an object`)
  if (isResource(type)) {
    yield* writeElement(writer, property, '', writeResource(writer, value, ''))
    return
  }
  const content = writeMembers(writer, type, value, Object.keys(value))
  yield* writeElement(writer, property, attributesOf(writer, type, value), content)
}

function* writePrimitive(writer: Writer, type: string, { property, value, extra, text }: Item): Steps {
  if (type === 'xhtml') {
    if (typeof value !== 'string') throw invalid(writer, 'the narrative must be a string')
    const xml = narrativeXml(value)
    if (xml === undefined) throw invalid(writer, 'the narrative is not one well-formed <div>')
    writer.parts.push(writer.pretty ? `\n${'  '.repeat(writer.depth)}${xml}` : xml)
    return
  }
  if (typeof value === 'object' && value !== null) throw invalid(writer, `"${property}" must not be an object`)
  const inner = isJsonObject(extra) ? extra : {}
  const attribute = isPresent(value) ? ` value="${escaped(writer, text ?? String(value))}"` : ''
  const attributes = attributesOf(writer, 'Element', inner) + attribute
  const names = Object.keys(inner)
  if (names.length > 0) yield* writeElement(writer, property, attributes, writeMembers(writer, 'Element', inner, names))
  else if (attributes !== '') writer.parts.push(`${indentOf(writer)}<${property}${attributes}/>`)
}

function attributesOf(writer: Writer, type: string, object: JsonObject): string {
  let attributes = ''
  for (const name of type === 'Extension' ? ['id', 'url'] : ['id']) {
    const value = object[name]
    if (!isPresent(value)) continue
    if (typeof value !== 'string') throw invalid(writer, `"${name}" must be a string`, name)
    attributes += ` ${name}="${escaped(writer, value)}"`
  }
  return attributes
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
function escaped(writer: Writer, text: string): string {
  if (uncarried(text) !== undefined) throw invalid(writer, 'a character that XML cannot carry')
  return text.replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? `&#${character.charCodeAt(0)};`)
}

function invalid(writer: Writer, what: string, child = ''): FhirError {
  const path = writer.path.join('')
  const expression = child ? `${path}.${child}` : path
  return unprocessable(
    { text: `Cannot be written as XML: ${what}`, ...(expression ? { expression } : {}) },
    'structure',
  )
}
