const BASE64 = 'B64:'
/** A zip archive, one character for each byte. */
const ZIP = 'PK\u0003\u0004'

/** The one file in the archive of a certificate. */
export const CERTIFICATE_FILE = 'certificate.json'

/** Prefix test only. */
export const isZipText = (text: string): boolean => text.startsWith(BASE64) || text.startsWith(ZIP)

/** The archive in a text: standard base64 (RFC 4648, section 4) or bytes as characters; undefined where it is neither, or has bits that say nothing. */
export function zipOfText(text: string): Buffer | undefined {
  if (!text.startsWith(BASE64)) return /^[\0-\u00ff]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined
  const encoded = text.slice(BASE64.length)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const again = bytes.toString('base64')
  return encoded === again || encoded === again.replace(/=+$/, '') ? bytes : undefined
}

/** Where a text stops being an archive's, from its beginning. */
export function strayOffset(text: string): number {
  const good = text.startsWith(BASE64) ? /^B64:[A-Za-z0-9+/]*={0,2}/ : /^[\0-\u00ff]*/
  return good.exec(text)?.[0].length ?? 0
}
