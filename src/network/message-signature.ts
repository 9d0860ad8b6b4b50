/** HTTP message signatures (RFC 9421) of requests, with the digest of their content (RFC 9530). */
import { sha256 } from '../base/crypto/sha256.ts'
import { authorityOf, readTarget } from './target.ts'

/** A request to be signed. */
export interface SignedMessage {
  method: 'GET' | 'POST'
  url: string
  contentType?: string
  body?: Uint8Array
}

/** Who signs, and when. */
export interface MessageSigner {
  /** As the verifier knows the key. */
  keyId: string
  /** Name in the registry of RFC 9421, e.g. `ecdsa-p256-sha256`. */
  algorithm: string
  sign(bytes: Uint8Array): Uint8Array
  /** Seconds since 1970. */
  created: number
}

/** A covered component: its identifier, and its value. */
export type Component = readonly [name: string, value: string]

/**
 * The headers that sign a request: method, path and host, its query where it has one, and with a body its media type and digest.
 * @throws NetworkError `address` for an address that would not be asked
 */
export function signMessage(message: SignedMessage, signer: MessageSigner): Record<string, string> {
  const digest = message.body === undefined ? undefined : contentDigest(message.body)
  const components = componentsOf(message, digest)
  const { created, keyId, algorithm } = signer
  const names = components.map(([name]) => `"${name}"`).join(' ')
  const parameters = `(${names});created=${created};keyid=${quoted(keyId)};alg=${quoted(algorithm)}`
  const signature = signer.sign(Buffer.from(signatureBase(components, parameters), 'latin1'))
  return {
    'Signature-Input': `sig1=${parameters}`,
    Signature: `sig1=:${Buffer.from(signature).toString('base64')}:`,
    ...(digest === undefined ? {} : { 'Content-Digest': digest }),
  }
}

function componentsOf({ method, url, contentType }: SignedMessage, digest: string | undefined): Component[] {
  const target = readTarget(url, anyPort(url))
  const [path = '', query] = target.path.split(/\?(.*)/s)
  return [
    ['@method', method],
    ['@path', path],
    ['@authority', authorityOf(target)],
    ...(query === undefined ? [] : [['@query', `?${query}`] as const]),
    ...(contentType === undefined ? [] : [['content-type', contentType] as const]),
    ...(digest === undefined ? [] : [['content-digest', digest] as const]),
  ]
}

/** Which ports may be asked is judged when the request is sent. */
function anyPort(address: string) {
  const { hostname: host = '', port = '' } = URL.parse(address) ?? {}
  return [{ host, port: port === '' ? 443 : Number(port) }]
}

/** The text that is signed (RFC 9421, 2.5). */
export function signatureBase(components: readonly Component[], parameters: string): string {
  const lines = components.map(([name, value]) => `"${name}": ${value}`)
  return [...lines, `"@signature-params": ${parameters}`].join('\n')
}

/** `Content-Digest` with SHA-256 (RFC 9530, 2). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${sha256(body).toString('base64')}:`
}

/** A string of structured fields (RFC 8941, 3.3.3). */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
