/** The narrative's `<div>` (https://hl7.org/fhir/R4/narrative.html) as XML: copied byte for byte, but never unread. */
import { SaxesParser } from 'saxes'
import { XHTML_NAMESPACE } from './names.ts'

/**
 * The text of `Narrative.div`, ready to stand in XML: itself when it is one well-formed `<div>` in the XHTML namespace,
 * with the namespace added when it has none. Undefined for anything else (two elements, entities, a DTD, broken XML).
 */
export function narrativeXml(div: string): string | undefined {
  const declared = /^\s*<div(?=[\s/>])(?![^>]*\sxmlns\s*=)/.test(div) ? withNamespace(div) : div
  return isOneDiv(declared) ? declared : undefined
}

function withNamespace(div: string): string {
  return div.replace('<div', `<div xmlns="${XHTML_NAMESPACE}"`)
}

function isOneDiv(text: string): boolean {
  let sound = true
  let depth = 0
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', () => {
    sound = false
  })
  parser.on('doctype', () => {
    sound = false
  })
  parser.on('xmldecl', () => {
    sound = false
  })
  parser.on('opentag', (tag) => {
    if (depth++ === 0 && (tag.name !== 'div' || tag.uri !== XHTML_NAMESPACE)) sound = false
  })
  parser.on('closetag', () => depth--)
  parser.write(text).close()
  return sound
}
