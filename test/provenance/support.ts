/** Keys for tests of this room. */
import { createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openPkcs12 } from '../../src/cms/pkcs12.ts'
import { openSigningKeys, type SigningKeys, type SigningSettings } from '../../src/provenance/keys.ts'
import { type KeyState, type SigningKey, signingKey } from '../../src/provenance/signing-key.ts'
import { testSigner } from '../support/cms-signer.ts'
import { selfSigned } from './self-signed.ts'

/** A folder of the test file's own, gone when it is done. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-provenance-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file that its owner alone may read, or with another mode; answers its path. */
export function fileIn(folder: string, content: string | Uint8Array, mode = 0o600): string {
  const file = join(folder, randomBytes(6).toString('hex'))
  writeFileSync(file, content, { mode })
  return file
}

/** Opens keys as a server does. */
export function openKeys(
  settings: Partial<SigningSettings>,
  more: { dataDir?: string; now?: () => Date } = {},
): Promise<SigningKeys> {
  const { dataDir, now = () => new Date() } = more
  return openSigningKeys({
    settings: { retired: [], ...settings },
    ...(dataDir === undefined ? {} : { development: { dataDir, writeCertificate: selfSigned } }),
    openPkcs12,
    now,
  })
}

/** A key with its certificate, made now. */
export function testKey(kind = 'P-256', state: KeyState = 'current'): SigningKey {
  const { certificate, privateKey } = testSigner(kind)
  return signingKey({ publicKey: createPublicKey(privateKey), privateKey, chain: [certificate] }, state)
}

/** The certificate in a file of PEM. */
export const certificateOf = (pem: string | Buffer): X509Certificate =>
  new X509Certificate(/-----BEGIN CERTIFICATE-----[\s\S]*/.exec(String(pem))?.[0] ?? '')

/** Whether an ECDSA signature as JOSE writes it holds. */
export const holds = (
  bytes: Uint8Array,
  signature: Uint8Array,
  { publicKey }: Pick<SigningKey, 'publicKey'>,
): boolean => verify('sha256', bytes, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
