/** What a gateway hands out over mutual TLS, as it is trusted here: keys, upload certificates, revocation. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { verifyCredential } from '../../src/evaluate/verify/verify.ts'
import { gatewayDownloads } from '../../src/server/gateway.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type Trust } from '../../src/trust/trust.ts'
import { type GatewayBench, startBench } from '../gateway/stand-in.ts'
import { memoryReaders } from '../support/memory-readers.ts'

const day = 86_400_000
/** The identifier of the specimen of a test result. */
const revokedId = 'URN:UVCI:01:XA:SPECIMENT'

describe('a gateway over mutual TLS', () => {
  let bench: GatewayBench
  let trust: Trust
  before(async () => {
    bench = await startBench({
      quirks: { revocation: true, pageSize: 2 },
      signers: ['DSC_all', 'DSC_any', 'foreign_DSC', 'DESC'],
    })
    const hash = createHash('sha256').update(revokedId).digest().subarray(0, 16).toString('base64')
    const batch = (entries: object[], more: object = {}) => ({
      country: 'XA',
      expires: new Date(Date.now() + day).toISOString(),
      kid: 'UNKNOWN_KID',
      hashType: 'UCI',
      entries,
      ...more,
    })
    for (let number = 0; number < 4; number++)
      bench.gateway.addBatch('XA', batch([{ hash: Buffer.alloc(16, number).toString('base64') }]), {
        changed: new Date(Date.now() - (10 - number) * 60_000),
      })
    bench.gateway.addBatch('XA', batch([{ hash }]), { changed: new Date(Date.now() - 60_000) })
    const open = await bench.open('XB')
    const sources: TrustSource[] = [
      { name: 'revoked', kind: 'gateway-revocation', location: 'main' },
      { name: 'network', kind: 'gateway', location: 'main' },
    ]
    const readers = { ...memoryReaders({}), gateway: gatewayDownloads({ network: true }, [open]) }
    trust = await loadTrustLists(sources, { readers, now: () => new Date() })
    await trust.reload()
  })
  after(() => bench.close())

  const verdictOn = async (kind: 'dcc-v' | 'dcc-t', signer = bench.pki.of('XA').dsc('all')) => {
    const payload = samplePayload(kind, {
      issuer: 'XA',
      issuedAt: new Date(Date.now() - 3_600_000),
      expires: new Date(Date.now() + day),
    })
    const text = issueHcert(payload, {
      privateKey: signer.privateKey,
      keyId: Buffer.from(signer.keyId, 'base64'),
      algorithm: 'ES256',
    })
    const context = {
      formats: credentialFormats,
      keys: trust.keys(),
      clock: new Date(),
      revocations: trust.revocations(),
    }
    return (await verifyCredential([text], context)).status
  }

  it('is read without a failure, and what nobody onboarded is left out', () => {
    assert.deepEqual(
      trust.status().map(({ failure }) => failure),
      [undefined, undefined],
    )
    const [revoked, network] = trust.status()
    assert.equal(revoked?.revokes?.batches, 5)
    assert.ok((network?.keys ?? 0) >= 12)
    assert.ok(
      network?.leftOut?.every(
        ({ entry, reason }) => entry.startsWith('DSC') && /authority key id|not signed by/.test(reason),
      ),
    )
    assert.equal(trust.keys().find({ issuer: 'XA', usage: ['UP'] }).length, 1)
  })

  it('vouches for a credential, until a batch revokes it', async () => {
    assert.equal(await verdictOn('dcc-v'), 'VERIFIED')
    assert.equal(await verdictOn('dcc-t'), 'REVOKED')
    assert.equal(await verdictOn('dcc-v', bench.pki.of('XA').foreignDsc), 'ISSUER_NOT_TRUSTED')
  })

  it('that refuses takes nothing away', async () => {
    bench.gateway.faults.push({ match: /./, status: 503, times: 20 })
    await trust.reload()
    assert.ok(trust.status().every(({ failure }) => failure !== undefined))
    assert.equal(await verdictOn('dcc-t'), 'REVOKED')
    assert.equal(await verdictOn('dcc-v'), 'VERIFIED')
  })
})
