/**
 * The XHTML that a narrative may have (https://hl7.org/fhir/R4/narrative.html#xhtml, txt-1): a list of what is allowed, so that what
 * nobody thought of is not.
 */
import { SaxesParser } from 'saxes'
import { XHTML_NAMESPACE } from './names.ts'

const words = (text: string) => new Set(text.split(' '))

/** Elements of chapters 7 to 11 and 15 of HTML 4.0, without section 9.4, and `a`, `img`. */
const elements = words(
  'a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var',
)

const attributes = words(
  'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class clear color colspan compact coords datetime dir frame headers height href hreflang hspace id lang longdesc name noshade nowrap rel rev rowspan rules scope shape size span src start style summary tabindex title type valign value vspace width',
)

/** Attributes that lead somewhere. */
const links = words('href src cite longdesc')

/** Schemes that run a program or bring one along. */
const harmful = /^(?:javascript|vbscript|livescript|data|blob|filesystem|about|view-source|jar)$/i
/** What a style may not do: run anything, or lie over what stands beside the narrative. */
const harmfulStyle =
  /expression\s*\(|@import|behaviou?r\s*:|-moz-binding|javascript:|\\|position\s*:\s*(?:fixed|absolute|sticky)/i
const picture = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]*$/i

/** A fault, or what only deserves to be told. */
export interface NarrativeFinding {
  severity: 'error' | 'warning'
  text: string
}

/** Most findings of one narrative. */
const most = 20

/** What in a well-formed narrative is not on the list; each thing once. Of what is not well-formed nothing is said. */
export function narrativeFindings(div: string): NarrativeFinding[] {
  const found = new Map<string, NarrativeFinding>()
  const say = (text: string, severity: NarrativeFinding['severity'] = 'error') => {
    if (found.size < most) found.set(text, { severity, text })
  }
  const content = { isThere: false }
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', () => undefined)
  parser.on('opentag', (tag) => {
    if (tag.uri !== XHTML_NAMESPACE && tag.uri !== '') say(`<${shown(tag.local)}> is not of XHTML (txt-1)`)
    else if (!elements.has(tag.local)) say(`<${shown(tag.local)}> is not allowed in a narrative (txt-1)`)
    if (tag.local === 'img') content.isThere = true
    for (const { local, prefix, value } of Object.values(tag.attributes))
      judgeAttribute({ element: tag.local, local, prefix, value }, say)
  })
  parser.on('processinginstruction', () => say('A processing instruction is not allowed in a narrative (txt-1)'))
  parser.on('text', (text) => {
    content.isThere ||= /\S/.test(text)
  })
  parser.on('cdata', (text) => {
    content.isThere ||= /\S/.test(text)
  })
  parser.write(div).close()
  if (!content.isThere) say('A narrative has text or a picture (txt-2)')
  return [...found.values()]
}

interface Attribute {
  element: string
  local: string
  prefix: string
  value: string
}

type Say = (text: string, severity?: NarrativeFinding['severity']) => void

function judgeAttribute({ element, local, prefix, value }: Attribute, say: Say): void {
  if (prefix === 'xmlns' || local === 'xmlns') return
  if (prefix === 'xml' && (local === 'lang' || local === 'space')) return
  if (prefix !== '' || !attributes.has(local)) {
    say(`The attribute ${shown(local)} of <${shown(element)}> is not allowed in a narrative (txt-1)`)
    return
  }
  if (local === 'style' && isHarmful(withoutComments(value))) say('A style must not load or run anything (txt-1)')
  if (links.has(local)) judgeLink({ element, local, value }, say)
}

function judgeLink({ element, local, value }: Omit<Attribute, 'prefix'>, say: Say): void {
  const isPicture = element === 'img' && local === 'src'
  if (isPicture && picture.test(value.replace(/\s/g, ''))) return
  // Browsers drop control characters and white space before they look for the scheme.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value.replace(/[\u0000-\u0020\u007f-\u00a0]/g, ''))?.[1]
  if (scheme !== undefined && harmful.test(scheme))
    say(`The attribute ${local} of <${shown(element)}> must not lead to ${scheme.toLowerCase()}: (txt-1)`)
  else if (isPicture && scheme !== undefined)
    say('A picture of another server tells it who reads the narrative', 'warning')
}

/** Published narrative has pictures for lines of trees: its own, or brought along; none of another server. */
function isHarmful(style: string): boolean {
  if (harmfulStyle.test(style)) return true
  return [...style.matchAll(/url\s*\(\s*(['"]?)([^)]*)/gi)].some(([, quote = '', rest = '']) => {
    const target = rest.trim().replace(new RegExp(`${quote}$`), '')
    return !/^[\w./-]*$/.test(target) || target.startsWith('//') ? !picture.test(target.replace(/\s/g, '')) : false
  })
}

const withoutComments = (style: string) => style.replace(/\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\//g, '')
const shown = (name: string) => name.slice(0, 40)
