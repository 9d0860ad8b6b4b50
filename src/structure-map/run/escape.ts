import { TransformFault } from './fault.ts'

/** How one format writes text: both ways. */
interface TextFormat {
  escape(text: string): string
  unescape(text: string): string
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }
const MARKUP: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const markup: TextFormat = {
  escape: (text) => text.replace(/[&<>"']/g, (char) => MARKUP[char] ?? char),
  unescape: (text) =>
    text.replace(
      /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w+));/g,
      (all, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return ENTITIES[name] ?? all
        const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16)
        return code <= 0x10ffff ? String.fromCodePoint(code) : all
      },
    ),
}

/** Formats of the `escape` transform. The standard names none; these are this engine's. */
const FORMATS: Record<string, TextFormat> = {
  none: { escape: (text) => text, unescape: (text) => text },
  json: {
    escape: (text) => JSON.stringify(text).slice(1, -1),
    unescape(text) {
      try {
        return String(JSON.parse(`"${text}"`))
      } catch {
        throw new TransformFault('escape(): the text is not JSON')
      }
    },
  },
  xml: markup,
  html: markup,
  url: {
    escape: (text) => encodeURIComponent(text.toWellFormed()),
    unescape(text) {
      try {
        return decodeURIComponent(text)
      } catch {
        throw new TransformFault('escape(): the text is not URL encoded')
      }
    },
  },
}

/** Names of the formats that `escape` knows. */
export const TEXT_FORMATS = Object.keys(FORMATS)

/** Takes the escapes of one format out and puts those of the other in; TransformFault for an unknown format. */
export function escapeBetween(text: string, from: string, to: string): string {
  const [source, target] = [from, to].map((name) => {
    const format = Object.hasOwn(FORMATS, name.toLowerCase()) ? FORMATS[name.toLowerCase()] : undefined
    if (!format) throw new TransformFault(`escape() knows ${Object.keys(FORMATS).join(', ')}, not '${name}'`)
    return format
  })
  return target && source ? target.escape(source.unescape(text)) : text
}
