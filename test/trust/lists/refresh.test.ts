import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { After } from '../../../src/base/after.ts'
import { sha256Hex } from '../../../src/base/crypto/sha256.ts'
import { readConfig } from '../../../src/config.ts'
import { createServer } from '../../../src/server.ts'
import { refreshTrust } from '../../../src/trust/lists/refresh.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type TrustListStatus } from '../../../src/trust/trust.ts'
import { testIssuer } from '../../support/issuer.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { world } from '../upkeep/world.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer({ country: 'XA' })
const keyId = issuer.keyId.toString('base64')
const pem = issuer.dsc.toString()
const revoked = JSON.stringify([{ file: 'dsc.pem', status: 'revoked' }])

/** A clock that is moved by hand: what waits, in order. */
function handClock() {
  const waiting: { milliseconds: number; run(): void }[] = []
  const after: After = (milliseconds, run) => {
    const entry = { milliseconds, run }
    waiting.push(entry)
    return () => void (waiting.includes(entry) && waiting.splice(waiting.indexOf(entry), 1))
  }
  return { after, waiting, fire: () => waiting.shift()?.run() }
}

const source = (name: string, refreshSeconds?: number): TrustSource => ({
  name,
  kind: 'certificates',
  location: `/${name}`,
  ...(refreshSeconds === undefined ? {} : { refreshSeconds }),
})

async function refreshed(sources: TrustSource[]) {
  const readers = memoryReaders({ '/a/dsc.pem': pem, '/b/dsc.pem': pem })
  const trust = await loadTrustLists(sources, { readers, now })
  const clock = handClock()
  const told: TrustListStatus[] = []
  const faults: unknown[] = []
  const options = {
    after: clock.after,
    changed: (status: TrustListStatus) => void told.push(status),
    failed: (error: unknown) => void faults.push(error),
  }
  const end = refreshTrust(trust, sources, options)
  const status = () => trust.keys().find({ keyId })[0]?.status
  // A reading of files in memory ends after some turns of the event loop.
  const settled = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((done) => setImmediate(done))
  }
  return { trust, readers, clock, told, faults, end, status, settled }
}

describe('a source with refreshSeconds', () => {
  it('is read again, each time when the last reading has ended; others are not', async () => {
    const { readers, clock, end, status, settled } = await refreshed([source('a', 60), source('b')])
    assert.deepEqual(
      clock.waiting.map(({ milliseconds }) => milliseconds),
      [60_000],
    )
    readers.files['/b/trust.json'] = revoked
    clock.fire()
    assert.equal(clock.waiting.length, 0, 'nothing waits while it is read')
    await settled()
    assert.equal(status(), 'current')
    assert.equal(clock.waiting.length, 1)
    readers.files['/a/trust.json'] = revoked
    clock.fire()
    await settled()
    assert.equal(status(), 'revoked')
    await end()
  })

  it('that fails keeps its last reading, and is told once and when it is good again', async () => {
    const { readers, clock, told, end, status, settled } = await refreshed([source('a', 60)])
    const turn = async () => {
      clock.fire()
      await settled()
    }
    delete readers.files['/a/dsc.pem']
    await turn()
    await turn()
    assert.equal(status(), 'current')
    readers.files['/a/dsc.pem'] = pem
    await turn()
    assert.deepEqual(
      told.map(({ failure }) => failure),
      ['/a: there is no such file or folder', undefined],
    )
    await end()
  })

  it('tells each piece of news once when readings overlap', async () => {
    const { readers, clock, told, end, settled } = await refreshed([source('a', 60), source('b', 60)])
    delete readers.files['/a/dsc.pem']
    delete readers.files['/b/dsc.pem']
    clock.fire()
    clock.fire()
    await settled()
    assert.deepEqual(told.map(({ name }) => name).sort(), ['a', 'b'])
    await end()
  })

  it('goes on after a fault of the program', async () => {
    const { readers, clock, faults, end, status, settled } = await refreshed([source('a', 60)])
    const { readFile } = readers
    readers.readFile = async () => {
      throw new TypeError('made by the test')
    }
    readers.files['/a/trust.json'] = revoked
    readers.listFolder = async () => {
      throw new TypeError('made by the test')
    }
    clock.fire()
    await settled()
    assert.equal(faults.length, 1)
    assert.equal(status(), 'current')
    readers.readFile = readFile
    readers.listFolder = async () => ['dsc.pem', 'trust.json']
    clock.fire()
    await settled()
    assert.equal(status(), 'revoked')
    await end()
  })

  it('is let alone once it is over, also when a reading was under way', async () => {
    const { clock, end } = await refreshed([source('a', 60), source('b', 5)])
    clock.fire()
    await end()
    assert.deepEqual(clock.waiting, [])
  })

  it('waits neither less than a second nor longer than a timer can', async () => {
    const { clock, end } = await refreshed([source('a', 0.001), source('b', 1e12)])
    assert.deepEqual(
      clock.waiting.map(({ milliseconds }) => milliseconds),
      [1000, 2 ** 31 - 1],
    )
    await end()
  })
})

