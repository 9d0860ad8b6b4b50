/** A process that follows another: it asks nobody, and no key counts with it that does not count there. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { testIssuer } from '../../support/issuer.ts'
import { itemsOf, type ListObject, listItem, pinnedKey, signedList } from '../../support/trust-list.ts'
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
