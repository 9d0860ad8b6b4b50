/** A process that follows another: it asks nobody, and no key counts with it that does not count there. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { testIssuer } from '../../support/issuer.ts'
import {
  certificateUnder,
  itemsOf,
  type ListObject,
  listItem,
  pinnedKey,
  signedList,
} from '../../support/trust-list.ts'
import { unreachable, type World, world } from './world.ts'

const issuer = testIssuer({ country: 'XA' })
const other = testIssuer({ country: 'XB' })
const url = 'https://lists.example/v2/trustlist/did.json'
const remote: TrustSource = { name: 'net', kind: 'did-v2', location: url, key: ['/key.json'] }
const otherItems = () =>
  [
    listItem(other.sca, { usage: 'CSCA', participant: 'XXB' }),
    listItem(other.dsc, { participant: 'XXB' }),
  ] as ListObject[]
const both = () => [...itemsOf(issuer), ...otherItems()]
const counts = (trust: Trust, whose: typeof issuer) =>
  trust.keys().find({ keyId: whose.keyId.toString('base64') }).length > 0

const certificateFor = (jwk: JsonWebKey) =>
  certificateUnder(issuer.authority, { publicKey: createPublicKey({ key: jwk, format: 'jwk' }) })

async function leadAndFollower(w: World, sources: TrustSource[] = [remote]) {
  const lead = await w.start(sources)
  await lead.reload()
  const follower = await w.start(sources, { keepsCopies: false })
  /** As news goes over a channel. */
  const follow = () => follower.follow(JSON.parse(JSON.stringify(lead.news())))
  return { lead, follower, follow }
}

