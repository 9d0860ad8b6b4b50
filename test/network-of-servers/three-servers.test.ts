/**
 * Three servers: A publishes and registers, B mirrors what A published and serves the keys that it trusts as a directory, C trusts B's
 * directory and nothing else.
 */
import assert from 'node:assert/strict'
import { createHash, sign } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type ListServer, startListServer } from '../support/list-server.ts'
import type { PkiKey } from '../support/pki/pki.ts'
import { issue, type Network, networkList, type Participant, startNetwork, startParticipant, until } from './network.ts'

const minute = 60_000

interface Bundle {
  entry?: { resource: { id: string; title?: string; status: string; meta: { source?: string; tag?: object[] } } }[]
}

describe('Three servers of a network', () => {
  let network: Network
  let a: Participant
  let b: Participant
  let c: Participant
  let elsewhere: ListServer
  before(async () => {
    network = await startNetwork({ signers: ['DSC_all', 'DSC_any'] })
    elsewhere = await startListServer({ host: 'elsewhere.example' })
    a = await startParticipant(network, {
      country: 'XA',
      settings: {
        TRUST_LISTS: '[]',
        SIGNING_KEY: `${network.folder}/XA_UP.key`,
        SIGNING_CERTIFICATE: `${network.folder}/XA_UP.pem`,
      },
    })
    b = await startParticipant(network, {
      country: 'XB',
      hosts: [a.listed, elsewhere.listed],
      settings: {
        MIRROR: JSON.stringify([{ participant: 'XXA' }]),
        KEY_DIRECTORY: 'on',
        KEY_DIRECTORY_ENVIRONMENT: 'dev',
        TRUST_LISTS: JSON.stringify([
          networkList(network),
          { name: 'uploads', kind: 'gateway', location: 'main', usage: 'UP', refreshSeconds: 60 },
        ]),
      },
    })
    await b.timers.advance(20 * minute)
  })
  after(async () => {
    for (const each of [c, b, a]) await each?.close()
    await elsewhere.close()
    await network.close()
  })

  /** Time goes by, for all, until something is so. */
  const settles = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    await until(
      what,
      async () => {
        for (const each of [a, b, c]) await each?.timers.advance(20 * minute)
        return await isSo()
      },
      30,
    )
  }
  const put = async (title: string) => {
    const artefact = {
      id: 'colours',
      url: 'https://xa.example/ValueSet/colours',
      version: title,
      name: 'Colours',
      title,
    }
    const compose = {
      include: [{ system: 'https://xa.example/CodeSystem/colours', concept: [{ code: 'red', display: 'Red' }] }],
    }
    const about = { status: 'active', experimental: false, description: 'of the tests', publisher: 'XA' }
    const reply = await a.ask({
      method: 'PUT',
      path: '/fhir/ValueSet/colours',
      headers: { 'Content-Type': 'application/fhir+json', Authorization: 'Bearer test' },
      body: JSON.stringify({ resourceType: 'ValueSet', ...artefact, ...about, compose }),
    })
    assert.ok([200, 201].includes(reply.status), reply.body.toString())
  }
  const copies = async () => {
    const found = await b.json<Bundle>('/fhir/ValueSet?url=https://xa.example/ValueSet/colours')
    return (found.entry ?? []).map(({ resource }) => resource)
  }

  it('B has what A publishes, with its source', async () => {
    await put('1')
    await settles('the copy is there', async () => (await copies()).length === 1)
    const [copy] = await copies()
    assert.equal(copy?.title, '1')
    assert.ok(copy?.meta.source?.startsWith(a.origin), JSON.stringify(copy?.meta))
    assert.match(JSON.stringify(copy?.meta.tag), /mirrored.*XXA/)
    const expanded = await b.json<{ expansion?: { contains: { code: string }[] } }>(
      '/fhir/ValueSet/$expand?url=https://xa.example/ValueSet/colours',
    )
    assert.deepEqual(
      expanded.expansion?.contains.map(({ code }) => code),
      ['red'],
    )
    const write = { method: 'DELETE', path: `/fhir/ValueSet/${copy?.id}`, headers: { Authorization: 'Bearer test' } }
    assert.equal((await b.ask(write)).status, 403)
  })

  it('B follows a change of A', async () => {
    await put('2')
    await settles('the copy is the new one', async () => (await copies()).some(({ title }) => title === '2'))
  })

  it('B refuses references that are forged, and keeps what it has', async () => {
    const before = await copies()
    const xa = network.pki.of('XA')
    const stranger = network.pki.of('XB').up
    const own = network.gateway.references.find(({ service, country }) => country === 'XA' && service === 'ValueSet')
    const genuine = (await a.ask({ path: new URL(own?.url ?? '').pathname })).body.toString()
    const payload = Buffer.from(genuine.split('.')[1] ?? '', 'base64url').toString()
    const moved = payload.replaceAll(a.origin, elsewhere.origin)
    for (const [url] of moved.matchAll(/https:\/\/elsewhere[^"]*/g))
      elsewhere.put(new URL(url).pathname, '{"resourceType":"ValueSet"}', { contentType: 'application/fhir+json' })
    const bodies = {
      'signed by another participant': [jws(payload, stranger), 'signature'],
      'signed by a signer of credentials': [jws(payload, xa.dsc('all')), 'signature'],
      'signed by another than is shown': [jws(payload, stranger, [xa.up, xa.sca]), 'signature'],
      'of a changed payload': [tampered(genuine), 'signature'],
      'by no algorithm': [jws(payload, xa.up, [xa.up], 'none'), 'signature'],
      'of a manifest whose entries are others': [jws(moved, xa.up), 'entry-mismatch'],
      'of a manifest whose entries are of another host': [jws(payload, xa.up), 'content'],
      'of something else': [jws('{}', xa.up), 'content'],
    } as const
    const row = { country: 'XA', service: 'ValueSet', domain: 'DCC', contentType: 'application/jose' }
    const expected = new Map<string, string>()
    const add = (name: string, thumbprint: string, state: string) => {
      const url = `${elsewhere.origin}/${encodeURIComponent(name)}`
      network.gateway.addReference({ ...row, url, thumbprint, name })
      expected.set(url, state)
    }
    for (const [name, [body, state]] of Object.entries(bodies)) {
      elsewhere.put(`/${encodeURIComponent(name)}`, body, { contentType: 'application/jose' })
      add(name, createHash('sha256').update(body).digest('hex'), state)
    }
    elsewhere.put('/hash', genuine, { contentType: 'application/jose' })
    add('hash', 'f'.repeat(64), 'thumbprint-mismatch')
    add('absent', 'f'.repeat(64), 'unreachable')
    await settles('every forged reference was looked at', async () => {
      const { references } = await b.server.mirror.status()
      return [...expected.keys()].every((url) => references.some((each) => each.url === url))
    })
    const { references } = await b.server.mirror.status()
    const found = references.filter(({ url }) => expected.has(url)).map(({ url, state }) => [url, state])
    assert.deepEqual(new Map(found as [string, string][]), expected)
    assert.deepEqual(await copies(), before)
    const genuineOnes = network.gateway.references.filter(({ url }) => !expected.has(url))
    network.gateway.references.splice(0, 99, ...genuineOnes)
  })

  it('C verifies a credential by the list of keys that B serves, and by nothing else', async () => {
    const { body } = await b.ask({ path: '/.well-known/did.json' })
    const list = { name: 'of-b', kind: 'did-v2', location: `${b.origin}/v2/trustlist/did.json` }
    const key = network.file('b-signer.json', body)
    c = await startParticipant(network, {
      host: 'c.example',
      hosts: [b.listed],
      settings: { TRUST_LISTS: JSON.stringify([{ ...list, key }]) },
    })
    await settles('C has the list', () => c.server.trust.status()[0]?.state === 'ok')
    const verdict = await c.evaluate(issue(network.pki.of('XA').dsc('all')))
    assert.deepEqual([verdict.status, verdict.trustList], ['VERIFIED', 'of-b'])
    assert.equal((await c.evaluate(issue(network.pki.of('XA').foreignDsc))).status, 'ISSUER_NOT_TRUSTED')
    assert.equal((await c.evaluate(issue(network.pki.of('XA').dsc('recovery')))).status, 'ISSUER_NOT_TRUSTED')
  })

  it('C no longer trusts what was withdrawn at the gateway', async () => {
    const { gateway, pki } = network
    const { keyId } = pki.of('XA').dsc('any')
    const credential = issue(pki.of('XA').dsc('any'))
    assert.equal((await c.evaluate(credential)).status, 'VERIFIED')
    gateway.certificates.splice(
      gateway.certificates.findIndex(({ kid }) => kid === keyId),
      1,
    )
    await settles('it is gone at C', async () => (await c.evaluate(credential)).status === 'ISSUER_NOT_TRUSTED')
    assert.equal((await c.evaluate(issue(pki.of('XA').dsc('all')))).status, 'VERIFIED')
  })

  it('C goes on when B is away, and says so', async () => {
    await b.close()
    await c.timers.advance(90 * minute)
    assert.equal((await c.evaluate(issue(network.pki.of('XA').dsc('all')))).status, 'VERIFIED')
    assert.equal(c.server.trust.status()[0]?.state, 'stale')
  })
})

/** A compact JWS, with the certificates that it shows. */
function jws(payload: string, signer: PkiKey, shown: PkiKey[] = [signer], alg = 'ES256'): string {
  const x5c = shown.map(({ certificate }) => certificate.raw.toString('base64'))
  const header = Buffer.from(JSON.stringify({ alg, kid: shown[0]?.keyId, x5c })).toString('base64url')
  const input = `${header}.${Buffer.from(payload).toString('base64url')}`
  if (alg === 'none') return `${input}.`
  const signature = sign('sha256', Buffer.from(input), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** The same signature under a payload that says something else. */
function tampered(genuine: string): string {
  const [header, payload = '', signature] = genuine.split('.')
  const changed = Buffer.from(payload, 'base64url').toString().replace('colours', 'flavour')
  return [header, Buffer.from(changed).toString('base64url'), signature].join('.')
}
