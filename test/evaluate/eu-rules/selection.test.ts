/** Imported rules decide on issued certificates: acceptance by the verifying country, invalidation by the issuing one, both together. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { importPackage } from '../../../src/publish/import/import-package.ts'
import { euRule } from '../../support/eu-rule.ts'
import { dccOf, dose, genuineDcc, openVerdicts, question } from '../../support/verdicts.ts'

const { ask, server } = await openVerdicts()
const base = 'http://example.org/eu'
const dn = { var: 'payload.v.0.dn' }
const rule = (Identifier: string, Logic: Json, change: Record<string, Json> = {}): JsonObject =>
  euRule({
    Identifier,
    Country: Identifier.slice(3, 5),
    CertificateType: 'Vaccination',
    AffectedFields: ['v.0.dn'],
    Logic,
    ...change,
  })

const rules = [
  rule('VR-XY-0001', { '>': [dn, 1] }),
  // A higher version that is not in force any more, one that is, and one that is to come.
  rule('VR-XY-0002', { '>': [dn, 90] }, { Version: '1.9.0' }),
  rule('VR-XY-0002', { '>': [dn, 0] }, { Version: '1.10.0' }),
  rule('VR-XY-0002', { '>': [dn, 91] }, { Version: '1.11.0', ValidTo: '2026-01-01T00:00:00Z' }),
  rule('VR-XY-0002', { '>': [dn, 92] }, { Version: '2.0.0', ValidFrom: '2027-01-01T00:00:00Z' }),
  rule('TR-XY-0001', { '!': [{ var: 'payload.t.0' }] }, { CertificateType: 'Test', AffectedFields: ['t.0'] }),
  rule(
    'GR-XY-0001',
    { '===': [{ var: 'payload.ver' }, '1.3.0'] },
    { CertificateType: 'General', AffectedFields: ['ver'] },
  ),
  rule('IR-XZ-0001', { '<': [dn, 3] }, { Type: 'Invalidation' }),
  rule('IR-XY-0001', { '!': [dn] }, { Type: 'Invalidation' }),
  rule('VR-XZ-0001', { '!': [dn] }),
  rule('VR-EU-0001', { '<': [dn, 9] }),
  rule(
    'VR-XW-0001',
    { '!': [{ in: [{ var: 'payload.v.0.mp' }, { var: 'external.valueSets.nobody-has-it' }] }] },
    { AffectedFields: ['v.0.mp'] },
  ),
  rule('VR-XV-0001', { '>': [dn, 0] }, { SchemaVersion: '1.3.1' }),
  rule('VR-XU-0001', { '!': [{ var: 'external.region' }] }, { AffectedFields: [] }),
]

const asked = async (country: string, change: object = {}, issuer = 'XZ') => {
  const certificate = genuineDcc(dccOf({ v: [dose({ dn: 2, ...change })] }), { issuer })
  const verdict = await ask(question(certificate, { name: 'jurisdiction', valueCode: country }))
  const own = verdict.rules.filter(({ planDefinition }) => planDefinition.startsWith(base))
  return {
    results: Object.fromEntries(own.map((each) => [each.planDefinition.slice(base.length + 16), each.result])),
    decision: verdict.decision,
    messages: own.map(({ message }) => message).join(),
  }
}

describe('imported rules of the EU', () => {
  before(async () => {
    const report = await importPackage(
      { bytes: Buffer.from(JSON.stringify(rules)), name: 'rules.json' },
      { storage: server.storage, gate: server.publish, canonical: base },
    )
    assert.ok(
      report.entries.every(({ status }) => status === 'loaded'),
      JSON.stringify(report.entries),
    )
  })

  const always = { 'GR-XY-0001|1.0.0': true, 'VR-XY-0002|1.10.0': true }
  it('of the verifying country and of the issuing one; of versions the highest in force; of other kinds none', async () => {
    const { results, decision } = await asked('XY')
    assert.deepEqual(results, { ...always, 'VR-XY-0001|1.0.0': true, 'IR-XZ-0001|1.0.0': true })
    assert.notEqual(decision, 'rejected')
  })
  it('one that the issuing country invalidates is rejected, though it is acceptable', async () => {
    const { results, decision } = await asked('XY', { dn: 3 })
    assert.deepEqual([results['IR-XZ-0001|1.0.0'], results['VR-XY-0001|1.0.0'], decision], [false, true, 'rejected'])
  })
  it('one that is not acceptable is rejected, though nobody invalidates it', async () => {
    const { results, decision } = await asked('XY', { dn: 1 })
    assert.deepEqual([results['IR-XZ-0001|1.0.0'], results['VR-XY-0001|1.0.0'], decision], [true, false, 'rejected'])
  })
  it('of another issuer nothing but the acceptance rules', async () => {
    const { results } = await asked('XY', {}, 'XA')
    assert.deepEqual(results, { ...always, 'VR-XY-0001|1.0.0': true })
  })
  it('of the EU where the EU is asked for, and nowhere else', async () => {
    assert.deepEqual((await asked('EU', {}, 'XA')).results, { 'VR-EU-0001|1.0.0': true })
    assert.deepEqual((await asked('DE', {}, 'XA')).results, {})
  })
  const undetermined: [country: string, says: RegExp][] = [
    ['XW', /the value set nobody-has-it is not known to this server/],
    ['XV', /written for another version of the certificate/],
    ['XU', /external\.region is not known for this question/],
  ]
  for (const [country, says] of undetermined)
    it(`what cannot be known leaves it undetermined (${country})`, async () => {
      const { decision, messages, results } = await asked(country, {}, 'XA')
      assert.deepEqual(Object.values(results), [null])
      assert.notEqual(decision, 'accepted')
      assert.match(messages, says)
    })
})
