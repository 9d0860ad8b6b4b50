/** Whatever happens to the list of a network, a server goes on with the last good one, says what is the matter, and recovers. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it, mock } from 'node:test'
import { embeddedList, type ListMaking, listedKeys } from '../support/key-distribution.ts'
import type { ListFault } from '../support/list-server.ts'
import { walkSections } from '../support/sections.ts'
import { issue, type Network, type Participant, startNetwork, startParticipant } from './network.ts'

const minute = 60_000
const hour = 60 * minute

interface Case {
  fault?: Omit<ListFault, 'instead'> & { instead?: string }
  list?: 'older' | 'empty' | 'half' | 'forged'
  /** What is said of it. */
  failure: string
}

describe('A server whose list goes wrong', () => {
  let network: Network
  let server: Participant
  before(async () => {
    network = await startNetwork({ signers: ['DSC_all'] })
    server = await startParticipant(network)
    await server.timers.advance(0)
  })
  after(async () => {
    await server.close()
    await network.close()
  })
  const verdict = async () => (await server.evaluate(issue(network.pki.of('XA').dsc('all')))).status
  const state = () => server.server.trust.status().find(({ name }) => name === 'network')
  const refresh = () => server.timers.advance(6 * minute)
  // Lists tell when they were made to the second; two that are to differ are not left to the clock.
  let made = Date.now()
  const laterThanEver = () => {
    made += 5_000
    return new Date(made)
  }

  /** The network's list as it should not be. */
  const lists: Record<NonNullable<Case['list']>, (list: ListMaking) => ListMaking> = {
    older: (list) => ({ ...list, created: new Date('2020-01-01T00:00:00Z') }),
    empty: (list) => ({ ...list, keys: [] }),
    half: (list) => ({ ...list, keys: list.keys.slice(0, 2) }),
    forged: (list) => ({ ...list, signer: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
  }
  const listOf = async (name: NonNullable<Case['list']>): Promise<Buffer> => {
    const { did, signer } = network.lists
    const keys = listedKeys(network.gateway.certificates)
    const list = await embeddedList(lists[name]({ keys, did, signer, created: laterThanEver() }), [])
    return Buffer.from(JSON.stringify(list))
  }

  walkSections<Case>('list-faults.json', import.meta.url, async ({ fault, list, failure }) => {
    const { faults } = network.lists.server
    if (fault) {
      const { instead, ...rest } = fault
      faults.push({ forgets: true, ...rest, ...(instead === undefined ? {} : { instead: Buffer.from(instead) }) })
    }
    if (list) faults.push({ instead: await listOf(list) })
    await refresh()
    assert.equal(await verdict(), 'VERIFIED')
    const told = state()
    assert.match(told?.failure ?? 'nothing', new RegExp(failure, 'i'), JSON.stringify(told))
    assert.equal(told?.state, 'stale')
    assert.ok((told?.keys ?? 0) > 0)
    faults.length = 0
    if (list === 'half') {
      await refresh()
      assert.match(state()?.failure ?? '', /older .* than the one that waits/)
    }
    // Its maker mends a list by a newer one: the one before is older than what waits, and does not take that back.
    if (list) network.lists.created = laterThanEver()
    await refresh()
    assert.deepEqual([state()?.state, state()?.failure], ['ok', undefined])
    assert.equal(await verdict(), 'VERIFIED')
  })

  it('outlives a restart without the network, by its last good copy', async () => {
    network.lists.server.faults.push({ reset: 'before' })
    const again = await startParticipant(network, { host: 'again.example', dataDir: server.dataDir })
    await again.timers.advance(0)
    assert.equal((await again.evaluate(issue(network.pki.of('XA').dsc('all')))).status, 'VERIFIED')
    assert.equal(again.server.trust.status().find(({ name }) => name === 'network')?.state, 'stale')
    await again.close()
    network.lists.server.faults.length = 0
  })

  it('goes on when its clock jumps by a year, and back', async () => {
    const year = 365 * 24 * hour
    const today = Date.now()
    for (const now of [today + year, today - year]) {
      mock.timers.enable({ apis: ['Date'], now })
      await refresh()
      const at = await server.evaluate(issue(network.pki.of('XA').dsc('all'), 'dcc-v', new Date(now)))
      // the key is of yesterday: good in a year, and not yet a year ago
      assert.equal(at.status === 'VERIFIED', now > today, `${at.status}`)
      mock.timers.reset()
    }
    await refresh()
    assert.equal(await verdict(), 'VERIFIED')
  })
})
