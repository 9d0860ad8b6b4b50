/**
 * A credential of the test PKI, verified end to end: its signer's certificate goes to the gateway over mutual TLS, the key distribution
 * lists it, a server reads the list over https, and what is withdrawn or revoked at the gateway is so at the server.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { ask } from '../support/gateway/client.ts'
import { cmsText } from '../support/pki/cms.ts'
import { issue, type Network, networkList, type Participant, startNetwork, startParticipant, until } from './network.ts'

const minute = 60_000
const hour = 60 * minute

describe('A credential through the lists of a network', () => {
  let network: Network
  let server: Participant
  const keyOf = (name: 'all' | 'expired' = 'all') => network.pki.of('XA').dsc(name)
  /** So much time goes by that every list has been asked for. */
  const refresh = () => server.timers.advance(1.2 * minute)

  before(async () => {
    network = await startNetwork({ signers: ['DSC_all', 'DSC_expired', 'DESC'], quirks: { revocation: true } })
    server = await startParticipant(network, {
      country: 'XB',
      isLoaded: true,
      settings: {
        TRUST_LISTS: JSON.stringify([
          networkList(network),
          { name: 'uploads', kind: 'gateway', location: 'main', usage: 'UP', refreshSeconds: 60 },
          { name: 'revocations', kind: 'gateway-revocation', location: 'main', refreshSeconds: 60 },
        ]),
      },
    })
    await server.timers.advance(0)
  })
  after(async () => {
    await server.close()
    await network.close()
  })

  it('is verified by a key of the list, and by no other', async () => {
    const good = await server.evaluate(issue(keyOf()))
    assert.deepEqual(
      [good.decision, good.status, good.trustList],
      ['accepted', 'VERIFIED', 'network'],
      JSON.stringify(good.checks),
    )
    assert.equal((await server.evaluate(issue(network.pki.of('XA').foreignDsc))).status, 'ISSUER_NOT_TRUSTED')
    assert.equal((await server.evaluate(issue(keyOf('expired')))).status, 'EXPIRED_KEYS')
    // a key that the gateway does not hold yet
    assert.equal((await server.evaluate(issue(network.pki.of('XA').dsc('any')))).status, 'ISSUER_NOT_TRUSTED')
  })

  const upload = async (method: string, path: string, body: string, type: string) => {
    const headers = { 'Content-Type': type }
    return (await ask(network.gateway, { method, path, headers, body, as: network.pki.of('XA').tls })).status
  }

  it('is verified by a key that its participant uploads, from the next refresh on', async () => {
    const [{ up }, key] = [network.pki.of('XA'), network.pki.of('XA').dsc('any')]
    const content = { cms: cmsText(key.certificate.raw, up), group: 'DSC', domain: 'DCC', properties: {} }
    const credential = issue(key)
    assert.equal(await upload('POST', '/trustedCertificate', JSON.stringify(content), 'application/json'), 201)
    await refresh()
    assert.equal((await server.evaluate(credential)).status, 'VERIFIED')
    assert.equal(await upload('DELETE', '/trustedCertificate', content.cms, 'application/cms'), 204)
    await refresh()
    assert.equal((await server.evaluate(credential)).status, 'ISSUER_NOT_TRUSTED')
  })

  it('is revoked by a batch that its participant uploads, and is good again without it', async () => {
    const { up } = network.pki.of('XA')
    const credential = issue(keyOf())
    const other = issue(network.pki.of('XB').dsc('all'))
    const entries = ['XA', 'XB'].map((country) => {
      const digest = createHash('sha256').update(`URN:UVCI:01:${country}:SPECIMENV`).digest()
      return { hash: digest.subarray(0, 16).toString('base64') }
    })
    const expires = new Date(Date.now() + 30 * 24 * hour).toISOString()
    const batch = { country: 'XA', expires, kid: 'UNKNOWN_KID', hashType: 'UCI', entries }
    assert.equal(
      await upload('POST', '/revocation-list', cmsText(JSON.stringify(batch), up), 'application/cms-text'),
      201,
    )
    await refresh()
    const revoked = await server.evaluate(credential)
    assert.deepEqual([revoked.status, revoked.checks.revocation], ['REVOKED', 'fail'])
    // the batch is of XA, and says nothing of a credential of another
    assert.equal((await server.evaluate(other)).status, 'VERIFIED')
    const { batchId } = network.gateway.batches[0] ?? {}
    const withdrawal = cmsText(JSON.stringify({ batchId }), up)
    assert.equal(await upload('DELETE', '/revocation-list', withdrawal, 'application/cms-text'), 204)
    await refresh()
    assert.equal((await server.evaluate(credential)).status, 'VERIFIED')
  })

  it('stays verified while the list cannot be had, and a fresh server says what it lacks', async () => {
    network.lists.server.faults.push({ status: 500 })
    await refresh()
    assert.equal((await server.evaluate(issue(keyOf()))).status, 'VERIFIED')
    const fresh = await startParticipant(network)
    await fresh.timers.advance(0)
    assert.equal((await fresh.evaluate(issue(keyOf()))).status, 'ISSUER_NOT_TRUSTED')
    network.lists.server.faults.length = 0
    await fresh.timers.advance(2 * 60_000)
    await until('the list is there', async () => (await fresh.evaluate(issue(keyOf()))).status === 'VERIFIED')
    await fresh.close()
  })
})
