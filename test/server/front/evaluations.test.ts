import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Evaluate } from '../../../src/evaluate/evaluate.ts'
import { unprocessable } from '../../../src/fhir/error.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import { counted } from '../../../src/server/front/evaluations.ts'

/** A reply whose objects nobody may ask for. */
const sealed: Parameters = {
  resourceType: 'Parameters',
  get parameter(): never {
    throw new Error('the objects of a reply were made to count it')
  },
}

const question: Parameters = { resourceType: 'Parameters', parameter: [] }

const evaluate: Evaluate = {
  evaluate: () => Promise.reject(unprocessable('not asked')),
  async answer(_question, { told }) {
    told?.({ decision: 'accepted', format: 'hcert-dcc', checks: [{ name: 'signature', outcome: 'pass' }] })
    told?.({ decision: 'unverified', format: undefined, checks: [{ name: 'signature', outcome: 'skipped' }] })
    return sealed
  },
}

test('answers are counted by what was found, and no objects of a reply are made for it', async () => {
  const counts = { decisions: new Map<string, number>(), signatures: new Map<string, number>() }
  const heard: string[] = []
  const answer = await counted(evaluate, counts).answer(question, { told: ({ decision }) => heard.push(decision) })
  assert.equal(answer, sealed)
  assert.deepEqual(
    [...counts.decisions],
    [
      ['accepted hcert-dcc', 1],
      ['unverified none', 1],
    ],
  )
  assert.deepEqual(
    [...counts.signatures],
    [
      ['pass', 1],
      ['skipped', 1],
    ],
  )
  // Who counts takes nothing from others who do.
  assert.deepEqual(heard, ['accepted', 'unverified'])
})

test('a question that cannot be answered is not counted', async () => {
  const counts = { decisions: new Map<string, number>(), signatures: new Map<string, number>() }
  const failing: Evaluate = { ...evaluate, answer: () => Promise.reject(unprocessable('no')) }
  await assert.rejects(counted(failing, counts).answer(question, {}), /no/)
  assert.equal(counts.decisions.size + counts.signatures.size, 0)
})
