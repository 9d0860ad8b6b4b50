/** What a rule makes of a card whose numbers of doses are not understood: neither a yes nor a no. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Parameters } from '../../../src/fhir/types.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { anchor, cardOf, dose, patient } from './own-card.ts'

describe('numbers of doses that are not understood', () => {
  let server: Awaited<ReturnType<typeof openTestServer>>
  before(async () => {
    server = await openTestServer()
  })
  after(() => server.close())

  /** The decision, and what the rule of complete series said, of one dose of a vaccine that needs two. */
  async function ask(protocolApplied: unknown): Promise<(string | boolean | undefined)[]> {
    const numbered = protocolApplied === undefined ? dose : { ...dose, protocolApplied }
    const reply: Parameters = await server.server.evaluate.answer(
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'credential', valueString: cardOf([patient, numbered])[0] ?? '' },
          { name: 'evaluationDateTime', valueDateTime: '2022-06-01T00:00:00Z' },
          { name: 'trustAnchor', valueBase64Binary: anchor.toString('base64') },
        ],
      },
      {},
    )
    const named = (name: string) => reply.parameter?.find((each) => each.name === name)
    const result = named('rule')?.part?.find(({ name }) => name === 'result')?.valueBoolean
    return [named('status')?.valueCode, named('decision')?.valueCode, result]
  }

  for (const [what, protocolApplied] of Object.entries({
    'neither of them': [{ doseNumberPositiveInt: 2 ** 64, seriesDosesPositiveInt: '02' }],
    'how many are due': [{ doseNumberPositiveInt: 1, seriesDosesPositiveInt: 'one' }],
    'which it was': [{ doseNumberPositiveInt: '02' }],
    'a form of another release': [{ doseNumber: '2' }],
    'protocols that are no list': { doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2 },
  }))
    it(`make no verdict: ${what}`, async () => {
      assert.deepEqual(await ask(protocolApplied), ['VERIFIED', 'undetermined', undefined])
    })

  it('are told from numbers that say no, and from none', async () => {
    assert.deepEqual(await ask([{ doseNumberPositiveInt: 1, seriesDosesPositiveInt: 2 }]), [
      'VERIFIED',
      'rejected',
      false,
    ])
    assert.deepEqual(await ask(undefined), ['VERIFIED', 'rejected', false])
    assert.deepEqual(await ask([{ doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2 }]), [
      'VERIFIED',
      'accepted',
      true,
    ])
  })
})
