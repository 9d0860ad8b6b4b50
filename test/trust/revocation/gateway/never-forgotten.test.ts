/** What was withdrawn stays withdrawn, and what may have been is told: through losses of the disk, outages, and gateways that begin anew. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../../src/trust/lists/trust-source.ts'
import { createBatchStore } from '../../../../src/trust/revocation/gateway/batch-store.ts'
import type { Trust } from '../../../../src/trust/trust.ts'
import { createCopyStore } from '../../../../src/trust/upkeep/copy-store.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { batchGateway, batchMessage } from '../../../support/trust-network/batches.ts'
import { fakeGateway, gatewaySource, loadNetwork } from '../../../support/trust-network/gateway-list.ts'
import { memoryDisk } from '../../upkeep/world.ts'

const pki = testPki()
const DAY_MILLISECONDS = 86_400_000
const source: TrustSource = { name: 'revoked', kind: 'gateway-revocation', location: 'main' }
const bookPath = '/data/revoked.batches/book.json'

/** A server with a disk, which may end and begin again, and its gateway. */
function scene() {
  const gateway = batchGateway()
  const disk = memoryDisk()
  const here = {
    gateway,
    disk,
    clock: new Date(),
    isDown: false,
    revoked: randomBytes(16),
    start() {
      const down = () => Promise.reject(Object.assign(new Error('no answer'), { name: 'GatewayError' }))
      const main = fakeGateway(pki, {
        ...gateway.answers,
        certificates: here.isDown ? down : fakeGateway(pki).certificates,
        revocationList: (since) => (here.isDown ? down() : gateway.answers.revocationList(since)),
      })
      return loadNetwork([source, gatewaySource()], {
        gateways: { main },
        readers: { batches: (name) => createBatchStore(`/data/${name}.batches`, disk) },
        now: () => here.clock,
        options: { copies: createCopyStore('/data', disk), keepsCopies: true },
      })
    },
    pass(days: number) {
      here.clock = new Date(here.clock.getTime() + days * DAY_MILLISECONDS)
    },
  }
  const batch = batchMessage({ country: 'XA', signer: pki.of('XA').up, hashes: [here.revoked] })
  gateway.add('one', batch, {})
  return here
}

function asked(trust: Trust, country: 'XA' | 'XB', clock: Date) {
  const dsc = pki.of(country).dsc('all')
  const key = { keyId: dsc.keyId, participant: `X${country}`, thumbprint: dsc.thumbprint }
  return trust.revocations()?.hashes({ key, keyId: dsc.keyId, issuer: country, clock })
}

describe('a book of batches that is lost', () => {
  for (const [what, bytes] of [
    ['gone', undefined],
    ['broken', Buffer.from('{')],
    ['that of another gateway', Buffer.from('{"gateway":"other"}')],
  ] as const)
    it(`is told of every credential until the gateway was read again: ${what}`, async () => {
      const here = scene()
      await here.start()
      if (bytes) here.disk.files.set(bookPath, bytes)
      else assert.ok(here.disk.files.delete(bookPath))
      here.isDown = true
      const trust = await here.start()
      for (const country of ['XA', 'XB'] as const)
        assert.match(asked(trust, country, here.clock)?.faults.join() ?? '', /not read to its end/)
      here.isDown = false
      const again = await here.start()
      assert.ok(asked(again, 'XA', here.clock)?.names('UCI', here.revoked))
      assert.deepEqual(asked(again, 'XA', here.clock)?.faults, [])
    })
})

describe('a gateway that begins anew', () => {
  it('with an empty list takes no batch away', async () => {
    const here = scene()
    const trust = await here.start()
    here.gateway.entries = []
    here.pass(8)
    await trust.reload()
    assert.ok(asked(trust, 'XA', here.clock)?.names('UCI', here.revoked))
    assert.match(asked(trust, 'XA', here.clock)?.faults.join() ?? '', /could not be read again/)
    const [status] = trust.status()
    assert.match(status?.failure ?? '', /lists 0 of the 1 batches that are held/)
  })

  it('with less than half of the batches takes none away; what it deletes by name goes', async () => {
    const here = scene()
    const more = Array.from({ length: 6 }, () => randomBytes(16))
    for (const [at, hash] of more.entries())
      here.gateway.add(`more-${at}`, batchMessage({ country: 'XA', signer: pki.of('XA').up, hashes: [hash] }), {})
    const trust = await here.start()
    here.gateway.entries = here.gateway.entries.slice(0, 2)
    here.pass(8)
    await trust.reload()
    assert.ok([here.revoked, ...more].every((hash) => asked(trust, 'XA', here.clock)?.names('UCI', hash)))
    here.gateway.add('more-5', 'deleted', { deleted: true, date: '2026-02-01T00:00:00Z' })
    await trust.reload()
    const names = [here.revoked, ...more].map((hash) => asked(trust, 'XA', here.clock)?.names('UCI', hash))
    assert.deepEqual(names, [true, true, true, true, true, true, false])
  })
})

describe('a gateway that does not answer', () => {
  it('may have revoked certificates of a country that had no batch before', async () => {
    const here = scene()
    const trust = await here.start()
    assert.equal(asked(trust, 'XB', here.clock), undefined)
    here.isDown = true
    await trust.reload()
    assert.match(asked(trust, 'XB', here.clock)?.faults.join() ?? '', /could not be read again/)
    const again = await here.start()
    assert.match(asked(again, 'XB', here.clock)?.faults.join() ?? '', /could not be read again/)
    here.isDown = false
    await again.reload()
    assert.equal(asked(again, 'XB', here.clock), undefined)
  })

  it('is told by the age of its list, also of such a country', async () => {
    const here = scene()
    const trust = await here.start()
    here.pass(30)
    assert.match(asked(trust, 'XB', here.clock)?.faults.join() ?? '', /is 30 days old/)
  })
})
