/** FHIR JSON to FHIR XML (https://hl7.org/fhir/R4/xml.html): elements in the order of the standard. */
import { elementInfo, type FoundElement, isPrimitive, isResource, typeInfo } from '../elements.ts'
import { type FhirError, unprocessable } from '../error.ts'
import { exactNumber } from '../exact-number.ts'
import { isJsonObject } from '../json-object.ts'
import type { Json, JsonObject, Resource } from '../types.ts'
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
}

const orders = new Map<string, Map<string, number>>()

/**
 * Writes a resource with XML declaration; decimals with the text they were read with, narrative byte for byte. Throws
 * FhirError 422 with the expression for what R4 does not have, and for characters that XML cannot carry.
 */
export function writeXml(resource: Resource, format: XmlFormat = {}): string {
  const writer: Writer = { pretty: format.pretty === true, parts: [], depth: 0, path: [] }
  writer.parts.push('<?xml version="1.0" encoding="UTF-8"?>')
  // A resource is JSON; the types of R4 have no index signature.
  writeResource(writer, resource as unknown as JsonObject, ` xmlns="${FHIR_NAMESPACE}"`)
  return writer.parts.join('')
}

function writeResource(writer: Writer, resource: JsonObject, attributes: string): void {
  const type = resource.resourceType
  if (typeof type !== 'string' || !isResource(type) || typeInfo(type)?.abstract) {
    throw invalid(writer, 'resourceType is not a resource of FHIR R4')
  }
  if (writer.path.length === 0) writer.path.push(type)
  const { resourceType: _, ...members } = resource
  writeElement(writer, type, attributes, () => writeMembers(writer, type, resource, Object.keys(members)))
}

/** Opens, fills and closes an element; without content it closes itself. */
function writeElement(writer: Writer, name: string, attributes: string, content?: () => void): void {
  const { parts, pretty } = writer
  const indent = pretty ? `\n${'  '.repeat(writer.depth)}` : ''
  parts.push(`${indent}<${name}${attributes}>`)
  const before = parts.length
  writer.depth++
  content?.()
  writer.depth--
  if (parts.length === before) parts[before - 1] = `${indent}<${name}${attributes}/>`
  else parts.push(`${indent}</${name}>`)
}

function writeMembers(writer: Writer, type: string, object: JsonObject, names: string[]): void {
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
  for (const { property, element } of members) writeMember(writer, object, property, element)
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

function writeMember(writer: Writer, object: JsonObject, property: string, element: FoundElement): void {
  const value = object[property]
  const extra = object[`_${property}`]
  if (element.isArray) {
    writeList(writer, property, element, {
      values: asList(writer, value, property),
      extras: asList(writer, extra, property),
    })
    return
  }
  if (Array.isArray(value)) throw invalid(writer, `"${property}" is not a list`, property)
  writer.path.push(`.${element.name}`)
  writeItem(writer, element, { property, value, extra, text: exactNumber(object, property) })
  writer.path.pop()
}

function asList(writer: Writer, value: Json | undefined, property: string): Json[] {
  if (!isPresent(value)) return []
  if (!Array.isArray(value)) throw invalid(writer, `"${property}" must be a list`, property)
  return value
}

function writeList(
  writer: Writer,
  property: string,
  element: FoundElement,
  lists: { values: Json[]; extras: Json[] },
): void {
  const { values, extras } = lists
  for (let index = 0; index < Math.max(values.length, extras.length); index++) {
    writer.path.push(`.${element.name}[${index}]`)
    const text = exactNumber(values, String(index))
    writeItem(writer, element, { property, value: values[index], extra: extras[index], text })
    writer.path.pop()
  }
}

interface Item {
  property: string
  value: Json | undefined
  extra: Json | undefined
  text: string | undefined
}

function writeItem(writer: Writer, element: FoundElement, item: Item): void {
  const { property, value } = item
  const type = element.childType
  if (isPrimitive(type)) {
    writePrimitive(writer, type, item)
    return
  }
  if (!isPresent(value)) return
  if (!isJsonObject(value)) throw invalid(writer, `"${property}" must be an object`)
  if (isResource(type)) {
    writeElement(writer, property, '', () => writeResource(writer, value, ''))
    return
  }
  writeElement(writer, property, attributesOf(writer, type, value), () =>
    writeMembers(writer, type, value, Object.keys(value)),
  )
}

function writePrimitive(writer: Writer, type: string, { property, value, extra, text }: Item): void {
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
  if (attributes === '' && Object.keys(inner).length === 0) return
  writeElement(writer, property, attributes, () => writeMembers(writer, 'Element', inner, Object.keys(inner)))
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
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids exactly these
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

function escaped(writer: Writer, text: string): string {
  if (FORBIDDEN.test(text) || !text.isWellFormed()) throw invalid(writer, 'a character that XML cannot carry')
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
