import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { writeCertificate } from '../../../src/demo/certificate-writer.ts'
import { issueDivoc } from '../../../src/demo/issue-divoc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { testResult, vaccination } from './documents.ts'

const pair = generateKeyPairSync('ed25519')
const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const name = { commonName: 'Specimen SCA', country: 'XA' }

/** The status of a certificate whose key stands in a signer certificate with these usages. */
async function statusOf(document: ReturnType<typeof vaccination>, extendedKeyUsage: string[]): Promise<string> {
  const period = { notBefore: new Date('2021-01-01'), notAfter: new Date('2031-01-01') }
  const content = {
    subject: name,
    publicKey: pair.publicKey,
    serialNumber: randomBytes(8),
    extendedKeyUsage,
    ...period,
  }
  const certificate = new X509Certificate(writeCertificate(content, { name, ...authority }))
  const method = 'did:specimen'
  const text = await issueDivoc(document, { privateKey: pair.privateKey, method })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: method, x5c: [certificate.raw.toString('base64')] }
  const keys = anchorKeySource([Buffer.from(JSON.stringify(jwk))])
  const context = { formats: credentialFormats, keys, clock: new Date('2022-06-01') }
  return (await verifyCredential([text], context)).status
}

const arc = '1.3.6.1.4.1.1847'

it('a signer whose certificate allows tests alone signs no vaccination of DIVOC, nor does the key of another framework', async () => {
  assert.equal(await statusOf(vaccination(), []), 'VERIFIED')
  assert.equal(await statusOf(vaccination(), [`${arc}.2021.1.2`]), 'VERIFIED')
  assert.equal(await statusOf(vaccination(), [`${arc}.2021.1.1`]), 'KEY_USAGE_MISMATCH')
  assert.equal(await statusOf(testResult(), [`${arc}.2021.1.1`]), 'VERIFIED')
  assert.equal(await statusOf(vaccination(), [`${arc}.2022.1.20`]), 'VERIFIED')
  for (const other of ['21', '22'])
    assert.notEqual(await statusOf(vaccination(), [`${arc}.2022.1.${other}`]), 'VERIFIED')
})
