/** Signs requests (RFC 9421) by means that are not those of the server. */
import { createHash, type KeyObject, randomUUID, sign } from 'node:crypto'
import { baseUrl, clock, type Sent } from './bed.ts'

/** What a signature says, and how it can be wrong. */
export interface Signing {
  key: KeyObject
  keyId?: string
  alg?: string
  method?: string
  url?: string
  body?: string
  created?: number
  nonce?: string
  /** What is signed in place of what is sent. */
  signed?: { method?: string; target?: string; body?: string }
  components?: string[]
  /** Further parameters, as text. */
  more?: string
  base?: string
  headers?: Record<string, string>
}

const hashes: Record<string, string | undefined> = {
  'ecdsa-p256-sha256': 'sha256',
  'ecdsa-p384-sha384': 'sha384',
  'rsa-v1_5-sha256': 'sha256',
  'rsa-pss-sha512': 'sha512',
}

/** `Content-Digest` of a body. */
export const digestOf = (body: string): string => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

/** A request with its signature. */
export function signed(given: Signing): Sent & { body: string; headers: Record<string, string> } {
  const { method = 'PUT', url = '/fhir/ValueSet/v', body = '{}', keyId = 'up', alg = 'ecdsa-p256-sha256' } = given
  const { created = clock, nonce = randomUUID(), more = '', base = baseUrl } = given
  const hasBody = body !== ''
  const components = given.components ?? ['@method', '@target-uri', ...(hasBody ? ['content-digest'] : [])]
  const digest = digestOf(given.signed?.body ?? body)
  const headers: Record<string, string> = {
    ...(components.includes('content-digest') ? { 'content-digest': digest } : {}),
    ...(hasBody ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
    ...given.headers,
  }
  const values: Record<string, string> = {
    '@method': given.signed?.method ?? method,
    '@target-uri': given.signed?.target ?? `${base}${url}`,
    '@authority': new URL(base).host,
    '@path': url.split('?')[0] ?? '',
    '@query': `?${url.split('?')[1] ?? ''}`,
    ...headers,
  }
  const parameters = `(${components.map((each) => `"${each}"`).join(' ')});created=${created};keyid="${keyId}";alg="${alg}";nonce="${nonce}"${more}`
  const lines = [...components.map((each) => `"${each}": ${values[each] ?? ''}`), `"@signature-params": ${parameters}`]
  const pss = alg === 'rsa-pss-sha512' ? { padding: 6, saltLength: 64 } : {}
  const made = sign(hashes[alg], Buffer.from(lines.join('\n')), { key: given.key, dsaEncoding: 'ieee-p1363', ...pss })
  return {
    method,
    url,
    body,
    headers: {
      ...headers,
      'signature-input': `sig1=${parameters}`,
      signature: `sig1=:${made.toString('base64')}:`,
    },
  }
}
