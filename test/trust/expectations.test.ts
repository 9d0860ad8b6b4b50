import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, it } from 'node:test'
import { type KeyFilter, listKeys, verifyTrustListFiles } from '../../src/trust/explain.ts'
import { fileReaders, loadTrustLists, type Trust } from '../../src/trust/trust.ts'
import { isShared, overShared, sharedPath } from '../support/shared.ts'

const corpus = sharedPath('corpora/trust')
const at = (file: string) => path.join(corpus, file)

interface ExpectedDocument {
  file: string
  valid: boolean
  validUnder?: Record<string, boolean>
  reason?: string
  references?: number
  foreignReferences?: string[]
  [figure: string]: unknown
}
interface Expectations {
  clock: string
  signingKey: string
  documents: ExpectedDocument[]
  lookups: { file: string; cases: { query: KeyFilter; result: Record<string, unknown>[] }[] }
}
const expectations: Expectations = !isShared
  ? { clock: '', signingKey: '', documents: [], lookups: { file: '', cases: [] } }
  : JSON.parse(readFileSync(at('expectations.json'), 'utf8'))

/** Figures that are printed for valid lists. */
const figures = ['keys', 'distinctKids', 'distinctCertificates', 'domains', 'usages', 'participants', 'algorithms']
const moreFigures = [...figures, 'expired', 'notYetValid', 'references', 'foreignReferences']

overShared.describe('published and altered trust lists', () => {
  const options = () => ({ key: at(expectations.signingKey), at: new Date(expectations.clock), readers: fileReaders })

  for (const expected of expectations.documents) {
    it(`${expected.file}: ${expected.valid ? 'valid' : expected.reason}`, async () => {
      const [report] = await verifyTrustListFiles([at(expected.file)], options())
      assert.ok(report)
      assert.equal(report.valid, expected.valid)
      assert.equal(report.id, expected.id)
      assert.equal(report.kind, expected.kind)
      if (!report.valid) {
        assert.equal(report.reason, expected.reason)
        assert.equal('keys' in report, false)
        return
      }
      const found: Record<string, unknown> = { ...report }
      for (const figure of moreFigures) assert.deepEqual(found[figure], expected[figure], figure)
    })
    for (const [key, valid] of Object.entries(expected.validUnder ?? {})) {
      it(`${expected.file} under ${key}: ${valid ? 'valid' : 'not valid'}`, async () => {
        const [report] = await verifyTrustListFiles([at(expected.file)], { ...options(), key: at(key) })
        assert.equal(report?.valid, valid)
      })
    }
  }
})

overShared.describe('the forgery by a local context, under the network’s own proof', () => {
  const forgery = path.resolve(corpus, '../reports/trust/forged-by-local-context.json')
  it('is refused for its shape', async () => {
    const options = { key: at(expectations.signingKey), at: new Date(expectations.clock), readers: fileReaders }
    const [report] = await verifyTrustListFiles([forgery], options)
    assert.equal(report?.valid, false)
    assert.equal(report && 'reason' in report && report.reason, 'shape')
  })
})

overShared.describe('the lists of a network of our own', () => {
  const lists = readdirSync(at('own-network'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('did.json'),
  )

  it(`${lists.length} documents are all valid, and their embedded ones lose no key`, async () => {
    assert.ok(lists.length >= 80)
    const options = {
      key: at('own-network/signer.jwk.json'),
      at: new Date('2026-11-29T00:00:00Z'),
      readers: fileReaders,
    }
    const reports = await verifyTrustListFiles(
      lists.map((file) => path.join(at('own-network'), file)),
      options,
    )
    assert.deepEqual(
      reports.filter(({ valid }) => !valid),
      [],
    )
    const root = { name: 'own', kind: 'did-v2' as const, location: at('own-network/trustlist/did.json') }
    const trust = await loadTrustLists([{ ...root, key: [options.key] }], {
      now: () => new Date('2026-12-01T00:00:00Z'),
    })
    const [status] = trust.status()
    const report = reports.find(({ file }) => file === root.location)
    assert.deepEqual([status?.keys, status?.leftOut], [report && 'keys' in report ? report.keys : 0, undefined])
  })
})

overShared.describe('look-ups in the root list', () => {
  let trust: Trust
  before(async () => {
    const source = {
      name: 'dev',
      kind: 'did-v2' as const,
      location: at(expectations.lookups.file),
      key: [at(expectations.signingKey)],
    }
    trust = await loadTrustLists([source], { now: () => new Date(expectations.clock) })
  })

  for (const { query, result } of expectations.lookups.cases) {
    it(JSON.stringify(query), () => {
      const lines = listKeys(trust.keys(), query, new Date(expectations.clock))
      const found = lines.map(({ participant, domain, usage, thumbprint, expired, algorithm }) => ({
        participant,
        domain,
        usage,
        thumbprint,
        expired,
        alg: algorithm,
      }))
      const order = (each: Record<string, unknown>) => JSON.stringify([each.thumbprint, each.usage])
      assert.deepEqual(
        found.toSorted((a, b) => order(a).localeCompare(order(b))),
        result.toSorted((a, b) => order(a).localeCompare(order(b))),
      )
    })
  }

  it('leaves out the one key that its SCA did not sign, and says so', () => {
    const [status] = trust.status()
    assert.equal(status?.usable, true)
    assert.equal(status?.keys, 254)
    assert.ok(status?.warnings.some((warning) => /DSC .* of URY: not signed/.test(warning)))
    assert.equal(status?.leftOut?.length, 1)
    assert.ok(status?.warnings.some((warning) => /2 SCAs of XXA have the name/.test(warning)))
    assert.ok(status?.warnings.some((warning) => /ABCDEFGH is not derived/.test(warning)))
  })
})
