import { grammarProvider } from './grammar-provider.ts'
import type { ImplicitSystem } from './implicit-system.ts'

const TOKEN = '[A-Za-z0-9!#$&^_.+\\-]{1,127}'
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"'
const MIME = new RegExp(`^${TOKEN}/${TOKEN}(?:\\s*;\\s*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`)

const COMMON = [
  'application/cbor',
  'application/fhir+json',
  'application/fhir+xml',
  'application/gzip',
  'application/json',
  'application/octet-stream',
  'application/pdf',
  'application/xml',
  'application/zip',
  'audio/mpeg',
  'audio/wav',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/svg+xml',
  'image/tiff',
  'text/cql',
  'text/css',
  'text/csv',
  'text/fhirpath',
  'text/html',
  'text/markdown',
  'text/plain',
  'text/xml',
  'video/mp4',
]

/** Types and subtypes are the same in any case (RFC 6838 §4.2); what parameters say may not be. */
function normalize(code: string): string | undefined {
  if (!MIME.test(code)) return undefined
  const end = code.indexOf(';')
  return end < 0 ? code.toLowerCase() : `${code.slice(0, end).toLowerCase()}${code.slice(end)}`
}

/** `urn:ietf:bcp:13`: media types, `type/subtype` with parameters (RFC 6838 §4.2, RFC 9110 §8.3.1). */
export const mimeTypes: ImplicitSystem = {
  url: 'urn:ietf:bcp:13',
  make: (listed) =>
    grammarProvider({
      url: 'urn:ietf:bcp:13',
      name: 'MimeTypes',
      caseSensitive: false,
      normalize,
      display: (code) => code,
      listed: listed ?? { codes: COMMON, canonical: 'common media types' },
    }),
}
