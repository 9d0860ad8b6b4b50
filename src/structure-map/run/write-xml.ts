import type { Json, JsonObject } from '../../base/json-value.ts'
import { lastPart, type Type, UNKNOWN } from '../model/types.ts'

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/**
 * An instance of a logical model as XML, by the representations that its definition gives (`xmlAttr`, `xmlText`,
 * `typeAttr`) in the order of its elements; what has none is written as FHIR does, a primitive in `value`.
 */
export function writeModelXml(value: JsonObject, type: Type): string {
  const writer = { usesTypes: false }
  const content = element(lastPart(type.name), value, { type, writer })
  const namespace = type.namespace ? ` xmlns="${escapeXml(type.namespace)}"` : ''
  const xsi = writer.usesTypes ? ` xmlns:xsi="${XSI}"` : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n${content.replace(/^<[^\s/>]+/, (start) => `${start}${namespace}${xsi}`)}`
}

interface Context {
  type: Type
  writer: { usesTypes: boolean }
  /** Says its type in `xsi:type`. */
  typed?: boolean
}

function element(name: string, value: Json, context: Context): string {
  if (value === null || typeof value !== 'object') return `<${name} value="${escapeXml(String(value))}"/>`
  if (Array.isArray(value)) return value.map((each) => element(name, each, context)).join('')
  const { type, writer } = context
  let attributes = ''
  let text = ''
  let children = ''
  if (context.typed) {
    writer.usesTypes = true
    attributes += ` xsi:type="${escapeXml(type.name)}"`
  }
  for (const part of partsOf(value, type)) {
    if (part.representation.includes('xmlAttr')) attributes += ` ${part.name}="${escapeXml(plain(part.value))}"`
    else if (part.representation.includes('xmlText')) text += escapeXml(plain(part.value))
    else
      children += element(part.name, part.value, {
        type: part.type,
        writer,
        typed: part.representation.includes('typeAttr'),
      })
  }
  return text || children ? `<${name}${attributes}>${text}${children}</${name}>` : `<${name}${attributes}/>`
}

interface Part {
  name: string
  value: Json
  type: Type
  representation: string[]
}

function partsOf(value: JsonObject, type: Type): Part[] {
  const parts: Part[] = []
  const written = new Set(['resourceType'])
  for (const name of type.names?.() ?? []) {
    const definition = type.element(name)
    const variant = definition?.variants.find((each) => value[each.property] !== undefined)
    const property = variant?.property ?? name
    const member = value[property]
    if (member === undefined) continue
    written.add(property)
    const held = variant?.type ?? definition?.types[0] ?? UNKNOWN
    parts.push({ name, value: member, type: held, representation: definition?.representation ?? [] })
  }
  for (const [name, member] of Object.entries(value)) {
    if (written.has(name)) continue
    parts.push({ name, value: member, type: type.element(name)?.types[0] ?? UNKNOWN, representation: [] })
  }
  return parts
}

function plain(value: Json): string {
  return Array.isArray(value)
    ? value.map(plain).join(' ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
}
