/** The key by which other servers know this one. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jwkThumbprint } from '../base/crypto/jwk-thumbprint.ts'
import { isJsonObject } from '../base/json.ts'
import { isMissing } from '../base/system-error.ts'
import { writeNewFile } from '../files/new-file.ts'
import { type SignedMessage, signMessage } from './message-signature.ts'

/** A key pair of this server. */
export interface OwnKey {
  /** As others know it: `kid` of the file, by default the RFC 7638 thumbprint. */
  keyId: string
  privateKey: KeyObject
}

/** Folder of the keys of this server, below DATA_DIR. */
const FOLDER = 'keys'
const FILE = 'message-signing.jwk.json'

/**
 * A key of this server, by default that which signs messages to other servers: ES256, a JWK in `<dataDir>/keys` that only its owner
 * reads, made when there is none. Two processes that begin together come to the same key.
 * @param name of its file
 * @throws Error that names the file when it holds no such key
 */
export function ownKey(dataDir: string, name = FILE): OwnKey & { file: string } {
  const folder = join(dataDir, FOLDER)
  const file = join(folder, name)
  const known = readText(file)
  if (known !== undefined) return { ...readKey(known, file), file }
  writeNewFile(folder, name, newKey())
  return { ...readKey(readFileSync(file, 'utf8'), file), file }
}

/** Signs requests with the key of a data folder, which is looked for when it is first needed. */
export function createMessageSigner(
  dataDir: string,
  now: () => Date,
): (message: SignedMessage) => Record<string, string> {
  let known: OwnKey | undefined
  return (message) => {
    known ??= ownKey(dataDir)
    const { keyId, privateKey } = known
    const created = Math.floor(now().getTime() / 1000)
    const signBytes = (bytes: Uint8Array) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return signMessage(message, { keyId, algorithm: 'ecdsa-p256-sha256', created, sign: signBytes })
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function newKey(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: jwkThumbprint(publicKey), alg: 'ES256', use: 'sig' }
  return `${JSON.stringify(jwk, null, 2)}\n`
}

function readKey(text: string, file: string): OwnKey {
  const wanted = new Error(`${file} must hold the JWK of a private key on P-256, with its kid`)
  let jwk: unknown
  try {
    jwk = JSON.parse(text)
  } catch {
    throw wanted // the parser's message quotes the key
  }
  if (!isJsonObject(jwk) || jwk.kty !== 'EC' || jwk.crv !== 'P-256') throw wanted
  const { crv, kty, x, y, d, kid } = jwk
  if (typeof x !== 'string' || typeof y !== 'string' || typeof d !== 'string') throw wanted
  if (typeof kid !== 'string' || !/^[!-~]{1,256}$/.test(kid)) throw wanted
  try {
    return { keyId: kid, privateKey: createPrivateKey({ key: { kty, crv, x, y, d }, format: 'jwk' }) }
  } catch {
    throw wanted
  }
}
