import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import {
  demoCardIssuer,
  demoCountry,
  demoDivocIssuer,
  demoDivocMethod,
  demoIssuer,
  demoTrustSources,
  forgerKey,
} from '../../src/demo/demo-issuer.ts'
import { issueDivoc, sampleDivoc } from '../../src/demo/issue-divoc.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal } from '../../src/demo/issue-icao-vds-nc.ts'
import { issueCard, sampleCard } from '../../src/demo/issue-shc.ts'
import { sampleKinds, samplePayload } from '../../src/demo/samples.ts'
import { verifyCredential } from '../../src/evaluate/verify/verify.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-demo-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const now = new Date('2026-06-01T12:00:00Z')
const issuedAt = new Date('2026-05-31T12:00:00Z')
const times = { issuer: demoCountry, issuedAt, expires: new Date('2026-12-01') }
const issuer = demoIssuer(dataDir, now)

async function statusOf(texts: string[]): Promise<string> {
  const trust = await loadTrustLists(demoTrustSources(dataDir, now), { now: () => now })
  const { status } = await verifyCredential(texts, { formats: credentialFormats, keys: trust.keys(), clock: now })
  return status
}

test('every specimen is verified under the lists that the demonstration trusts', async () => {
  for (const kind of sampleKinds) {
    const text = issueHcert(samplePayload(kind, times), { ...issuer, algorithm: 'ES256' })
    assert.equal(await statusOf([text]), 'VERIFIED', kind)
  }
  const { publicKey } = issuer.certificate
  const card = issueCard(sampleCard({ issuer: demoCardIssuer, issuedAt }), { privateKey: issuer.privateKey, publicKey })
  assert.equal(await statusOf(card), 'VERIFIED')
  const sealer = { privateKey: issuer.seal.privateKey, certificate: issuer.seal.certificate.raw }
  assert.equal(await statusOf([issueSeal(sampleSeal({ issuer: demoCountry, issuedAt }), sealer)]), 'VERIFIED')
  const signer = { privateKey: issuer.divocKey, method: demoDivocMethod }
  const document = (from: string) => sampleDivoc({ issuer: from, issuedAt })
  assert.equal(await statusOf([await issueDivoc(document(demoDivocIssuer), signer)]), 'VERIFIED')
  assert.equal(await statusOf([await issueDivoc(document('https://other.invalid'), signer)]), 'ISSUER_NOT_TRUSTED')
})

test('what a forger signs under the same key id is not', async () => {
  const signer = { privateKey: forgerKey(), keyId: issuer.keyId, algorithm: 'ES256' as const }
  assert.equal(await statusOf([issueHcert(samplePayload('dcc-v', times), signer)]), 'INVALID_SIGNATURE')
})

test('keys are made once, and again when they have run out', () => {
  const again = demoIssuer(dataDir, now)
  assert.equal(again.certificate.fingerprint256, issuer.certificate.fingerprint256)
  const later = new Date(issuer.certificate.validToDate.getTime() + 1000)
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-demo-'))
  try {
    const first = demoIssuer(folder, now)
    const renewed = demoIssuer(folder, later)
    assert.notEqual(renewed.certificate.fingerprint256, first.certificate.fingerprint256)
    assert.ok(renewed.certificate.validToDate > later)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('private keys are readable by their owner alone, and none lies in the folder of trust', () => {
  const keys = join(dataDir, 'demo/keys')
  assert.equal(statSync(keys).mode & 0o077, 0)
  for (const file of readdirSync(keys).filter((each) => each.endsWith('-key.pem')))
    assert.equal(statSync(join(keys, file)).mode & 0o077, 0, file)
  assert.deepEqual(readdirSync(join(dataDir, 'demo/trust')).sort(), [
    'cards.jwks.json',
    'divoc.jwks.json',
    'dsc.pem',
    'sca.pem',
    'trust.json',
  ])
})
