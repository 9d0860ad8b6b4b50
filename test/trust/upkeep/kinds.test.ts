/** Last good copies of every kind: what was withdrawn once stays withdrawn, whatever becomes of its file, its server or this process. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { sha256Hex } from '../../../src/base/crypto/sha256.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { frameworks } from '../../support/frameworks.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { itemsOf, pinnedKey, signedList } from '../../support/trust-list.ts'
import { unreachable, world } from './world.ts'

const issuer = testIssuer({ country: 'XA' })
const keyId = issuer.keyId.toString('base64')
const pem = issuer.dsc.toString()
const own: TrustSource = { name: 'own', kind: 'certificates', location: '/own' }
const counted = (trust: Trust) =>
  trust
    .keys()
    .find({ keyId })
    .map(({ status }) => status)
const stateOf = (trust: Trust, name: string) => trust.status().find((each) => each.name === name)

describe('a remote list of distrusted keys', () => {
  const url = 'https://ministry.example/distrusted.json'
  const source: TrustSource = { name: 'bad', kind: 'distrusted', location: url }
  const good = { thumbprints: [] }
  const start = async (answer: object | string | number | Error = good) => {
    const w = world({ [url]: answer }, { '/own/dsc.pem': pem })
    const trust = await w.start([own, source])
    return { w, trust }
  }

  it('lets no key count until it was read once', async () => {
    const { w, trust } = await start(500)
    assert.deepEqual([counted(trust), stateOf(trust, 'bad')?.state], [[], 'absent'])
    assert.match(trust.keys().unavailable ?? '', /bad, which withdraws keys/)
    await trust.reload()
    assert.deepEqual(counted(trust), [])
    w.served[url] = good
    await trust.reload()
    assert.deepEqual([counted(trust), stateOf(trust, 'bad')?.state], [['current'], 'ok'])
  })

  for (const [what, answer] of [
    ['is out of reach', unreachable()],
    ['answers an error', 503],
    ['answers with a page of its proxy', '<html></html>'],
    ['answers with half of it', '{"thumbprints": ["'],
  ] as const)
    it(`that ${what} withdraws what it did, also after a restart, and takes nothing else down`, async () => {
      const { w, trust } = await start({ thumbprints: [sha256Hex(issuer.dsc.raw)] })
      await trust.reload()
      assert.deepEqual(counted(trust), [])
      w.served[url] = answer
      await trust.reload()
      assert.deepEqual([counted(trust), stateOf(trust, 'bad')?.state], [[], 'stale'])
      const again = await w.start([own, source])
      assert.deepEqual([counted(again), stateOf(again, 'bad')?.state], [[], 'stale'])
      assert.equal(again.keys().unavailable, undefined)
      w.served[url] = good
      await again.reload()
      assert.deepEqual(counted(again), ['current'])
    })

  it('that says something that is not understood lets no key count', async () => {
    const { w, trust } = await start()
    await trust.reload()
    assert.deepEqual(counted(trust), ['current'])
    w.served[url] = { thumbprint: [sha256Hex(issuer.dsc.raw)] }
    await trust.reload()
    assert.deepEqual([counted(trust), stateOf(trust, 'bad')?.usable], [[], false])
  })

  it('whose copy was changed counts as not read', async () => {
    const { w, trust } = await start({ thumbprints: [sha256Hex(issuer.dsc.raw)] })
    await trust.reload()
    w.disk.files.set('/data/trust/bad.json', Buffer.from('{}'))
    assert.deepEqual(counted(await w.start([own, source])), [])
  })

  it('that is old is a remark on every key, and no key counts when it is too old', async () => {
    const w = world({ [url]: good }, { '/own/dsc.pem': pem })
    const trust = await w.start([own, { ...source, rejectAgeSeconds: 10 * 86_400 }])
    await trust.reload()
    w.now = new Date('2022-06-09T00:00:00Z')
    const [key] = trust.keys().find({ keyId })
    assert.ok(key)
    assert.deepEqual(trust.keys().remarksOn?.(key), ['trust list is 8 days old: bad'])
    w.now = new Date('2022-06-12T00:00:00Z')
    assert.deepEqual(counted(trust), [])
    assert.match(trust.keys().unavailable ?? '', /is too old/)
  })
})

describe('a JWK set of an issuer of cards', () => {
  const iss = 'https://issuer.example/cards'
  const url = `${iss}/.well-known/jwks.json`
  const source: TrustSource = { name: 'cards', kind: 'jwks', location: url, issuer: iss }
  const jwk = (kid: string, more = {}) => ({ ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid, ...more })
  const find = (trust: Trust, kid: string, from = iss) =>
    trust
      .keys()
      .find({ framework: frameworks.shc, keyId: kid, issuer: from })
      .map(({ status }) => status)

  it('binds its keys to that issuer, is kept, and waits when it is empty or lost most of them', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'].map((kid) => jwk(kid))
    const w = world({ [url]: { keys } })
    const trust = await w.start([source])
    await trust.reload()
    assert.deepEqual([find(trust, 'a'), find(trust, 'a', 'https://issuer.example')], [['current'], []])
    w.served[url] = { keys: [] }
    await trust.reload()
    assert.match(stateOf(trust, 'cards')?.failure ?? '', /the newest list is empty: it waits/)
    w.served[url] = { keys: [keys[1], { ...keys[0], status: 'revoked' }] }
    await trust.reload()
    assert.match(stateOf(trust, 'cards')?.failure ?? '', /2 entries, and the one in use 5/)
    assert.deepEqual(
      [find(trust, 'a'), find(trust, 'b'), find(trust, 'c')],
      [['revoked'], ['current'], ['current']],
      'what it withdraws by name is withdrawn',
    )
    w.isOn = false
    const again = await w.start([source])
    assert.deepEqual([find(again, 'a'), find(again, 'b')], [['revoked'], ['current']])
  })

  it('that is no set, or none of JSON, leaves the one in use', async () => {
    const w = world({ [url]: { keys: [jwk('a')] } })
    const trust = await w.start([source])
    await trust.reload()
    for (const answer of ['<html>', '{"keys": 1}', '[]', 500, unreachable()]) {
      w.served[url] = answer
      await trust.reload()
      assert.deepEqual([find(trust, 'a'), stateOf(trust, 'cards')?.state], [['current'], 'stale'])
    }
    w.disk.files.set('/data/trust/cards.json', Buffer.from(JSON.stringify({ keys: [jwk('a'), jwk('x')] })))
    const again = await w.start([source])
    assert.deepEqual(
      [find(again, 'x'), find(again, 'a'), stateOf(again, 'cards')?.usable],
      [[], [], false],
      'no proof: a changed copy is not used',
    )
  })

  it('of another address takes nothing over from the copy of that name', async () => {
    const w = world({ [url]: { keys: [jwk('a')] } })
    await (await w.start([source])).reload()
    const moved = await w.start([{ ...source, location: 'https://other.example/jwks.json' }])
    assert.deepEqual([find(moved, 'a'), stateOf(moved, 'cards')?.state], [[], 'absent'])
  })
})

describe('files of the operator, after a restart', () => {
  const network: TrustSource = { name: 'net', kind: 'did-v2', location: '/did.json', key: ['/key.json'] }
  const national: TrustSource = { name: 'national', kind: 'certificates', location: '/national' }
  const files = async () => ({
    '/did.json': JSON.stringify(await signedList(itemsOf(issuer), { created: '2022-05-02T00:00:00Z' })),
    '/key.json': pinnedKey,
    '/national/dsc.pem': pem,
    '/national/trust.json': JSON.stringify([{ file: 'dsc.pem', status: 'revoked' }]),
  })

  it('that are gone or broken still withdraw what they withdrew, and give no key', async () => {
    for (const damage of ['gone', 'broken']) {
      const w = world({}, await files())
      assert.deepEqual(counted(await w.start([network, national])), ['revoked', 'revoked'])
      if (damage === 'gone') delete w.files['/national/dsc.pem']
      w.files['/national/trust.json'] = damage === 'gone' ? '' : '[{"file": "dsc.pem", "sta'
      if (damage === 'gone') delete w.files['/national/trust.json']
      const again = await w.start([network, national])
      assert.ok(
        counted(again).every((status) => status !== 'current'),
        damage,
      )
      assert.ok(again.keys().keys.every(({ lists }) => !lists.includes('national')))
      assert.deepEqual(counted(await w.start([national])), [], 'the copy gives no key')
    }
  })

  it('that say otherwise now count as they say', async () => {
    const w = world({}, await files())
    await w.start([network, national])
    w.files['/national/trust.json'] = JSON.stringify([{ file: 'dsc.pem', status: 'current' }])
    assert.ok(counted(await w.start([network, national])).every((status) => status === 'current'))
  })

  it('that held a list which proves itself: it stays in use, and an older one does not come back', async () => {
    const w = world({}, await files())
    await w.start([network])
    const list = w.files['/did.json'] ?? ''
    w.files['/did.json'] = String(list).slice(0, 500)
    const half = await w.start([network])
    assert.deepEqual(
      [counted(half), stateOf(half, 'net')?.state, stateOf(half, 'net')?.from],
      [['current'], 'stale', 'copy'],
    )
    w.files['/did.json'] = JSON.stringify(await signedList(itemsOf(issuer), { created: '2022-05-01T00:00:00Z' }))
    const older = await w.start([network])
    assert.match(stateOf(older, 'net')?.failure ?? '', /is older/)
    assert.equal(stateOf(older, 'net')?.created, '2022-05-02T00:00:00Z')
    w.files['/did.json'] = list
    assert.equal(stateOf(await w.start([network]), 'net')?.state, 'ok')
  })

  it('whose copies were damaged meanwhile are copied again', async () => {
    const w = world({}, await files())
    await w.start([network])
    const good = w.disk.files.get('/data/trust/net.json')
    for (const damage of [
      () => w.disk.files.delete('/data/trust/net.json'),
      () => w.disk.files.set('/data/trust/net.json', Buffer.from('{')),
    ]) {
      damage()
      await w.start([network])
      assert.deepEqual(w.disk.files.get('/data/trust/net.json'), good)
    }
  })

  it('are not copied for a process that only reads', async () => {
    const w = world({}, await files())
    await w.start([network, national], { keepsCopies: false })
    assert.equal(w.disk.files.size, 0)
  })
})

describe('revocation lists', () => {
  const hash = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16)
  const batch = (...ids: string[]) =>
    JSON.stringify({
      country: 'XA',
      expires: '2023-01-01T00:00:00Z',
      kid: '',
      hashType: 'UCI',
      entries: ids.map((id) => ({ hash: hash(id).toString('base64') })),
    })
  const clock = new Date('2022-06-01T00:00:00Z')
  const asked = {
    key: { keyId, participant: 'XXA', thumbprint: sha256Hex(issuer.dsc.raw) },
    keyId,
    issuer: 'XA',
    clock,
  }
  const held = (trust: Trust) => trust.revocations()?.hashes(asked)
  const isRevoked = (trust: Trust, id: string) => held(trust)?.names('UCI', hash(id)) ?? false

  for (const [what, source, place] of [
    ['a folder', { name: 'revoked', kind: 'revocation', location: '/revoked' }, '/revoked/1.json'],
    ['a file', { name: 'revoked', kind: 'revocation', location: '/revoked.json' }, '/revoked.json'],
  ] as const)
    it(`in ${what} that is broken or gone has its last good copy after a restart`, async () => {
      const w = world({}, { '/own/dsc.pem': pem, [place]: batch('one') })
      assert.ok(isRevoked(await w.start([own, source]), 'one'))
      w.files[place] = batch('one').slice(0, 40)
      const broken = await w.start([own, source])
      assert.ok(isRevoked(broken, 'one'))
      assert.match(held(broken)?.faults.join() ?? '', /could not be read again; an earlier copy was used/)
      delete w.files[place]
      assert.ok(isRevoked(await w.start([own, source]), 'one'))
      w.files[place] = batch('two')
      const good = await w.start([own, source])
      assert.deepEqual([isRevoked(good, 'one'), isRevoked(good, 'two')], [false, true])
    })

  it('of a server are fetched, kept, and of when it last confirmed them', async () => {
    const url = 'https://gateway.example/batches.json'
    const source: TrustSource = { name: 'revoked', kind: 'revocation', location: url }
    const w = world({ [url]: batch('one') }, { '/own/dsc.pem': pem })
    const trust = await w.start([own, source])
    assert.match(held(trust)?.faults.join() ?? '', /cannot be read/)
    await trust.reload()
    assert.ok(isRevoked(trust, 'one'))
    w.now = new Date('2022-07-01T00:00:00Z')
    await trust.reload()
    const later = trust.revocations()?.hashes({ ...asked, clock: w.now })
    assert.match(later?.told.join() ?? '', /of 2022-07-01T00:00:00.000Z, 0 hours old/)
    w.served[url] = unreachable()
    const again = await w.start([own, source])
    assert.ok(isRevoked(again, 'one'))
  })
})
