import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { inspectCertificate } from '../../../src/gateway/upload/certificate.ts'
import { batchesOfLines, batchProblems } from '../../../src/gateway/upload/revocation.ts'
import { ruleProblems } from '../../../src/gateway/upload/rule.ts'
import { readBatch } from '../../../src/trust/revocation/read-batch.ts'
import { euRule } from '../../support/eu-rule.ts'
import { testPki } from '../../support/pki/pki.ts'
import { readCases } from '../../support/read-cases.ts'

const now = new Date()
const pki = testPki()
const xa = pki.of('XA')

describe('a signer before it is uploaded', () => {
  const inspect = (certificate = xa.dsc('any').certificate, authorities = [xa.sca.certificate]) =>
    inspectCertificate(certificate, { authorities, country: 'XA', now })

  it('under our authority, without restriction: nothing to say', () => {
    assert.deepEqual(inspect(), { problems: [], warnings: [] })
    const several = [pki.of('XB').sca.certificate, xa.sca.certificate]
    assert.deepEqual(inspect(undefined, several).problems, [])
  })
  it('under another of the same name, of another country, expired, an authority itself, without any authority', () => {
    assert.match(inspect(xa.foreignDsc.certificate).problems.join(), /under none of the signer/)
    assert.match(
      inspect(pki.of('XB').dsc('any').certificate).problems.join(),
      /exactly one C, XA; it has XB.*under none/,
    )
    assert.match(inspect(xa.dsc('expired').certificate).problems.join(), /ended on 2022/)
    assert.match(inspect(xa.sca.certificate).problems.join(), /an authority itself/)
    assert.match(inspect(undefined, []).problems.join(), /no signer certificate authority/)
    // Who signed it must be an authority.
    assert.match(inspect(undefined, [xa.up.certificate]).problems.join(), /under none/)
  })
  it('restricted by an extended key usage: warned', () => {
    assert.match(inspect(xa.dsc('vaccination').certificate).warnings.join(), /1847\.2021\.1\.2 alone/)
    assert.match(
      inspect(xa.desc.certificate, [xa.deca.certificate]).warnings.join(),
      /no verifier of certificates asks for/,
    )
    const noUsage = pki.make({
      name: 'XA_no',
      subject: { country: 'XA', commonName: 'x' },
      issuer: xa.sca,
      keyUsage: ['cRLSign'],
    })
    assert.match(inspect(noUsage.certificate).warnings.join(), /lacks digitalSignature/)
  })
})

describe('hashes of a file become batches', () => {
  const head = { country: 'XA', expires: new Date('2030-01-01T00:00:00Z'), hashType: 'UCI' as const }
  const hash = (byte: number, length = 16) => Buffer.alloc(length, byte)

  it('base64 and hexadecimal, whole and half, each once', () => {
    const lines = [
      hash(1).toString('base64'),
      hash(1).toString('hex'),
      hash(1, 32).toString('base64'),
      '# a remark',
      '',
      hash(2, 32).toString('hex').toUpperCase(),
    ]
    const [batch, ...more] = batchesOfLines(lines.join('\r\n'), head)
    assert.deepEqual(batch, {
      country: 'XA',
      expires: '2030-01-01T00:00:00Z',
      kid: 'UNKNOWN_KID',
      hashType: 'UCI',
      entries: [1, 2].map((byte) => ({ hash: hash(byte).toString('base64') })),
    })
    assert.equal(more.length, 0)
    assert.equal(typeof readBatch(batch ?? {}), 'object')
  })
  it('a thousand a batch', () => {
    const lines = Array.from({ length: 2001 }, (_, at) => at.toString(16).padStart(32, '0'))
    const batches = batchesOfLines(lines.join('\n'), { ...head, kid: 'AAAA' })
    assert.deepEqual(
      batches.map(({ entries }) => Array.isArray(entries) && entries.length),
      [1000, 1000, 1],
    )
    assert.equal(batches[0]?.kid, 'AAAA')
  })
  it('a line that is no hash refuses the file, and is not quoted', () => {
    for (const wrong of [
      '01:V1:secret',
      'abc',
      `${hash(1).toString('base64')}x`,
      'ab'.repeat(20),
      hash(1).toString('base64').replace('Q=', 'R='),
    ])
      assert.throws(
        () => batchesOfLines(`${hash(2).toString('hex')}\n${wrong}\n`, head),
        (error: unknown) =>
          error instanceof Error &&
          /no hash in base64 or hexadecimal stands in line 2/.test(error.message) &&
          !error.message.includes(wrong),
        wrong,
      )
    for (const nothing of ['', '\n\n', '# nothing']) assert.throws(() => batchesOfLines(nothing, head), /no hash in it/)
  })
  it('whatever the text, what is made of it can be read again', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.string())), (lines) => {
        const text = lines
          .map((each) => (typeof each === 'string' ? each : Buffer.from(each).toString('base64')))
          .join('\n')
        let batches: JsonObject[] = []
        try {
          batches = batchesOfLines(text, head)
        } catch (error) {
          assert.match(String(error), /no hash/)
        }
        for (const batch of batches) assert.equal(typeof readBatch(batch), 'object')
      }),
    )
  })
  it('a batch as JSON: of our country, not expired, without what the gateway gives', () => {
    const entries = [{ hash: hash(1).toString('base64') }]
    const batch = { country: 'XA', expires: '2030-01-01T00:00:00Z', hashType: 'UCI', entries }
    assert.deepEqual(batchProblems(batch, 'XA', now), [])
    const wrong = { ...batch, country: 'XB', expires: '2021-01-01T00:00:00Z', entries: [], batchId: 'x' }
    assert.equal(batchProblems(wrong, 'XA', now).length, 4)
    const many = Array.from({ length: 1001 }, () => entries[0] ?? {})
    assert.match(batchProblems({ ...batch, entries: many }, 'XA', now).join(), /more than 1000/)
  })
})

const rule = euRule({
  Identifier: 'VR-XA-0001',
  CertificateType: 'Vaccination',
  ValidFrom: '2026-01-01T00:00:00Z',
  ValidTo: '2030-01-01T00:00:00Z',
  Description: [{ lang: 'en', desc: 'One dose at least.' }],
  AffectedFields: ['v.0.dn'],
  Logic: { '>': [{ var: 'payload.v.0.dn' }, 0] },
})

describe('a validation rule before it is uploaded', () => {
  it('whole: nothing to say', () => {
    assert.deepEqual(ruleProblems(rule, 'XA'), [])
    assert.deepEqual(ruleProblems({ ...rule, Region: 'AB', Type: 'Invalidation', Identifier: 'IR-XA-0001' }, 'XA'), [])
  })
  for (const { name, change, without, says } of readCases<{
    name: string
    change?: JsonObject
    without?: string
    says: string
  }>(import.meta.url, 'cases/rules.json'))
    it(name, () => {
      const changed = { ...rule, ...change }
      if (without !== undefined) delete changed[without]
      const problems = ruleProblems(changed, 'XA')
      assert.equal(problems.length, 1, problems.join('\n'))
      assert.match(problems.join(), new RegExp(says))
    })
  it('every member that is missing is told', () => assert.equal(ruleProblems({}, 'XA').length, 13))
})
