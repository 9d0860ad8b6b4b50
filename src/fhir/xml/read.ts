/**
 * FHIR XML (https://hl7.org/fhir/R4/xml.html) to FHIR JSON. Strict: no DTD and no entities but XML's own, no element
 * or attribute that R4 does not have, no text between elements.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { meantName } from '../check/misspelt.ts'
import { choiceProperty, elementInfo, type FoundElement, isPrimitive, isResource, typeInfo } from '../elements.ts'
import { badRequest } from '../error.ts'
import { asResource } from '../json.ts'

import type { Resource } from '../types.ts'
import { FHIR_NAMESPACE, primitiveFromText, SCHEMA_INSTANCE_NAMESPACE, XHTML_NAMESPACE } from './names.ts'
import { narrativeXml, standaloneNarrative } from './narrative.ts'
import { type Frame, invalid, malformed, type Reader, tooDeep } from './reader.ts'

/** What an XML text may cost. */
export interface XmlLimits {
  /** Deepest nesting of elements, default 256. */
  depth?: number
}

/** FHIR has three on an element, XHTML some twenty, and namespaces may stand beside them. */
const mostAttributes = 200

/**
 * Reads one resource; decimals keep their text (exact-number.ts), narrative stays as it is written. Throws FhirError
 * 400 when it is not well-formed XML or has a DTD, 422 when it is not a FHIR R4 resource; both with line and column,
 * the latter with the expression of the element.
 */
export function parseXml(input: string | Uint8Array, limits: XmlLimits = {}): Resource {
  const steps = parseXmlSteps(input, limits)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Characters that are read before others may have a turn: some milliseconds. */
const pieceLength = 20_000

/** The same in steps: whoever runs them may do something else in between. */
export function* parseXmlSteps(input: string | Uint8Array, limits: XmlLimits = {}): Generator<void, Resource, void> {
  const source = (typeof input === 'string' ? input : decode(input)).replace(/^\ufeff/, '')
  const parser = new SaxesParser({ xmlns: true })
  const reader: Reader = {
    parser,
    source,
    maxDepth: limits.depth ?? 256,
    frames: [],
    xhtmlDepth: 0,
    namespaces: new Map(),
    attributes: 0,
    start: 0,
    root: undefined,
  }
  parser.on('error', (error) => {
    throw malformed(reader, error.message.replace(/^[^:]*:\d+:\d+: /, ''))
  })
  parser.on('doctype', () => {
    throw malformed(reader, 'a document type declaration is not allowed')
  })
  parser.on('xmldecl', (declaration) => {
    if (declaration.encoding && !/^utf-?8$/i.test(declaration.encoding)) throw malformed(reader, 'only UTF-8 is read')
  })
  parser.on('attribute', () => {
    if (++reader.attributes > mostAttributes)
      throw malformed(reader, `an element has more than ${mostAttributes} attributes`)
  })
  parser.on('opentagstart', () => {
    reader.attributes = 0
    reader.start = source.lastIndexOf('<', parser.position - 1)
  })
  parser.on('opentag', (tag) => openTag(reader, tag))
  parser.on('closetag', () => closeTag(reader))
  parser.on('text', (text) => rejectText(reader, text))
  parser.on('cdata', (text) => rejectText(reader, text))
  for (let at = 0; at < source.length; at += pieceLength) {
    if (at > 0) yield
    parser.write(source.slice(at, at + pieceLength))
  }
  parser.close()
  if (!reader.root) throw malformed(reader, 'there is no element')
  return asResource(reader.root)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('The body is not UTF-8', 'structure')
  }
}

function openTag(reader: Reader, tag: SaxesTagNS): void {
  const parent = reader.frames.at(-1)
  if (parent?.kind === 'xhtml') {
    noteNamespaces(reader, tag)
    if (reader.frames.length + ++reader.xhtmlDepth > reader.maxDepth) throw tooDeep(reader)
    return
  }
  if (reader.frames.length >= reader.maxDepth) throw tooDeep(reader)
  const frame = parent && parent.kind !== 'holder' ? openElement(reader, parent, tag) : openResource(reader, tag)
  reader.frames.push(frame)
  if (frame.kind === 'xhtml') noteNamespaces(reader, tag)
  readAttributes(reader, frame, tag)
}

/** What prefixes inside a narrative mean: they may be declared outside of it. */
function noteNamespaces({ namespaces }: Reader, tag: SaxesTagNS): void {
  for (const { prefix, uri } of [tag, ...Object.values(tag.attributes)])
    if (prefix !== '' && prefix !== 'xmlns' && prefix !== 'xml' && !namespaces.has(prefix)) namespaces.set(prefix, uri)
}

function openResource(reader: Reader, tag: SaxesTagNS): Frame {
  const holder = reader.frames.at(-1)
  const type = tag.local
  if (tag.uri !== FHIR_NAMESPACE || !isResource(type) || typeInfo(type)?.abstract) {
    throw invalid(reader, tag.uri === FHIR_NAMESPACE ? `"${type}" is not a resource of FHIR R4` : wrongNamespace(tag))
  }
  if (holder && Object.hasOwn(holder.object, 'resourceType')) throw invalid(reader, 'only one resource may stand here')
  const object: JsonObject = holder ? holder.object : {}
  object.resourceType = type
  if (!holder) reader.root = object
  return frameOf(reader, { kind: 'node', type, property: '', element: undefined, object })
}