describe('a follower', () => {
  it('takes out a key that the lead has taken out, and asks nobody', async () => {
    const w = world(
      { [url]: await signedList(both(), { created: '2022-05-01T00:00:00Z' }) },
      { '/key.json': pinnedKey },
    )
    const { lead, follower, follow } = await leadAndFollower(w)
    assert.ok(counts(follower, other), 'it begins with the copy')
    w.served[url] = await signedList(itemsOf(issuer), { created: '2022-05-02T00:00:00Z' })
    await lead.reload()
    assert.ok(!counts(lead, other))
    const asked = w.asked.length
    assert.equal(await follow(), true)
    assert.deepEqual([counts(follower, other), counts(follower, issuer)], [false, true])
    assert.equal(w.asked.length, asked)
  })

  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const set: TrustSource = { name: 'set', kind: 'jwks', location: 'https://keys.example/jwks.json' }
  const entry = { ...keys, kid: 'one', iss: 'https://one.example', nbf: 1_640_000_000, exp: 1_700_000_000 }
  const crl = { kid: 'one', method: 'rid', ctr: 1, rids: ['aaaa'] }
  const x5c = [issuer.dsc.raw.toString('base64')]
  const chained = [...x5c, issuer.sca.raw.toString('base64')]
  const changes: Record<string, [object, object]> = {
    'its key id': [entry, { ...entry, kid: 'two' }],
    'its issuer': [entry, { ...entry, iss: 'https://two.example' }],
    'its participant': [
      { ...entry, iss: 'XA' },
      { ...entry, iss: 'XB' },
    ],
    'its status': [entry, { ...entry, status: 'revoked' }],
    'its domain': [entry, { ...entry, domain: 'DCC' }],
    'its usage': [entry, { ...entry, usage: 'DSC' }],
    'its algorithm': [entry, { ...entry, alg: 'ES256' }],
    'its beginning': [entry, { ...entry, nbf: 1_650_000_000 }],
    'its end': [entry, { ...entry, exp: 1_660_000_000 }],
    'the version of its revocation list': [
      { ...entry, crlVersion: 1 },
      { ...entry, crlVersion: 2 },
    ],
    'its revocation list': [
      { ...entry, crl },
      { ...entry, crl: { ...crl, rids: ['aaaa', 'bbbb'] } },
    ],
    'its chain': [
      { ...entry, x5c },
      { ...entry, x5c: chained },
    ],
    'its certificate': [entry, { ...entry, x5c: [certificateFor(entry).raw.toString('base64')] }],
  }
  for (const [what, [before, after]] of Object.entries(changes))
    it(`follows when an entry of the same key has changed: ${what}`, async () => {
      const w = world({ [set.location]: { keys: [before] } })
      const { lead, follower, follow } = await leadAndFollower(w, [set])
      const known = lead.keys().find({})
      w.served[set.location] = { keys: [after] }
      await lead.reload()
      assert.notDeepEqual(lead.keys().find({}), known)
      assert.equal(await follow(), true)
      assert.deepEqual(follower.keys().find({}), lead.keys().find({}))
    })

  it('follows a list with a revocation list of which the text of numbers is kept', async () => {
    const listOf = (ctr: string, rid: string) =>
      `{"keys":[${JSON.stringify({ ...entry, crl })
        .replace('"ctr":1', `"ctr":${ctr}`)
        .replace('aaaa', rid)}]}`
    const w = world({ [set.location]: listOf('1.0', 'aaaa') })
    const { lead, follower, follow } = await leadAndFollower(w, [set])
    w.served[set.location] = listOf('1.0', 'bbbb')
    await lead.reload()
    assert.equal(await follow(), true)
    assert.deepEqual(follower.keys().find({}), lead.keys().find({}))
  })

  it('is as sure of the age of a list as the lead, and knows that a reading failed', async () => {
    const w = world({ [url]: await signedList(both()) }, { '/key.json': pinnedKey })
    const { lead, follower, follow } = await leadAndFollower(w)
    w.now = new Date('2022-07-01T00:00:00Z')
    await lead.reload()
    assert.equal(await follow(), true)
    assert.deepEqual(
      follower.status(),
      lead.status().map((each) => ({ ...each, from: 'copy' })),
    )
    assert.equal(follower.status()[0]?.checkedAt, w.now.toISOString())
    w.served[url] = unreachable()
    await lead.reload()
    assert.equal(await follow(), true)
    assert.ok(lead.status()[0]?.failure)
    assert.equal(follower.status()[0]?.failure, lead.status()[0]?.failure)
    w.served[url] = await signedList(both())
    await lead.reload()
    assert.equal(await follow(), true)
    assert.equal(follower.status()[0]?.failure, undefined)
  })

  it('says so when it cannot stand as the lead does: the copy could not be written', async () => {
    const w = world(
      { [url]: await signedList(both(), { created: '2022-05-01T00:00:00Z' }) },
      { '/key.json': pinnedKey },
    )
    const { lead, follow } = await leadAndFollower(w)
    w.served[url] = await signedList(itemsOf(issuer), { created: '2022-05-02T00:00:00Z' })
    w.disk.isFull = true
    await lead.reload()
    assert.equal(await follow(), false, 'whoever asks must not let it answer')
    w.disk.isFull = false
    await lead.reload()
    assert.equal(await follow(), true)
  })

  it('withdraws everything when the lead cannot read what withdraws', async () => {
    const bad: TrustSource = { name: 'bad', kind: 'distrusted', location: 'https://lists.example/distrusted.json' }
    const w = world(
      { [url]: await signedList(both()), [bad.location]: { participants: [], thumbprints: [], keyIds: [] } },
      { '/key.json': pinnedKey },
    )
    const { lead, follower, follow } = await leadAndFollower(w, [remote, bad])
    await follow()
    w.served[bad.location] = { participants: 'all' }
    await lead.reload()
    assert.equal(await follow(), true)
    assert.equal(follower.keys().unavailable, lead.keys().unavailable)
  })

  it('does not follow a lead that has other sources', async () => {
    const w = world({ [url]: await signedList(both()) }, { '/key.json': pinnedKey })
    const lead = await w.start([remote])
    const follower = await w.start([{ ...remote, name: 'else' }])
    assert.equal(await follower.follow(lead.news()), false)
  })
})
