import assert from 'node:assert/strict'
import { it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { caseFaults, credentialCases } from '../../support/credential-cases.ts'
import { overShared } from '../../support/shared.ts'

const places = [
  { name: 'qr', cases: credentialCases('qr'), least: 34 },
  { name: 'dgc.jsonl', cases: credentialCases('dgc.jsonl'), least: 177 },
  { name: 'malformed/hcert.jsonl', cases: credentialCases('malformed/hcert.jsonl'), least: 79 },
  { name: 'malformed/shc.jsonl', cases: credentialCases('malformed/shc.jsonl'), least: 44 },
  { name: 'malformed/divoc.jsonl', cases: credentialCases('malformed/divoc.jsonl'), least: 34 },
  { name: 'malformed/icao.jsonl', cases: credentialCases('malformed/icao.jsonl'), least: 20 },
  { name: 'shc', cases: credentialCases('shc'), least: 24 },
  { name: 'malformed/link.jsonl', cases: credentialCases('malformed/link.jsonl'), least: 9 },
  { name: 'malformed/request.jsonl', cases: credentialCases('malformed/request.jsonl'), least: 3 },
]

overShared.describe('visible vectors give the expected verdicts', () => {
  for (const { name, cases, least } of places) {
    it(`${name}: ${cases.length} cases`, async () => {
      assert.ok(cases.length >= least, `only ${cases.length} cases were found`)
      const faults: string[] = []
      for (const each of cases) {
        const verdict = await verifyCredential(each.texts, {
          formats: credentialFormats,
          keys: anchorKeySource(each.anchors),
          clock: each.clock ?? new Date('2026-01-01T00:00:00Z'),
        })
        faults.push(...caseFaults(each, verdict).map((fault) => `${each.id}: ${fault}`))
      }
      assert.deepEqual(faults, [])
    })
  }
})
