/** Rows and pages as nobody would send them: nothing of them counts, and nothing breaks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../../../src/base/json-value.ts'
import { isLeftOut, readGatewayRow } from '../../../../src/trust/lists/gateway/rows.ts'
import { UnusableSource } from '../../../../src/trust/lists/trust-source.ts'
import { openMessages } from '../../../../src/trust/messages/open-messages.ts'
import { emptyBook, readBook, writeBook } from '../../../../src/trust/revocation/gateway/batch-book.ts'
import { readBatchList } from '../../../../src/trust/revocation/gateway/batch-list.ts'
import { cmsText } from '../../../support/pki/cms.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { batchMessage } from '../../../support/trust-network/batches.ts'
import { fakeGateway, gatewaySource, loadNetwork, row, rowsOf } from '../../../support/trust-network/gateway-list.ts'

const pki = testPki({ countries: ['XA'] })
const xa = pki.of('XA')
const dsc = row(xa.dsc('all'), 'DSC', xa.up)
const anyJson = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>

describe('a row of anything', () => {
  it('is left out with a reason', () => {
    const members = fc.dictionary(fc.constantFrom(...Object.keys(dsc), '__proto__', 'sourceGateway'), anyJson)
    fc.assert(
      fc.property(fc.oneof(anyJson, members), (json) => {
        const read = readGatewayRow(json, 0, 'list')
        assert.ok(isLeftOut(read))
        assert.ok(read.reason !== '' && read.entry !== '')
      }),
      { numRuns: 500 },
    )
  })

  it('that has a good one’s members but for one counts only if that one proves nothing', async () => {
    const free = ['kid', 'domain', 'properties', 'uuid', 'version']
    const names = Object.keys(dsc).filter((name) => !free.includes(name))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), anyJson, async (name, value) => {
        fc.pre(JSON.stringify(value) !== JSON.stringify(dsc[name]))
        const rows = [...rowsOf(pki, 'XA').filter(({ group }) => group !== 'DSC'), { ...dsc, [name]: value }]
        const trust = await loadNetwork([gatewaySource()], {
          gateways: { main: fakeGateway(pki, { certificates: async () => rows }) },
        })
        assert.equal(trust.keys().find({ usage: ['DSC'] }).length, 0)
      }),
      { numRuns: 30 },
    )
  })
})

describe('a message with one byte changed', () => {
  const flipped = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64')
    const place = at % bytes.length
    bytes[place] = (bytes[place] ?? 0) ^ (1 + (at % 255))
    return bytes.toString('base64')
  }

  it('over a certificate is never one of the expected signer', async () => {
    const { raw } = xa.sca.certificate
    const message = cmsText(raw, pki.anchor)
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (at) => {
        const statements = [{ message: flipped(message, at), content: raw, by: [0] }]
        const [verdict] = (await openMessages({
          kind: 'statements',
          statements,
          signers: [pki.anchor.certificate.raw],
          now: Date.now(),
        })) as { fault?: string; signer?: number }[]
        // A byte that nobody reads (an unsigned version, the tag of a time) may change; what is proven is the content and the signer.
        assert.ok(verdict?.fault !== undefined || verdict?.signer === 0)
        if (verdict?.fault === undefined) assert.ok(Buffer.from(statements[0]?.message ?? '', 'base64').includes(raw))
      }),
      { numRuns: 300 },
    )
  })

  it('of a batch is refused, or says the same', async () => {
    const message = batchMessage({ country: 'XA', signer: xa.up, hashes: [Buffer.alloc(16, 1)] })
    const good = await openMessages({ kind: 'batch', message, now: Date.now() })
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (at) => {
        const read = await openMessages({ kind: 'batch', message: flipped(message, at), now: Date.now() })
        // With another byte in its certificate it is another's, which no upload certificate is.
        if (typeof read !== 'string') assert.deepEqual({ ...read, signer: '' }, { ...(good as object), signer: '' })
      }),
      { numRuns: 300 },
    )
  })
})

describe('a list of batches of anything', () => {
  it('is refused, or read to its end', async () => {
    const entry = fc.record({
      batchId: fc.constantFrom('a', 'b', 'c'),
      country: fc.constantFrom('XA', 'XB'),
      date: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2025-01-01T00:00:00+01:00'),
      deleted: fc.boolean(),
    })
    const page = fc.record({
      more: fc.boolean(),
      batches: fc.array(fc.oneof({ weight: 9, arbitrary: entry }, { weight: 1, arbitrary: anyJson }), { maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 9, arbitrary: page }, { weight: 1, arbitrary: anyJson }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (pages) => {
          let asked = 0
          const gateway = fakeGateway(pki, { revocationList: async () => pages[asked++ % pages.length] as never })
          const book = emptyBook('main')
          await readBatchList(book, gateway, new Date()).catch((error: unknown) =>
            assert.ok(error instanceof UnusableSource, String(error)),
          )
          assert.ok(asked < 50)
          assert.deepEqual(readBook(writeBook(book), 'main'), book)
        },
      ),
      { numRuns: 300 },
    )
  })
})
