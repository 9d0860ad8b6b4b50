/** A gateway's list in a process of its own, kept on the disk, and held against what it was before. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { UnusableSource } from '../../../../src/trust/lists/trust-source.ts'
import { createMessageProcess } from '../../../../src/trust/messages/message-process.ts'
import { createBatchStore } from '../../../../src/trust/revocation/gateway/batch-store.ts'
import { loadTrustLists } from '../../../../src/trust/trust.ts'
import { createCopyStore, fileDisk } from '../../../../src/trust/upkeep/copy-store.ts'
import { JobFailure } from '../../../../src/workers/job-failure.ts'
import { memoryReaders } from '../../../support/memory-readers.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { batchGateway, batchMessage } from '../../../support/trust-network/batches.ts'
import {
  fakeGateway,
  gatewaySource,
  loadNetwork,
  openerAt,
  rowsOf,
} from '../../../support/trust-network/gateway-list.ts'

const pki = testPki()
const folder = mkdtempSync(join(tmpdir(), 'vidimus-gateway-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const rows = pki.countries.flatMap((country) => rowsOf(pki, country))
const refused = () => Promise.reject(Object.assign(new Error('it cannot be reached'), { name: 'GatewayError' }))

describe('the last good list of a gateway', () => {
  it('and its batches are there after a restart without network', async () => {
    const copies = createCopyStore(join(folder, 'trust'))
    const batches = (name: string) => createBatchStore(join(folder, `${name}.batches`), fileDisk)
    const revoked = Buffer.alloc(16, 7)
    const list = batchGateway()
    list.add('one', batchMessage({ country: 'XA', signer: pki.of('XA').up, hashes: [revoked] }), {})
    const sources = [gatewaySource(), { name: 'revoked', kind: 'gateway-revocation' as const, location: 'main' }]
    await loadNetwork(sources, {
      gateways: { main: fakeGateway(pki, { certificates: async () => rows, ...list.answers }) },
      readers: { batches },
      options: { copies, keepsCopies: true },
    })
    const down = fakeGateway(pki, { certificates: refused, revocationList: refused, revocationBatch: refused })
    const readers = { ...memoryReaders({}), gateway: () => down, batches }
    const trust = await loadTrustLists(sources, {
      readers,
      copies,
      now: () => new Date(),
      messages: openerAt(new Date()),
    })
    assert.equal(trust.keys().keys.length, rows.length)
    const dsc = pki.of('XA').dsc('all')
    const question = {
      key: { keyId: dsc.keyId, participant: 'XXA', thumbprint: dsc.thumbprint },
      keyId: dsc.keyId,
      issuer: 'XA',
      clock: new Date(),
    }
    assert.ok(trust.revocations()?.hashes(question)?.names('UCI', revoked))
    assert.deepEqual(trust.revocations()?.hashes(question)?.faults, [])
    await trust.reload()
    assert.equal(trust.keys().keys.length, rows.length)
    assert.ok(trust.status().every(({ failure }) => failure?.includes('cannot be reached')))
    assert.match(trust.revocations()?.hashes(question)?.faults.join() ?? '', /could not be read again/)
  })

  it('that loses most of its keys waits to be accepted', async () => {
    let answer: JsonObject[] = rows
    const gateways = { main: fakeGateway(pki, { certificates: async () => answer }) }
    const trust = await loadNetwork([gatewaySource()], { gateways })
    answer = rows.slice(0, 3)
    await trust.reload()
    assert.match(trust.status()[0]?.failure ?? '', /waits for `vidimus trust accept network`/)
    assert.equal(trust.keys().keys.length, rows.length)
    // As many rows, of which none counts, are no better.
    answer = rows.map((each) => ({ ...each, signature: 'AAAA' }))
    await trust.reload()
    assert.match(trust.status()[0]?.failure ?? '', /0 keys count/)
    assert.equal(trust.keys().keys.length, rows.length)
  })
})

describe('the process that opens messages', () => {
  it('answers as this one does', async () => {
    const readers = { ...memoryReaders({}), gateway: () => fakeGateway(pki, { certificates: async () => rows }) }
    const trust = await loadTrustLists([gatewaySource()], { readers, now: () => new Date() })
    await trust.reload()
    assert.equal(trust.status()[0]?.failure, undefined)
    assert.equal(trust.keys().keys.length, rows.length)
  })

  it('that cannot be started, or ends, makes the list unusable and nothing worse', async () => {
    const program = new URL('no-such-program.ts', import.meta.url)
    const opener = createMessageProcess(() => new Date(), program)
    await assert.rejects(
      opener.batch('AAAA'),
      (error) => error instanceof UnusableSource && !(error instanceof JobFailure),
    )
  })
})
