/** Whatever happens to its gateway, a server answers its clients and says how it stands. */
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import type { Fault } from '../support/gateway/faults.ts'
import { type Quirks, realQuirks } from '../support/gateway/quirks.ts'
import { walkSections } from '../support/sections.ts'
import { issue, type Network, type Participant, startNetwork, startParticipant, until } from './network.ts'

const minute = 60_000

interface Case {
  fault?: Fault
  quirks?: Partial<Quirks>
  /** The participant's client certificate is no longer onboarded. */
  isRemoved?: boolean
  /** What `/health` says. */
  state: 'ok' | 'unreachable' | 'not-onboarded'
}

describe('A server whose gateway goes wrong', () => {
  let network: Network
  /** One that goes through everything that passes. */
  let steadfast: Participant
  before(async () => {
    network = await startNetwork({ signers: ['DSC_all'] })
    steadfast = await startParticipant(network, { country: 'XA' })
  })
  after(async () => {
    await steadfast.close()
    await network.close()
  })

  walkSections<Case>('gateway-faults.json', import.meta.url, async ({ fault, quirks, isRemoved, state }) => {
    const { gateway, pki } = network
    const isClient = ({ group, country }: { group: string; country: string }) =>
      group === 'AUTHENTICATION' && country === 'XA'
    const [removed] = isRemoved ? gateway.certificates.splice(gateway.certificates.findIndex(isClient), 1) : []
    if (fault) gateway.faults.push({ ...fault })
    Object.assign(gateway.quirks, realQuirks, quirks)
    const stops = state === 'not-onboarded'
    const server = stops ? await startParticipant(network, { country: 'XA' }) : steadfast
    const standing = async () => {
      const { gateways } = await server.json<{ gateways: { id: string; state: string }[] }>('/health')
      return gateways[0]?.state
    }
    try {
      await server.timers.advance(20 * minute)
      await until(`the gateway is ${state}`, async () => (await standing()) === state)
      assert.equal((await server.evaluate(issue(pki.of('XA').dsc('all')))).status, 'VERIFIED')
      const [{ lastError } = {}] = await server.server.registration.status()
      assert.equal(lastError !== undefined, state !== 'ok', lastError)
      const asked = gateway.requests.length
      gateway.faults.length = 0
      gateway.quirks.tlsAlert = false
      if (removed) gateway.certificates.push(removed)
      await server.timers.advance(20 * minute)
      if (stops) assert.equal(gateway.requests.length, asked)
      else await until('all is well again', async () => (await standing()) === 'ok')
    } finally {
      gateway.faults.length = 0
      if (stops) await server.close()
    }
  })
})
