/** Requests to the server that a folder is published to, with the proof of who publishes. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { isJsonObject, stringifyJson } from '../../base/json.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { OperatorReply, OperatorRequest } from '../../network/operator-client.ts'
import { requestAlgorithms, signRequest } from '../../network/operator-signature.ts'
import type { SigningKey } from '../../provenance/signing-key.ts'
import type { AskServer } from './server.ts'

/** By what a server knows who publishes; a client certificate is part of the connection. */
export type Proof =
  | { kind: 'none' }
  | { kind: 'token'; token: string }
  /** SMART Backend Services: a client with a key of its own gets a token. */
  | { kind: 'client'; id: string; key: ClientKey }
  /** A key that the trust network lists signs each request. */
  | { kind: 'network-key'; key: Pick<SigningKey, 'keyId' | 'algorithm' | 'sign'> }

/** What requests are made of. */
export interface AskOptions {
  /** FHIR base of the server, without a slash at its end. */
  base: string
  proof: Proof
  send(request: OperatorRequest): Promise<OperatorReply>
  now(): Date
  /** Random UUID. */
  uuid(): string
}

const fhirJson = 'application/fhir+json'

/** Makes them; a token is got when the first request needs it, and kept. */
export function askServer(options: AskOptions): AskServer {
  let token: Promise<string> | undefined
  return async (method, path, body) => {
    const request: OperatorRequest = {
      method,
      url: `${options.base}${path === '/' ? '' : path}`,
      headers: { Accept: fhirJson, ...(body ? { 'Content-Type': fhirJson } : {}) },
      ...(body ? { body: Buffer.from(stringifyJson(body)) } : {}),
    }
    const { proof } = options
    if (proof.kind === 'network-key') return options.send(await signed(request, proof.key, options))
    if (proof.kind === 'client') token ??= tokenOf(proof, options)
    const bearer = proof.kind === 'token' ? proof.token : await token
    if (bearer !== undefined) request.headers.Authorization = `Bearer ${bearer}`
    return options.send(request)
  }
}

function signed(
  request: OperatorRequest,
  key: Pick<SigningKey, 'keyId' | 'algorithm' | 'sign'>,
  { now, uuid }: AskOptions,
): Promise<OperatorRequest> {
  const algorithm = requestAlgorithms[key.algorithm]
  if (algorithm === undefined) throw unprocessable(`a key for ${key.algorithm} signs no requests (RFC 9421)`)
  const created = Math.floor(now().getTime() / 1000)
  const sign = (bytes: Uint8Array) => key.sign(bytes)
  return signRequest(request, { keyId: key.keyId, algorithm, sign, created, nonce: uuid() })
}

// ---------- private_key_jwt (RFC 7523; SMART Backend Services) ----------

/** Key of a registered client. */
export interface ClientKey {
  keyId: string
  algorithm: 'ES384' | 'RS384'
  privateKey: KeyObject
}

/**
 * Reads a client's key: a JWK, or PEM.
 * @param named its key id as it is registered; else that of the JWK, else its thumbprint (RFC 7638)
 * @throws Error that says what it must be, and quotes nothing of it
 */
export function readClientKey(text: string, named?: string): ClientKey {
  const wanted = new Error('the key of a client is a private JWK or PEM, on P-384 or RSA of 2048 bits and more')
  let kid: string | undefined
  let privateKey: KeyObject
  try {
    if (text.trimStart().startsWith('{')) {
      const jwk: unknown = JSON.parse(text)
      if (!isJsonObject(jwk)) throw wanted
      if (typeof jwk.kid === 'string') kid = jwk.kid
      privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
    } else privateKey = createPrivateKey(text)
  } catch {
    throw wanted // the reader's message may quote the key
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey
  const isRsa = type === 'rsa' && (details?.modulusLength ?? 0) >= 2048
  if (!isRsa && !(type === 'ec' && details?.namedCurve === 'secp384r1')) throw wanted
  const keyId = named ?? kid ?? jwkThumbprint(createPublicKey(privateKey))
  if (keyId === undefined) throw wanted
  return { keyId, algorithm: isRsa ? 'RS384' : 'ES384', privateKey }
}

/** An assertion is good for so long. */
const assertionSeconds = 240

async function tokenOf({ id, key }: { id: string; key: ClientKey }, options: AskOptions): Promise<string> {
  const { origin } = new URL(options.base)
  const configured = await options.send({
    method: 'GET',
    url: `${origin}/.well-known/smart-configuration`,
    headers: { Accept: 'application/json' },
  })
  const endpoint = textMember(configured, 'token_endpoint')
  if (endpoint === undefined)
    throw notIssued('the server names no token endpoint (/.well-known/smart-configuration): it knows no clients')
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/*.cruds',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(id, key, endpoint, options),
  })
  const answer = await options.send({
    method: 'POST',
    url: endpoint,
    headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  })
  const token = textMember(answer, 'access_token')
  if (token !== undefined) return token
  throw notIssued(
    `no token was issued to ${id}: ${textMember(answer, 'error_description') ?? `status ${answer.status}`}`,
  )
}

const notIssued = (text: string) => new FhirError(401, issue('login', text))

function textMember({ body }: OperatorReply, name: string): string | undefined {
  try {
    const read = parseJson(body)
    const value = isJsonObject(read) ? read[name] : undefined
    return typeof value === 'string' ? value : undefined
  } catch (error) {
    if (error instanceof FhirError) return undefined
    throw error
  }
}

function assertion(
  id: string,
  { keyId, algorithm, privateKey }: ClientKey,
  audience: string,
  options: AskOptions,
): string {
  const seconds = Math.floor(options.now().getTime() / 1000)
  const header = { alg: algorithm, kid: keyId, typ: 'JWT' }
  const claims = { iss: id, sub: id, aud: audience, iat: seconds, exp: seconds + assertionSeconds, jti: options.uuid() }
  const text = [header, claims].map((each) => Buffer.from(JSON.stringify(each)).toString('base64url')).join('.')
  const signature = sign('sha384', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