describe('a remote source', () => {
  const url = 'https://cards.example/.well-known/jwks.json'
  const remote: TrustSource = { name: 'cards', kind: 'jwks', location: url, issuer: 'https://cards.example' }
  const good = { keys: [{ ...issuer.dsc.publicKey.export({ format: 'jwk' }), kid: 'a' }] }
  const prepared = async (more: Partial<TrustSource> = {}, random = 0.5) => {
    const w = world({ [url]: good })
    const trust = await w.start([{ ...remote, ...more }, source('file', 61)])
    const clock = handClock()
    const told: (string | undefined)[] = []
    const end = refreshTrust(trust, [{ ...remote, ...more }, source('file', 61)], {
      after: clock.after,
      random: () => random,
      changed: ({ name, failure }) => void (name === 'cards' && told.push(failure)),
      failed: assert.ifError,
    })
    const waits = () =>
      clock.waiting.map(({ milliseconds }) => milliseconds).filter((each) => each !== 61_000 && each !== 5000)
    const fire = async (milliseconds?: number) => {
      const at = clock.waiting.findIndex((each) =>
        milliseconds === undefined
          ? each.milliseconds !== 61_000 && each.milliseconds !== 5000
          : each.milliseconds === milliseconds,
      )
      clock.waiting.splice(at, 1)[0]?.run()
      for (let turn = 0; turn < 200; turn++) await new Promise((done) => setImmediate(done))
    }
    return { w, trust, told, end, waits, fire, clock }
  }

  it('is read at once, then each hour or as it says, ten per cent sooner or later', async () => {
    for (const [more, random, milliseconds] of [
      [{}, 0.5, 3_600_000],
      [{}, 0, 3_240_000],
      [{}, 1, 3_960_000],
      [{ refreshSeconds: 100 }, 0.5, 100_000],
      [{ refreshSeconds: 100 }, 0, 90_000],
    ] as const) {
      const { w, waits, fire, end } = await prepared(more, random)
      assert.deepEqual([waits(), w.asked.length], [[0], 0])
      await fire()
      assert.equal(w.asked.length, 1)
      assert.deepEqual(waits(), [milliseconds])
      await end()
    }
  })

  it('that fails is asked again after a minute, then each time after twice as long, up to an hour; once it is good, as usual', async () => {
    const { w, waits, fire, told, end } = await prepared()
    w.served[url] = 500
    const found: number[] = []
    for (let turn = 0; turn < 8; turn++) {
      await fire()
      found.push((waits()[0] ?? 0) / 60_000)
    }
    assert.deepEqual(found, [1, 2, 4, 8, 16, 32, 60, 60])
    w.served[url] = good
    await fire()
    assert.deepEqual(waits(), [3_600_000])
    assert.deepEqual(told, ['its server answered 500', undefined])
    await end()
  })

  it('with short turns is asked again in short turns', async () => {
    const { w, waits, fire, end } = await prepared({ refreshSeconds: 2 })
    w.served[url] = 500
    await fire()
    await fire()
    assert.deepEqual(waits(), [4000])
    await end()
  })

  it('takes over what another process wrote', async () => {
    const { w, trust, fire, clock, end } = await prepared()
    await (await w.start([remote])).reload()
    assert.equal(trust.keys().keys.length, 0)
    await fire(5000)
    assert.equal(trust.keys().keys.length, 1)
    assert.ok(clock.waiting.some(({ milliseconds }) => milliseconds === 5000))
    await end()
    assert.deepEqual(clock.waiting, [])
  })

  it('that is slow holds up no other source', async () => {
    const { w, trust, end } = await prepared()
    const readers = memoryReaders({ '/b/dsc.pem': pem })
    let answer: () => void = () => {}
    const slow = new Promise<void>((done) => {
      answer = done
    })
    readers.fetch = async () => {
      await slow
      return { status: 500, headers: {}, body: Buffer.alloc(0) }
    }
    const lists = await loadTrustLists([remote, source('b')], { readers, now })
    const reading = lists.reload(['cards'])
    readers.files['/b/trust.json'] = revoked
    await lists.reload(['b'])
    assert.equal(lists.keys().find({ keyId })[0]?.status, 'revoked')
    answer()
    await reading
    assert.equal(w.asked.length, 0)
    assert.equal(trust.keys().keys.length, 0)
    await end()
  })
})

describe('readings of trust lists', () => {
  it('that overlap lose nothing of each other', async () => {
    const readers = memoryReaders({ '/a/dsc.pem': pem, '/b/dsc.pem': pem })
    const trust = await loadTrustLists([source('a'), source('b')], { readers, now })
    readers.files['/a/trust.json'] = revoked
    delete readers.files['/b/dsc.pem']
    await Promise.all([trust.reload(['a']), trust.reload(['b'])])
    assert.equal(trust.keys().find({ keyId })[0]?.status, 'revoked')
    assert.match(trust.status()[1]?.failure ?? '', /there is no such file/)
  })
})

describe('a server', () => {
  it('reads them again from when it listens until it is closed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-refresh-'))
    const bad = join(dataDir, 'bad.json')
    writeFileSync(join(dataDir, 'dsc.pem'), pem)
    writeFileSync(bad, '{}')
    const lists = [
      { name: 'own', kind: 'certificates', location: join(dataDir, 'dsc.pem') },
      { name: 'bad', kind: 'distrusted', location: bad, refreshSeconds: 30 },
    ]
    const settings = { DATA_DIR: dataDir, STORAGE_URL: 'sqlite::memory:', PORT: '0', HOST: '127.0.0.1' }
    const clock = handClock()
    const server = await createServer(readConfig({ ...settings, TRUST_LISTS: JSON.stringify(lists) }), {
      after: clock.after,
    })
    try {
      assert.equal(clock.waiting.length, 0)
      await server.listen()
      writeFileSync(bad, JSON.stringify({ thumbprints: [sha256Hex(issuer.dsc.raw)] }))
      assert.equal(server.trust.keys().keys.length, 1)
      clock.fire()
      // Readings of one source follow one another: this one ends after that.
      await server.trust.reload(['bad'])
      assert.equal(server.trust.keys().keys.length, 0)
    } finally {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
    assert.deepEqual(clock.waiting, [])
  })
})
