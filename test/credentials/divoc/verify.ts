import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JsonObject } from '../../../src/base/json-value.ts'
import type { Soon } from '../../../src/base/keep.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { type DivocOptions, divocContent } from '../../../src/demo/issue-divoc.ts'
import type { Verification } from '../../../src/evaluate/verify/verification.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'

/** Who signs in a test. */
export interface TestSigner {
  privateKey: KeyObject
  method: string
  publicKey: KeyObject
}

const method = 'did:specimen'

/** One signer for each kind of key, made now. */
export const signers = {
  ed25519: { ...generateKeyPairSync('ed25519'), method },
  rsa: { ...generateKeyPairSync('rsa', { modulusLength: 2048 }), method },
  weak: { ...generateKeyPairSync('rsa', { modulusLength: 1024 }), method },
  stranger: { ...generateKeyPairSync('ed25519'), method },
}

/** The signed certificate as it goes into the archive. */
export const contentOf = async (
  document: JsonObject,
  signer: TestSigner,
  options: DivocOptions = {},
): Promise<Buffer> => Buffer.from(await divocContent(document, signer, options))

/** The verdict with the signer's key as anchor. */
export function verifyText(
  text: string,
  { publicKey, method: kid }: TestSigner,
  { clock = '2022-06-01T00:00:00Z', key = {} }: { clock?: string; key?: object } = {},
): Soon<Verification> {
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, ...key }
  return verifyCredential([text], {
    formats: credentialFormats,
    keys: anchorKeySource([Buffer.from(JSON.stringify(jwk))]),
    clock: new Date(clock),
  })
}
