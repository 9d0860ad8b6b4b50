/**
 * A server registers at the gateway what it publishes, and the list of the gateway is right in the end: after changes, after answers
 * that were lost, after somebody overwrote its row, after a day without a gateway, and when it withdraws.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import type { NetworkHost } from '../../src/network/network-hosts.ts'
import { ask } from '../support/gateway/client.ts'
import type { ReferenceRow } from '../support/gateway/rows.ts'
import { cmsText } from '../support/pki/cms.ts'
import { type Network, type Participant, startNetwork, startParticipant, until } from './network.ts'

const minute = 60_000
const hour = 60 * minute

describe('What a server publishes, at the gateway', () => {
  let network: Network
  let server: Participant
  before(async () => {
    network = await startNetwork()
    server = await startParticipant(network, { country: 'XA', settings: { TRUST_LISTS: '[]' } })
  })
  after(async () => {
    await server.close()
    await network.close()
  })

  const rows = (service: string): ReferenceRow[] =>
    network.gateway.references.filter((row) => row.country === 'XA' && row.service === service)
  const posts = () => network.gateway.requests.filter(({ method }) => method !== 'GET').length
  /** The list, as another participant reads it, holds exactly what stands at the addresses. */
  const isRight = async (...services: string[]) => {
    const own = network.gateway.references.filter(({ country }) => country === 'XA')
    // what this server does with credentials is a service of its own
    const wanted = ['$evaluate', ...services]
    if (own.length !== wanted.length) return false
    for (const service of wanted) {
      const [row] = rows(service)
      if (!row?.url.startsWith(server.origin)) return false
      const { status, body } = await server.ask({ path: row.url.slice(server.origin.length) })
      if (status !== 200 || createHash('sha256').update(body).digest('hex') !== row.thumbprint) return false
    }
    return true
  }
  /** Publishes a version of an artefact. */
  const put = async (type: 'ValueSet' | 'CodeSystem', title: string, status = 'active') => {
    const url = `https://xa.example/${type}/colours`
    const content =
      type === 'CodeSystem'
        ? { content: 'complete', caseSensitive: true, concept: [{ code: 'red', display: title }] }
        : { compose: { include: [{ system: 'https://xa.example/CodeSystem/colours', concept: [{ code: 'red' }] }] } }
    const artefact = { id: 'colours', url, version: title, name: 'Colours', title, status, experimental: false }
    const reply = await server.ask({
      method: 'PUT',
      path: `/fhir/${type}/colours`,
      headers: { 'Content-Type': 'application/fhir+json', Authorization: 'Bearer test' },
      body: JSON.stringify({
        resourceType: type,
        ...artefact,
        description: 'of the tests',
        publisher: 'XA',
        ...content,
      }),
    })
    assert.ok([200, 201].includes(reply.status), reply.body.toString())
  }
  /** The registrar notices a publication within seconds of the true clock; its own timers go by the test's. */
  const settles = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    for (let times = 0; times < 60; times++) {
      await server.timers.advance(20 * minute)
      if (await isSo()) return
      await new Promise((next) => setTimeout(next, 200))
    }
    const status = JSON.stringify(await server.server.registration.status(), null, 1)
    throw new Error(`it did not come to be: ${what}\n${status}\n${JSON.stringify(network.gateway.references, null, 1)}`)
  }

  it('is registered, and stands at its address byte for byte', async () => {
    await put('ValueSet', '1')
    await settles('one row for value sets', () => isRight('ValueSet'))
    const [row] = rows('ValueSet')
    assert.ok(row)
    assert.ok(row.url.length <= 100)
    assert.equal(row.sslPublicKey, (await shownCertificate(server.listed)).toString('base64'))
    assert.deepEqual([row.type, row.signatureType], ['FHIR', 'JWS'])
  })
  it('is not sent again while it is the same', async () => {
    const before = posts()
    await server.timers.advance(hour)
    assert.equal(posts(), before)
  })

  it('is updated when it changes: the same row, another address, and the old one still stands', async () => {
    const [old] = rows('ValueSet')
    await put('ValueSet', '2')
    await settles('the row has the new content', async () => {
      return rows('ValueSet')[0]?.thumbprint !== old?.thumbprint && (await isRight('ValueSet'))
    })
    const [row] = rows('ValueSet')
    assert.equal(row?.uuid, old?.uuid)
    assert.equal((await server.ask({ path: (old?.url ?? '').slice(server.origin.length) })).status, 200)
  })

  it('has one row after an answer was lost', async () => {
    network.gateway.faults.push({ match: 'POST /trust/reference', times: 1, resetAfterCommit: true })
    await put('CodeSystem', '1')
    await settles('a row for code systems', () => isRight('ValueSet', 'CodeSystem'))
    assert.equal(network.gateway.faults[0]?.times, 0)
    assert.equal(rows('CodeSystem').length, 1)
  })

  it('is registered anew when another participant overwrites its row, whose row stays', async () => {
    const [stolen] = rows('ValueSet')
    const { up, tls } = network.pki.of('XB')
    const { version: _, ...content } = { ...stolen, country: 'XB', url: 'https://xb.example/mine' }
    const reply = await ask(network.gateway, {
      method: 'POST',
      path: '/trust/reference',
      headers: { 'Content-Type': 'application/cms' },
      body: cmsText(JSON.stringify(content), up),
      as: tls,
    })
    assert.equal(reply.status, 201)
    assert.equal(rows('ValueSet').length, 0)
    await settles('our row is there again', () => isRight('ValueSet', 'CodeSystem'))
    const [own] = rows('ValueSet')
    assert.notEqual(own?.uuid, stolen?.uuid)
    assert.equal(network.gateway.references.find(({ uuid }) => uuid === stolen?.uuid)?.country, 'XB')
    const [gateway] = await server.server.registration.status()
    const standing = gateway?.references.find(({ service }) => service === 'ValueSet')
    assert.match(standing?.lastError ?? '', /XB/)
  })

  it('is told from a row that somebody else made of our country, which goes', async () => {
    const { thumbprint: _, ...strange } = { ...rows('CodeSystem')[0], thumbprint: '' }
    network.gateway.addReference({
      ...(strange as ReferenceRow),
      uuid: '00000000-0000-4000-8000-00000000000f',
      thumbprint: 'f'.repeat(64),
    })
    await settles('one right row of each', () => isRight('ValueSet', 'CodeSystem'))
  })

  it('waits for a gateway that is away for a day, and says so meanwhile', async () => {
    network.gateway.faults.splice(0, 9, { status: 503 })
    await put('ValueSet', '3')
    await server.timers.advance(24 * hour)
    const health = await server.json<{ status: string; gateways: { id: string; state: string }[] }>('/health')
    assert.deepEqual(health.gateways, [{ id: 'main', state: 'unreachable' }])
    assert.equal((await server.ask({ path: '/fhir/ValueSet/colours' })).status, 200)
    const asked = network.gateway.requests.filter(({ status }) => status === 503).length
    assert.ok(asked >= 10 && asked <= 120, `${asked} requests in a day`)
    network.gateway.faults.length = 0
    await settles('the new content is registered', () => isRight('ValueSet', 'CodeSystem'))
    // the row is there before the run that made it has ended
    await until('all is in order', async () => {
      await server.timers.advance(20 * minute)
      const { gateways } = await server.json<typeof health>('/health')
      return gateways[0]?.state === 'ok'
    })
  })

  it('is withdrawn when it is retired', async () => {
    const [row] = rows('CodeSystem')
    await put('CodeSystem', '1', 'retired')
    await settles('no row for code systems', () => isRight('ValueSet'))
    // whoever has fetched it before can prove it still
    assert.equal((await server.ask({ path: (row?.url ?? '').slice(server.origin.length) })).status, 200)
  })

  it('is not repeated at a gateway that has not onboarded it', async () => {
    const authentication = network.gateway.certificates.findIndex(
      (row) => row.group === 'AUTHENTICATION' && row.country === 'XA',
    )
    const [taken] = network.gateway.certificates.splice(authentication, 1)
    for (const tlsAlert of [false, true]) {
      network.gateway.quirks.tlsAlert = tlsAlert
      await put('ValueSet', tlsAlert ? '5' : '4')
      await until('it is told', async () => {
        await server.timers.advance(hour)
        const { gateways } = await server.json<{ gateways: { state: string }[] }>('/health')
        return gateways[0]?.state === 'not-onboarded'
      })
    }
    if (taken) network.gateway.certificates.push(taken)
    await server.close()
    server = await startParticipant(network, { country: 'XA', settings: { TRUST_LISTS: '[]' } })
  })
})

/** The certificate that a host shows itself with. */
function shownCertificate({ host, port, address, ca }: NetworkHost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, servername: host, ca }, () => {
      resolve(socket.getPeerCertificate().raw)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
