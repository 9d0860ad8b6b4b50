/** Participants of lists beside those of WHO's value sets. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { knownParticipants } from '../../src/server/participants.ts'
import { createKeyIndex } from '../../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../../src/trust/keys/trusted-key.ts'
import { openTestServer } from '../support/loaded-server.ts'

describe('participants of the trust lists', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  before(async () => {
    opened = await openTestServer()
  })
  after(() => opened.close())

  const told = async (changes: Partial<TrustedKey>[]) => {
    const [template] = opened.server.trust.keys().keys
    assert.ok(template)
    const keys = changes.map((change, index) => ({ ...template, thumbprint: String(index), ...change }))
    const { terminology } = opened.server
    return knownParticipants({
      trust: { keys: () => createKeyIndex([keys]) },
      terminology,
      now: () => new Date('2026-06-01'),
    })
  }

  it('are told with name and value sets; one that no value set has is shown as such', async () => {
    const found = await told([
      { participant: 'CHL', domain: 'PH4H', lists: ['dev'] },
      { participant: 'CHL', domain: 'DCC', lists: ['dev', 'uat'], validTo: new Date('2020-01-01') },
      { participant: 'DEU', domain: 'DCC', lists: ['uat'] },
      { participant: 'FRA', lists: ['prod'] },
      { participant: 'XT', lists: ['dev'] },
      { participant: 'XXA', lists: ['dev'] },
      { participant: '', issuer: 'https://issuer.example' },
    ])
    const of = (code: string) => found.find(({ participant }) => participant === code)
    assert.deepEqual(
      found.map(({ participant }) => participant),
      ['CHL', 'DEU', 'FRA', 'XT', 'XXA'],
    )
    assert.deepEqual(of('CHL')?.valueSets, ['Participants-DEV'])
    assert.deepEqual([of('CHL')?.display, of('CHL')?.keys, of('CHL')?.expired], ['Chile', 2, 1])
    assert.deepEqual(
      [of('CHL')?.domains, of('CHL')?.lists],
      [
        ['DCC', 'PH4H'],
        ['dev', 'uat'],
      ],
    )
    assert.deepEqual([of('DEU')?.inValueSet, of('DEU')?.display], [false, 'Germany'])
    assert.deepEqual(of('FRA')?.valueSets, ['Participants', 'Participants-UAT'])
    assert.deepEqual([of('XT')?.inValueSet, of('XT')?.display], [false, undefined])
    assert.deepEqual(of('XXA')?.valueSets, ['Participants-DEV', 'Participants-UAT'])
  })
})
