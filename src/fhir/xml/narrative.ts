/** The narrative's `<div>` (https://hl7.org/fhir/R4/narrative.html) as XML: copied byte for byte, but never unread. */
import { SaxesParser } from 'saxes'
import { XHTML_NAMESPACE } from './names.ts'

/**
 * The text of `Narrative.div`, ready to stand in XML: itself when it is one well-formed `<div>` in the XHTML namespace,
 * with the namespace added when it has none. Undefined for anything else (two elements, entities, a DTD, broken XML).
 */
export function narrativeXml(div: string): string | undefined {
  const declared = withNamespace(div)
  return isOneDiv(declared) ? declared : undefined
}

function withNamespace(div: string): string {
  const bare = /^\s*<div(?=[\s/>])(?![^>]*\sxmlns\s*=)/.test(div)
  return bare ? div.replace('<div', `<div xmlns="${XHTML_NAMESPACE}"`) : div
}

/**
 * Why a `Narrative.div` must not be stored, as the end of a sentence; undefined when it may: not one well-formed div,
 * or active content (scripts, forms, frames, objects, event attributes, script links) that txt-1 forbids.
 */
export function narrativeFault(div: string): string | undefined {
  if (narrativeXml(div) === undefined) return 'must be one well-formed <div> without entities but those of XML'
  let fault: string | undefined
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', (tag) => {
    if (FORBIDDEN_ELEMENTS.has(tag.local.toLowerCase())) fault ??= `must not have <${tag.local}> (txt-1)`
    for (const { local, value } of Object.values(tag.attributes)) {
      if (/^on/i.test(local)) fault ??= `must not have the attribute ${local} (txt-1)`
      if (/^(href|src)$/i.test(local) && /^\s*(javascript|vbscript|data:text)/i.test(value)) {
        fault ??= 'must not link to a script (txt-1)'
      }
    }
  })
  parser.write(withNamespace(div)).close()
  return fault
}

const FORBIDDEN_ELEMENTS = new Set(
  'script style head body link base form input button select textarea frame frameset iframe object embed applet meta svg math'.split(
    ' ',
  ),
)

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
    if (depth++ === 0 && (tag.local !== 'div' || tag.uri !== XHTML_NAMESPACE)) sound = false
  })
  parser.on('closetag', () => depth--)
  parser.write(text).close()
  return sound
}

/**
 * A `<div>` that stands in a larger text and uses prefixes declared there, written so that it stands for itself: XHTML has no prefix,
 * other namespaces are declared where they are used.
 * @param namespaces by prefix, as far as they are declared outside
 */
export function standaloneNarrative(div: string, namespaces: Record<string, string>): string {
  const parts: string[] = []
  const open: string[] = []
  const parser = new SaxesParser({ xmlns: true, additionalNamespaces: namespaces })
  parser.on('opentag', (tag) => {
    const inherited = open.at(-1)
    open.push(tag.uri)
    const declared = tag.uri === inherited ? '' : ` xmlns="${escapeXml(tag.uri)}"`
    const attributes = Object.values(tag.attributes)
      .filter(({ name, prefix }) => name !== 'xmlns' && prefix !== 'xmlns')
      .map(({ prefix, local, value }) => ` ${prefix === 'xml' ? 'xml:' : ''}${local}="${escapeXml(value)}"`)
    parts.push(`<${tag.local}${declared}${attributes.join('')}${tag.isSelfClosing ? '/' : ''}>`)
  })
  parser.on('closetag', (tag) => {
    open.pop()
    if (!tag.isSelfClosing) parts.push(`</${tag.local}>`)
  })
  parser.on('text', (text) => parts.push(escapeXml(text)))
  parser.on('cdata', (text) => parts.push(escapeXml(text)))
  parser.on('comment', (text) => parts.push(`<!--${text}-->`))
  parser.write(div).close()
  return parts.join('')
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