function openElement(reader: Reader, parent: Frame, tag: SaxesTagNS): Frame {
  const element = elementInfo(parent.type, tag.local)
  const xhtml = element?.childType === 'xhtml'
  if (tag.uri !== (xhtml ? XHTML_NAMESPACE : FHIR_NAMESPACE)) throw invalid(reader, wrongNamespace(tag), tag.local)
  const openChoice = element?.choice && element.name === tag.local
  if (!element || openChoice || element.xmlAttribute)
    throw invalid(reader, unknownElement(parent, element, tag), tag.local)
  const index = parent.seen.get(element.name) ?? 0
  if (index > 0 && !element.isArray)
    throw invalid(reader, `the element "${element.name}" occurs more than once`, element.name)
  if (xhtml) reader.namespaces.clear()
  parent.seen.set(element.name, index + 1)
  const type = element.childType
  const kind = xhtml ? 'xhtml' : isPrimitive(type) ? 'primitive' : isResource(type) ? 'holder' : 'node'
  return { ...frameOf(reader, { kind, type, property: tag.local, element, object: {} }), index }
}

function frameOf(reader: Reader, own: Pick<Frame, 'kind' | 'type' | 'property' | 'element' | 'object'>): Frame {
  return {
    ...own,
    index: 0,
    value: undefined,
    text: undefined,
    seen: new Map(),
    extras: new Map(),
    start: reader.start,
  }
}

function unknownElement(parent: Frame, element: FoundElement | undefined, tag: SaxesTagNS): string {
  if (element?.xmlAttribute) return `"${tag.local}" is written as an attribute`
  if (!element) {
    const meant = meantName(parent.type, tag.local, (name) => parent.seen.has(name))
    return `${parent.type} has no element "${tag.local}"${meant === undefined ? '' : ` (is "${meant}" meant?)`}`
  }
  const [first = ''] = element.types
  return `"${tag.local}" needs its type, such as "${choiceProperty(tag.local, first)}"`
}

function wrongNamespace(tag: SaxesTagNS): string {
  return `the element "${tag.local}" is in the namespace "${tag.uri}"`
}

function readAttributes(reader: Reader, frame: Frame, tag: SaxesTagNS): void {
  if (frame.kind === 'xhtml') return
  for (const attribute of Object.values(tag.attributes)) {
    const { local, prefix, uri, value } = attribute
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns') || uri === SCHEMA_INSTANCE_NAMESPACE) continue
    const isValue = local === 'value' && frame.kind === 'primitive'
    const isMember = frame.element && frame.kind !== 'holder' && elementInfo(frame.type, local)?.xmlAttribute
    if (uri !== '' || !(isValue || isMember))
      throw invalid(reader, `the attribute "${attribute.name}" is not allowed here`)
    if (value === '') throw invalid(reader, `the attribute "${local}" is empty`)
    if (isValue) readValue(reader, frame, value)
    else frame.object[local] = value
  }
}

function readValue(reader: Reader, frame: Frame, text: string): void {
  frame.value = primitiveFromText(frame.type, text)
  if (frame.value === undefined) throw invalid(reader, `"value" is not a ${frame.type}`)
  if (frame.type === 'decimal') frame.text = text
}

function closeTag(reader: Reader): void {
  if (reader.xhtmlDepth > 0) {
    reader.xhtmlDepth--
    return
  }
  const frame = reader.frames.at(-1)
  if (!frame) return
  finishArrays(frame)
  const parent = reader.frames.at(-2)
  if (frame.kind === 'xhtml') frame.value = narrativeOf(reader, frame)
  else if (frame.value === undefined && frame.element && isEmpty(frame)) throw invalid(reader, 'the element is empty')
  reader.frames.pop()
  // A resource inside a holder has filled the holder's object.
  if (!parent || !frame.element) return
  if (frame.kind === 'primitive') attachPrimitive(parent, frame, frame.element)
  else attach(parent.object, frame, frame.kind === 'xhtml' ? (frame.value ?? null) : frame.object)
}

/** Byte for byte, where it can stand for itself. */
function narrativeOf({ source, parser, namespaces }: Reader, { start }: Frame): string {
  const div = source.slice(start, parser.position)
  return namespaces.size === 0 || narrativeXml(div) !== undefined
    ? div
    : standaloneNarrative(div, Object.fromEntries(namespaces))
}

function isEmpty(frame: Frame): boolean {
  const members = Object.keys(frame.object)
  return members.length === 0 || (frame.kind !== 'holder' && members.length === 1 && members[0] === 'id')
}

function attach(object: JsonObject, frame: Frame, value: Json): void {
  if (!frame.element?.isArray) {
    object[frame.property] = value
    return
  }
  const list = object[frame.property]
  if (Array.isArray(list)) list.push(value)
  else object[frame.property] = [value]
}

function attachPrimitive(parent: Frame, frame: Frame, element: FoundElement): void {
  const { object, property, text } = frame
  const extra = Object.keys(object).length > 0 ? object : null
  if (element.isArray) {
    const extras = parent.extras.get(property)
    if (extras) extras.push(extra)
    else parent.extras.set(property, [extra])
    attach(parent.object, frame, frame.value ?? null)
    const list = parent.object[property]
    if (text !== undefined && Array.isArray(list)) keepExactNumber(list, String(frame.index), text)
    return
  }
  if (frame.value !== undefined) parent.object[property] = frame.value
  if (text !== undefined) keepExactNumber(parent.object, property, text)
  if (extra) parent.object[`_${property}`] = extra
}

/** The two lists of a repeating primitive have nulls where there is nothing; without any extension there is one list. */
function finishArrays(frame: Frame): void {
  for (const [property, extras] of frame.extras) {
    if (extras.some((extra) => extra !== null)) frame.object[`_${property}`] = extras
  }
}

function rejectText(reader: Reader, text: string): void {
  if (reader.frames.at(-1)?.kind === 'xhtml' || !/[^ \t\r\n]/.test(text)) return
  throw invalid(reader, 'text between elements is not allowed')
}
