/** The keys that may sign kits, as whoever uses them pins them. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { pemCertificates } from '../base/crypto/pem.ts'
import { publicKeyOfJwk } from '../base/crypto/public-jwk.ts'
import { isJsonObject, objectsIn, parseJson } from '../base/json.ts'
import { JsonError } from '../base/json-error.ts'
import { KitError } from './kit-error.ts'

/** Keys, and authorities whose signers may sign. */
export interface Pins {
  keys: readonly KeyObject[]
  authorities: readonly X509Certificate[]
}

/** All of several. */
export const allPins = (pins: readonly Pins[]): Pins => ({
  keys: pins.flatMap(({ keys }) => keys),
  authorities: pins.flatMap(({ authorities }) => authorities),
})

/**
 * Reads a file of pinned keys: certificates or a public key in PEM, a JWK, a JWK set, or a DID document. A certificate of an authority
 * stands for those whom it certifies, any other for its own key.
 * @param name for errors
 * @throws KitError
 */
export function readPins(text: string, name: string): Pins {
  const blocks = pemCertificates(text)
  if (blocks.length > 0) return ofCertificates(blocks, name)
  if (text.includes('-----BEGIN PUBLIC KEY-----')) return { keys: [pemKey(text, name)], authorities: [] }
  const keys = jwkKeys(text, name)
  if (keys.length === 0) throw new KitError('signature', `${name} holds no public key`)
  return { keys, authorities: [] }
}

function ofCertificates(blocks: string[], name: string): Pins {
  try {
    const certificates = blocks.map((block) => new X509Certificate(block))
    return {
      keys: certificates.filter(({ ca }) => !ca).map(({ publicKey }) => publicKey),
      authorities: certificates.filter(({ ca }) => ca),
    }
  } catch {
    throw new KitError('signature', `${name} holds a certificate that cannot be read`)
  }
}

function pemKey(text: string, name: string): KeyObject {
  try {
    return createPublicKey(text)
  } catch {
    throw new KitError('signature', `${name} holds a public key that cannot be read`)
  }
}

function jwkKeys(text: string, name: string): KeyObject[] {
  try {
    const json = parseJson(text)
    if (!isJsonObject(json)) return []
    const methods = objectsIn(json.verificationMethod).flatMap(({ publicKeyJwk }) => objectsIn([publicKeyJwk ?? null]))
    return [json, ...objectsIn(json.keys), ...methods].flatMap((jwk) => publicKeyOfJwk(jwk) ?? [])
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new KitError('signature', `${name} is neither PEM nor JSON`)
  }
}
