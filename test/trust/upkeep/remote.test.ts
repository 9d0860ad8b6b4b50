/** A remote list through good and bad days: a bad list never replaces a good one, and what was withdrawn stays withdrawn. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../src/trust/trust.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import {
  certificateUnder,
  itemsOf,
  type ListObject,
  listItem,
  listSigner,
  pinnedKey,
  signedList,
} from '../../support/trust-list.ts'
import { type Answer, unreachable, type World, world } from './world.ts'

const issuer = testIssuer({ country: 'XA' })
const other = testIssuer({ country: 'XB' })
const url = 'https://lists.example/v2/trustlist/did.json'
const remote: TrustSource = { name: 'net', kind: 'did-v2', location: url, key: ['/key.json'] }
const files = () => ({ '/key.json': pinnedKey })
const otherItems = () =>
  [
    listItem(other.sca, { usage: 'CSCA', participant: 'XXB' }),
    listItem(other.dsc, { participant: 'XXB' }),
  ] as ListObject[]
const both = () => [...itemsOf(issuer), ...otherItems()]
const older = '2022-05-01T00:00:00Z'
const newer = '2022-05-02T00:00:00Z'
const copyPath = '/data/trust/net.json'
const metaPath = '/data/trust/net.meta.json'

const statusOf = (trust: Trust, name = 'net') => {
  const found = trust.status().find((each) => each.name === name)
  assert.ok(found)
  return found
}
const keyIds = (trust: Trust) =>
  trust
    .keys()
    .keys.map(({ keyId }) => keyId)
    .sort()
const idOf = ({ keyId }: { keyId: Buffer }) => keyId.toString('base64')
const counts = (trust: Trust, whose: typeof issuer) => trust.keys().find({ keyId: idOf(whose) }).length > 0

describe('a remote list', () => {
  it('is not fetched at the start; then fetched, proven, kept with its validators, and used after a restart without network', async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const first = await w.start([remote])
    assert.deepEqual(w.asked, [])
    assert.deepEqual(
      [statusOf(first).state, statusOf(first).usable, first.keys().gap],
      ['absent', false, 'these trust lists are not there: net'],
    )
    await first.reload()
    assert.equal(statusOf(first).state, 'ok')
    assert.equal(keyIds(first).length, 4)
    const meta = JSON.parse(String(w.disk.files.get(metaPath)))
    assert.match(meta.etag, /^"[0-9a-f]{16}"$/)
    assert.equal(meta.fetchedAt, '2022-06-01T00:00:00.000Z')
    assert.equal(meta.created, older)
    assert.match(meta.thumbprint, /^[0-9a-f]{64}$/)
    w.isOn = false
    const second = await w.start([remote])
    assert.deepEqual(keyIds(second), keyIds(first))
    const { state, from, failure, readAt } = statusOf(second)
    assert.deepEqual([state, from, readAt], ['stale', 'copy', '2022-06-01T00:00:00.000Z'])
    assert.match(failure ?? '', /NETWORK=off/)
  })

  it('that did not change moves only the time of the last check', async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    const keys = trust.keys().keys
    w.now = new Date('2022-06-02T00:00:00Z')
    await trust.reload()
    assert.deepEqual(
      w.asked.map(({ status }) => status),
      [200, 304],
    )
    assert.deepEqual(
      [statusOf(trust).readAt, statusOf(trust).checkedAt],
      ['2022-06-01T00:00:00.000Z', '2022-06-02T00:00:00.000Z'],
    )
    assert.deepEqual(trust.keys().keys, keys)
    const meta = JSON.parse(String(w.disk.files.get(metaPath)))
    assert.deepEqual([meta.fetchedAt, meta.checkedAt], ['2022-06-01T00:00:00.000Z', '2022-06-02T00:00:00.000Z'])
    // After a restart its validators still hold.
    const again = await w.start([remote])
    await again.reload()
    assert.equal(w.asked.at(-1)?.status, 304)
    assert.equal(statusOf(again).state, 'ok')
  })

  const refused: [string, () => Promise<Answer> | Answer, RegExp][] = [
    ['not reached', unreachable, /cannot be reached/],
    ['an error', () => 500, /its server answered 500/],
    ['gone', () => 404, /its server answered 404/],
    ['redirected', () => 301, /its server answered 301/],
    ['no JSON', () => '<html>', /not valid: shape/],
    [
      'half',
      async () => JSON.stringify(await signedList(both(), { created: newer })).slice(0, 3000),
      /not valid: shape/,
    ],
    [
      'tampered',
      async () => JSON.stringify(await signedList(both(), { created: newer })).replace('#XXA', '#DEU'),
      /not valid: signature/,
    ],
    [
      'of another signer',
      async () => signedList(both(), { created: newer, signer: keyPairFor('ES256').privateKey }),
      /not valid: signature/,
    ],
    [
      'of another DID',
      async () => signedList(both(), { created: newer, document: { id: 'did:web:lists.example:v2:trustlist:DCC' } }),
      /the list is did:web:lists.example:v2:trustlist:DCC, and did:web:lists.example:v2:trustlist is asked for/,
    ],
    [
      'older',
      async () => signedList(both(), { created: '2022-04-30T23:59:59Z' }),
      /is older \(made 2022-04-30T23:59:59Z\) than the one in use/,
    ],
    ['of the future', async () => signedList(both(), { created: '2022-06-01T01:30:01Z' }), /made in the future/],
    [
      'empty',
      async () => ({ ...(await signedList(both(), { created: newer })), verificationMethod: [] }),
      /not valid: (?:shape|signature)/,
    ],
    [
      'of version 1',
      async () => ({ ...(await signedList(both(), { created: newer })), id: 'did:web:lists.example:trustlist' }),
      /not valid: signature/,
    ],
    [
      'with members too many',
      async () =>
        signedList(
          [...both()].map((item) => ({ ...item, note: 'x' })),
          { created: newer },
        ).catch(() => '{}'),
      /not valid: (?:shape|proof)/,
    ],
  ]
  for (const [what, answer, text] of refused)
    it(`that is ${what} leaves the one in use, now and after a restart`, async () => {
      const w = world({ [url]: await signedList(both()) }, files())
      const trust = await w.start([remote])
      await trust.reload()
      const copy = String(w.disk.files.get(copyPath))
      w.served[url] = await answer()
      w.now = new Date('2022-06-01T00:30:00Z')
      await trust.reload()
      assert.match(statusOf(trust).failure ?? '', text)
      assert.deepEqual([statusOf(trust).state, keyIds(trust).length], ['stale', 4])
      assert.equal(statusOf(trust).checkedAt, '2022-06-01T00:00:00.000Z', 'nothing was confirmed')
      assert.equal(String(w.disk.files.get(copyPath)), copy)
      const again = await w.start([remote])
      assert.deepEqual([statusOf(again).state, keyIds(again).length], ['stale', 4])
      assert.match(statusOf(again).failure ?? '', text, 'the last error is known in another process')
      w.served[url] = await signedList(both(), { created: newer })
      await again.reload()
      assert.deepEqual(
        [statusOf(again).state, statusOf(again).failure, statusOf(again).created],
        ['ok', undefined, newer],
      )
    })

  it('that withdrew a key never gives it back: not by the older list, not after a restart, not with the network off', async () => {
    const before = await signedList(both(), { created: older })
    const after = await signedList([...itemsOf(issuer), ...otherItems().slice(0, 1)], { created: newer })
    const w = world({ [url]: before }, files())
    const trust = await w.start([remote])
    await trust.reload()
    assert.ok(counts(trust, other))
    w.served[url] = after
    await trust.reload()
    assert.ok(!counts(trust, other) && counts(trust, issuer))
    w.served[url] = before
    await trust.reload()
    assert.ok(!counts(trust, other))
    const again = await w.start([remote])
    assert.ok(!counts(again, other) && counts(again, issuer))
    await again.reload()
    assert.match(statusOf(again).failure ?? '', /is older/)
    assert.ok(!counts(again, other))
    w.isOn = false
    assert.ok(!counts(await w.start([remote]), other))
  })

  it('is not there when a server says that nothing changed and nothing is here', async () => {
    const w = world({ [url]: 304 }, files())
    const trust = await w.start([remote])
    await trust.reload()
    assert.match(statusOf(trust).failure ?? '', /answered 304/)
    assert.equal(statusOf(trust).state, 'absent')
  })

  it('whose copy is lost is still held to the times that its meta data remember', async () => {
    const w = world({ [url]: await signedList(both(), { created: newer }) }, files())
    await (await w.start([remote])).reload()
    w.served[url] = await signedList(both(), { created: older })
    w.disk.files.delete(copyPath)
    const trust = await w.start([remote])
    assert.equal(statusOf(trust).usable, false)
    await trust.reload()
    assert.match(statusOf(trust).failure ?? '', /is older/)
    assert.equal(keyIds(trust).length, 0)
  })
})

describe('pinned keys', () => {
  const second = keyPairFor('ES256')
  const secondPin = JSON.stringify(second.publicKey.export({ format: 'jwk' }))

  it('may be several, for a change of key', async () => {
    const w = world(
      { [url]: await signedList(both(), { signer: second.privateKey }) },
      { ...files(), '/second.json': secondPin },
    )
    const trust = await w.start([{ ...remote, key: ['/key.json', '/second.json'] }])
    await trust.reload()
    assert.equal(statusOf(trust).state, 'ok')
    w.served[url] = await signedList(both(), { created: newer })
    await trust.reload()
    assert.equal(statusOf(trust).created, newer)
  })

  it('that are taken away take what they proved with them, although the server says that nothing changed', async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    w.files['/key.json'] = secondPin
    await trust.reload()
    assert.equal(w.asked.at(-1)?.status, 200, 'it is fetched whole')
    assert.match(statusOf(trust).failure ?? '', /not valid: signature/)
    assert.deepEqual([statusOf(trust).usable, keyIds(trust).length], [false, 0])
    const again = await w.start([remote])
    assert.match(statusOf(again).failure ?? '', /last good copy is not used: the list is not valid: signature/)
    assert.equal(keyIds(again).length, 0)
  })

  it('that cannot be read for a while change nothing', async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    delete w.files['/key.json']
    await trust.reload()
    assert.match(statusOf(trust).failure ?? '', /pinned key of the signer .* cannot be read/)
    assert.equal(keyIds(trust).length, 4)
  })
})

describe('a list that lost most of its keys', () => {
  const many = () => {
    const keys = [1, 2, 3, 4].map(() => keyPairFor('ES256').publicKey)
    return [...itemsOf(issuer), ...keys.map((publicKey) => listItem(certificateUnder(issuer.authority, { publicKey })))]
  }
  const prepared = async () => {
    const items = many()
    const w = world({ [url]: await signedList(items) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    return { w, trust, items }
  }
  const few = (created: string) => signedList(itemsOf(issuer), { created })

  it('waits; half as many do not', async () => {
    const { w, trust, items } = await prepared()
    w.served[url] = await signedList(items.slice(0, 3), { created: newer })
    await trust.reload()
    assert.deepEqual([statusOf(trust).state, keyIds(trust).length], ['ok', 3])
    w.served[url] = await signedList(items.slice(0, 1), { created: '2022-05-03T00:00:00Z' })
    await trust.reload()
    const { state, failure, waiting } = statusOf(trust)
    assert.deepEqual([state, waiting, keyIds(trust).length], ['stale', 1, 3])
    assert.match(
      failure ?? '',
      /the newest list has 1 entries, and the one in use 3: it waits for `vidimus trust accept net`/,
    )
  })

  it('is remarked upon where a key is used that it lacks, and counts once it is accepted by another process', async () => {
    const { w, trust, items } = await prepared()
    w.served[url] = await few(newer)
    await trust.reload()
    const lacking = trust.keys().keys.filter((key) => trust.keys().remarksOn?.(key).length)
    assert.equal(lacking.length, items.length - 2)
    const waiting = await w.copies.load(remote, 'waiting')
    await w.copies.accept('net', waiting?.meta.thumbprint ?? '')
    await trust.adopt()
    assert.deepEqual([statusOf(trust).state, statusOf(trust).failure, keyIds(trust).length], ['ok', undefined, 2])
    assert.equal(await w.copies.load(remote, 'waiting'), undefined)
    assert.equal(keyIds(await w.start([remote])).length, 2)
    await trust.reload()
    assert.equal(statusOf(trust).state, 'ok')
  })

  it('waits on after a restart, and may be accepted while no server runs', async () => {
    const { w, trust } = await prepared()
    w.served[url] = await few(newer)
    await trust.reload()
    w.isOn = false
    const second = await w.start([remote])
    assert.deepEqual([statusOf(second).waiting, keyIds(second).length], [2, 6])
    await w.copies.accept('net', (await w.copies.load(remote, 'waiting'))?.meta.thumbprint ?? '')
    const third = await w.start([remote])
    assert.deepEqual([statusOf(third).waiting, keyIds(third).length], [undefined, 2])
  })

  it('is held against the copy on disk after a restart, also when that is broken', async () => {
    const { w } = await prepared()
    w.served[url] = await few(newer)
    const trust = await w.start([remote])
    await trust.reload()
    assert.equal(statusOf(trust).waiting, 2)
    w.disk.files.set(copyPath, Buffer.from('{'))
    await w.copies.remove('net', 'waiting')
    const broken = await w.start([remote])
    assert.equal(statusOf(broken).usable, false)
    await broken.reload()
    assert.equal(statusOf(broken).waiting, 2)
    assert.equal(keyIds(broken).length, 0)
  })

  it('is accepted as that list alone: another one waits again', async () => {
    const { w, trust } = await prepared()
    w.served[url] = await few(newer)
    await trust.reload()
    const accepted = (await w.copies.load(remote, 'waiting'))?.meta.thumbprint ?? ''
    w.served[url] = await signedList(itemsOf(issuer).slice(0, 1), { created: '2022-05-03T00:00:00Z' })
    await trust.reload()
    await w.copies.accept('net', accepted)
    await trust.adopt()
    await trust.reload()
    assert.deepEqual([statusOf(trust).waiting, keyIds(trust).length], [1, 6])
  })

  it('waits on when an older list comes back, and that one is not taken for the newest', async () => {
    const { w, trust } = await prepared()
    const before = w.served[url] ?? 404
    const checkedAt = statusOf(trust).checkedAt
    w.served[url] = await few(newer)
    await trust.reload()
    // A cache on the way, or whoever is in it, has the list of before: byte by byte, and as another of the same time.
    for (const replayed of [before, await signedList(both(), { created: '2022-05-01T12:00:00Z' })]) {
      w.served[url] = replayed
      w.now = new Date(w.now.getTime() + 60_000)
      await trust.reload()
      const { waiting, failure } = statusOf(trust)
      assert.equal(waiting, 2)
      assert.match(failure ?? '', /is older \(made .*\) than the one that waits/)
      assert.equal(statusOf(trust).checkedAt, checkedAt)
      assert.ok(trust.keys().keys.some((key) => trust.keys().remarksOn?.(key).length))
      assert.ok(await w.copies.load(remote, 'waiting'))
    }
    w.served[url] = await signedList(both(), { created: '2022-05-03T00:00:00Z' })
    await trust.reload()
    assert.deepEqual([statusOf(trust).state, statusOf(trust).waiting], ['ok', undefined])
  })

  it('because the chains of its keys fail is held the same', async () => {
    const { w, trust, items } = await prepared()
    w.served[url] = await signedList(items.slice(1), { created: newer })
    await trust.reload()
    assert.match(statusOf(trust).failure ?? '', /of the newest list 0 keys count, and of the one in use 6/)
    assert.equal(keyIds(trust).length, 6)
  })
})

describe('the disk', () => {
  const prepared = async (): Promise<{ w: World; trust: Trust }> => {
    const w = world({ [url]: await signedList(both()) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    return { w, trust }
  }
  const without = () => signedList([...itemsOf(issuer), ...otherItems().slice(0, 1)], { created: newer })

  it('that is full keeps no list out of use, says so, and writes it once there is room', async () => {
    const { w, trust } = await prepared()
    const copy = String(w.disk.files.get(copyPath))
    w.disk.isFull = true
    w.served[url] = await signedList([...both(), listItem(other.sca, { usage: 'DESC', participant: 'XXB' })], {
      created: newer,
    })
    await trust.reload()
    assert.equal(keyIds(trust).length, 5)
    assert.match(statusOf(trust).warnings.join(), /its copy cannot be kept: .*the disk is full/)
    assert.equal(String(w.disk.files.get(copyPath)), copy, 'the copy before withdraws nothing less')
    await trust.reload()
    assert.equal(String(w.disk.files.get(copyPath)), copy)
    w.disk.isFull = false
    await trust.reload()
    assert.deepEqual(statusOf(trust).warnings, [])
    assert.equal(keyIds(await w.start([remote])).length, 5)
  })

  it('that is full when a key is withdrawn loses the copy that still has it', async () => {
    const { w, trust } = await prepared()
    w.disk.isFull = true
    w.served[url] = await without()
    await trust.reload()
    assert.ok(!counts(trust, other))
    const again = await w.start([remote])
    assert.ok(!counts(again, other))
    assert.equal(statusOf(again).usable, false)
  })

  it('that is full when a key is withdrawn still knows when the list was made: none of before gives the key back', async () => {
    const { w, trust } = await prepared()
    const before = w.served[url] ?? 404
    w.files['/first.json'] = JSON.stringify(before)
    w.disk.isNearlyFull = true
    w.served[url] = await without()
    await trust.reload()
    assert.ok(!counts(trust, other))
    assert.equal(w.disk.files.has(copyPath), false)
    const again = await w.start([{ ...remote, firstCopy: '/first.json' }])
    assert.ok(!counts(again, other))
    w.served[url] = before
    await again.reload()
    assert.ok(!counts(again, other))
    assert.match(statusOf(again).failure ?? '', /is older/)
  })

  it('that lost the copy of a key set does not fall back on its first copy, which may have what was withdrawn', async () => {
    const address = 'https://keys.example/jwks.json'
    const keys: TrustSource = { name: 'net', kind: 'jwks', location: address, firstCopy: '/first.json' }
    const [kept, gone] = ['kept', 'gone'].map((kid) => ({
      ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }),
      kid,
      iss: 'XA',
    }))
    const w = world({ [address]: { keys: [kept] } }, { '/first.json': JSON.stringify({ keys: [kept, gone] }) })
    const trust = await w.start([keys])
    assert.deepEqual(keyIds(trust), ['gone', 'kept'])
    await trust.reload()
    assert.deepEqual(keyIds(trust), ['kept'])
    lose(w, copyPath)
    w.served[address] = unreachable()
    const again = await w.start([keys])
    await again.reload()
    assert.deepEqual(keyIds(again), [])
  })

  const metaOf = (w: World) => String(w.disk.files.get(metaPath))
  const copyIs = (w: World, bytes: string | Buffer | object) => {
    const isBytes = typeof bytes === 'string' || Buffer.isBuffer(bytes)
    w.disk.files.set(copyPath, Buffer.from(isBytes ? bytes : JSON.stringify(bytes)))
  }
  const metaIs = (w: World, text: string) => {
    w.disk.files.set(metaPath, Buffer.from(text))
  }
  const lose = (w: World, file: string) => {
    w.disk.files.delete(file)
  }
  const madeAt = (created: string) => signedList(both(), { created })
  const damages: [string, (w: World, good: Buffer) => Promise<void> | void, RegExp | undefined, number][] = [
    ['half written', (w, good) => copyIs(w, good.subarray(0, 2000)), /not valid: shape/, 0],
    ['tampered with', (w, good) => copyIs(w, String(good).replace('#XXA', '#DEU')), /not valid: signature/, 0],
    ['an older genuine list', async (w) => copyIs(w, await madeAt('2022-04-01T00:00:00Z')), /is older/, 0],
    ['another genuine list, newer', async (w) => copyIs(w, await madeAt(newer)), undefined, 4],
    ['there without meta data', (w) => lose(w, metaPath), undefined, 4],
    ['there with meta data that are no JSON', (w) => metaIs(w, '{"na'), /last good copy is not used/, 0],
    [
      'that of another address',
      (w) => metaIs(w, metaOf(w).replaceAll('lists.example', 'other.example')),
      /not read yet/,
      0,
    ],
    ['gone', (w) => lose(w, copyPath), /last good copy is not used/, 0],
  ]
  for (const [what, damage, text, keys] of damages)
    it(`whose copy is ${what}: ${keys} keys, and the next fetch mends it`, async () => {
      const { w } = await prepared()
      await damage(w, w.disk.files.get(copyPath) ?? Buffer.alloc(0))
      const trust = await w.start([remote])
      assert.equal(keyIds(trust).length, keys)
      if (text) assert.match(statusOf(trust).failure ?? '', text)
      w.served[url] = await signedList(both(), { created: '2022-05-05T00:00:00Z' })
      await trust.reload()
      assert.equal(w.asked.at(-1)?.tag, undefined, 'no validator of another document is sent')
      assert.deepEqual([statusOf(trust).state, keyIds(trust).length], ['ok', 4])
      assert.equal(keyIds(await w.start([remote])).length, 4)
    })

  it('on which the machine stopped between the two files has the copy before', async () => {
    const { w } = await prepared()
    const old = w.disk.files.get(copyPath)
    const trust = await w.start([remote])
    w.served[url] = await signedList(both(), { created: newer })
    const { write } = w.disk
    w.disk.write = async (path, bytes) => {
      if (path === copyPath) throw Object.assign(new Error('stopped'), { code: 'EIO', syscall: 'write', path })
      return write(path, bytes)
    }
    await trust.reload()
    assert.equal(w.disk.files.get(copyPath), old)
    w.isOn = false
    const again = await w.start([remote])
    assert.deepEqual([keyIds(again).length, statusOf(again).created], [4, older])
  })

  it('is left alone by a process that only reads', async () => {
    const { w } = await prepared()
    const before = new Map(w.disk.files)
    const reader = await w.start([remote], { keepsCopies: false })
    w.served[url] = await without()
    await reader.reload()
    assert.ok(!counts(reader, other))
    assert.deepEqual(w.disk.files, before)
  })

  it('is where servers of one folder meet: what one fetched, the others take over', async () => {
    const { w, trust } = await prepared()
    const second = await w.start([remote])
    w.served[url] = await without()
    await trust.reload()
    assert.ok(counts(second, other))
    const requests = w.asked.length
    await second.adopt()
    assert.ok(!counts(second, other))
    assert.equal(w.asked.length, requests)
  })
})

describe('the first copy', () => {
  const source = { ...remote, firstCopy: '/first.json' }
  const text = async (created: string, items = both()) => JSON.stringify(await signedList(items, { created }))

  it('counts until something was fetched, with the network off, too', async () => {
    const w = world({ [url]: 500 }, { ...files(), '/first.json': await text(older) })
    w.isOn = false
    const off = await w.start([source])
    assert.deepEqual([statusOf(off).from, statusOf(off).state, keyIds(off).length], ['first copy', 'stale', 4])
    w.isOn = true
    const on = await w.start([source])
    assert.equal(keyIds(on).length, 4)
    w.served[url] = await signedList(itemsOf(issuer), { created: newer })
    await on.reload()
    assert.deepEqual([statusOf(on).from, keyIds(on).length], [undefined, 2])
    assert.equal(keyIds(await w.start([source])).length, 2, 'the older file never comes back')
  })

  it('that is newer than the copy takes its place, and an older one, a forged one or one of another DID does not', async () => {
    const w = world(
      { [url]: await signedList(both(), { created: older }) },
      { ...files(), '/first.json': await text('2022-04-01T00:00:00Z') },
    )
    await (await w.start([source])).reload()
    w.served[url] = unreachable()
    assert.equal(statusOf(await w.start([source])).created, older)
    w.files['/first.json'] = (await text(newer)).replace('#XXA', '#DEU')
    const forged = await w.start([source])
    assert.equal(statusOf(forged).created, older)
    assert.match(statusOf(forged).failure ?? '', /its first copy is not used: the list is not valid: signature/)
    w.files['/first.json'] = JSON.stringify(
      await signedList(both(), { created: newer, document: { id: 'did:web:lists.example:v2:trustlist:DCC' } }),
    )
    assert.equal(statusOf(await w.start([source])).created, older)
    w.files['/first.json'] = await text(newer)
    const running = await w.start([source])
    assert.equal(statusOf(running).created, newer)
    w.files['/first.json'] = await text('2022-05-03T00:00:00Z', itemsOf(issuer))
    await running.reload()
    assert.deepEqual([statusOf(running).created, counts(running, other)], ['2022-05-03T00:00:00Z', false])
  })
})

describe('a clock that jumps', () => {
  const at = (text: string) => new Date(text)
  const prepared = async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const trust = await w.start([remote])
    await trust.reload()
    const remarks = (of: Trust) => {
      const [key] = of.keys().keys
      assert.ok(key)
      return of.keys().remarksOn?.(key).join() ?? ''
    }
    return { w, trust, remarks }
  }

  it('a year forward: the keys stay, the age is told, and all is well once it is right again', async () => {
    const { w, trust, remarks } = await prepared()
    assert.equal(remarks(trust), '')
    w.now = at('2023-06-01T00:00:00Z')
    assert.equal(remarks(trust), 'trust list is 365 days old: net')
    assert.deepEqual([statusOf(trust).state, keyIds(trust).length], ['stale', 4])
    await trust.reload()
    assert.equal(remarks(trust), '')
    w.now = at('2022-06-01T00:00:00Z')
    assert.equal(remarks(trust), 'the clock of this server is 365 days behind the trust list net')
    await trust.reload()
    assert.equal(remarks(trust), '')
    assert.equal(statusOf(trust).state, 'ok')
  })

  it('a year back: nothing is lost, also by a restart, and it is told', async () => {
    const { w, trust, remarks } = await prepared()
    w.now = at('2021-06-01T00:00:00Z')
    assert.match(remarks(trust), /365 days behind the trust list net/)
    const again = await w.start([remote])
    assert.equal(keyIds(again).length, 4)
    assert.match(remarks(again), /365 days behind the trust list net/)
    w.served[url] = await signedList(both(), { created: newer })
    await again.reload()
    assert.match(statusOf(again).failure ?? '', /made in the future/)
    assert.equal(keyIds(again).length, 4)
  })

  it('does not make a list count again that is too old', async () => {
    const w = world({ [url]: await signedList(both()) }, files())
    const strict = { ...remote, rejectAgeSeconds: 86_400 }
    const trust = await w.start([strict])
    await trust.reload()
    assert.ok(counts(trust, issuer))
    w.now = at('2022-06-02T00:00:01Z')
    assert.ok(!counts(trust, issuer))
    assert.deepEqual([statusOf(trust).usable, statusOf(trust).state], [false, 'failed'])
    w.now = at('2021-06-02T00:00:01Z')
    assert.ok(!counts(trust, issuer), 'by a clock that is behind no age can be told')
    w.now = at('2022-06-01T12:00:00Z')
    assert.ok(counts(trust, issuer))
  })
})

describe('lists of several networks', () => {
  it('stand side by side, each with its own key and state', async () => {
    const urls = ['dev', 'uat', 'prod'].map((name) => `https://${name}.example/v2/trustlist/did.json`)
    const signers = urls.map(() => keyPairFor('ES256'))
    const served: World['served'] = {}
    const own: World['files'] = {}
    for (const [at, each] of urls.entries()) {
      const id = `did:web:${new URL(each).host}:v2:trustlist`
      served[each] = await signedList(at === 0 ? itemsOf(issuer) : otherItems(), {
        document: { id },
        signer: signers[at]?.privateKey ?? listSigner.privateKey,
      })
      own[`/${at}.json`] = JSON.stringify(signers[at]?.publicKey.export({ format: 'jwk' }))
    }
    const w = world(served, own)
    const sources = urls.map(
      (location, at): TrustSource => ({ name: String(at), kind: 'did-v2', location, key: [`/${at}.json`] }),
    )
    const trust = await w.start(sources)
    await trust.reload()
    assert.deepEqual(
      trust.status().map(({ state, keys }) => [state, keys]),
      [
        ['ok', 2],
        ['ok', 2],
        ['ok', 2],
      ],
    )
    assert.deepEqual(trust.keys().find({ keyId: idOf(other) })[0]?.lists, ['1', '2'])
    served[urls[1] ?? ''] = served[urls[2] ?? ''] ?? 404
    await trust.reload()
    assert.deepEqual(
      trust.status().map(({ state }) => state),
      ['ok', 'stale', 'ok'],
    )
  })
})
