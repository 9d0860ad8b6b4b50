import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createOnce } from '../../src/authority/once.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { openStorage } from '../../src/storage/open.ts'
import { clock } from './support/bed.ts'

const open = async () => {
  const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
  const at = { seconds: clock }
  const now = () => new Date(at.seconds * 1000)
  const { records } = storage
  return {
    storage,
    at,
    records,
    once: (most?: number) => createOnce({ records, kind: 'n', now, ...(most ? { most } : {}) }),
  }
}

describe('a name that counts once', () => {
  it('counts once, for each whose it is, on every server over the store', async () => {
    const { storage, once } = await open()
    const [one, two] = [once(), once()]
    assert.equal(await one.use('a', 'x', clock + 60), true)
    assert.equal(await one.use('a', 'x', clock + 60), false)
    assert.equal(await two.use('a', 'x', clock + 60), false)
    assert.equal(await two.use('b', 'x', clock + 60), true)
    assert.equal(await two.use('a","b', 'x', clock + 60), true)
    assert.equal(await two.use('a', 'b","x', clock + 60), true)
    await storage.close()
  })

  it('counts once, however many ask at the same time', async () => {
    const { storage, once } = await open()
    const [one, two] = [once(), once()]
    const asked = await Promise.all(
      Array.from({ length: 50 }, (_, at) => (at % 2 ? one : two).use('a', 'x', clock + 60)),
    )
    assert.equal(asked.filter(Boolean).length, 1)
    await storage.close()
  })

  it('counts once, also when the server ended in between', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-once-'))
    const use = async () => {
      const storage = await openStorage(`sqlite:${join(folder, 'store.db')}`, { dataDir: folder })
      try {
        const once = createOnce({ records: storage.records, kind: 'n', now: () => new Date(clock * 1000) })
        return await once.use('a', 'x', clock + 60)
      } finally {
        await storage.close()
      }
    }
    try {
      assert.equal(await use(), true)
      assert.equal(await use(), false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('that could not be remembered does not count', async () => {
    const failing = () => Promise.reject(new FhirError(507, []))
    const records = { all: async () => [], replace: failing, change: failing }
    const once = createOnce({ records, kind: 'n', now: () => new Date(clock * 1000) })
    await assert.rejects(once.use('a', 'x', clock + 60), (error) => error instanceof FhirError && error.status === 507)
  })

  it('is forgotten when nobody can use it any more', async () => {
    const { storage, at, records, once } = await open()
    const one = once()
    for (let each = 0; each < 450; each++) await one.use('a', `${each}`, clock + 60)
    await one.use('a', 'late', clock + 600)
    at.seconds = clock + 7261
    assert.equal(await one.use('a', 'late', clock + 600), false)
    for (let turn = 0; turn < 1000 && (await records.all('n')).length > 1; turn++)
      await new Promise((next) => setImmediate(next))
    assert.equal((await records.all('n')).length, 1)
    await storage.close()
  })

  it('is refused with 429 when too many are remembered, and taken when those are over', async () => {
    const { storage, at, records, once } = await open()
    const one = once(10_000)
    for (let each = 0; each < 10_000; each++) assert.equal(await one.use('a', `${each}`, clock + 300), true)
    const isTooMany = (error: unknown) => error instanceof FhirError && error.status === 429
    await assert.rejects(one.use('a', 'more', clock + 300), isTooMany)
    // A server that comes later counts what is there.
    await assert.rejects(once(10_000).use('a', 'more', clock + 300), isTooMany)
    assert.equal((await records.all('n')).length, 10_000)
    at.seconds = clock + 301
    assert.equal(await one.use('a', 'more', clock + 600), true)
    at.seconds = clock + 7501
    assert.equal(await one.use('a', 'much later', clock + 8000), true)
    for (let turn = 0; turn < 1000 && (await records.all('n')).length > 2; turn++)
      await new Promise((next) => setImmediate(next))
    assert.deepEqual((await records.all('n')).map(({ value }) => Number(value) - clock).sort(), [600, 8000])
    await storage.close()
  })

  it('is taken, however many are kept beyond their time', async () => {
    const { storage, at, records, once } = await open()
    const one = once(10)
    for (let each = 0; each < 60; each++) {
      at.seconds = clock + each * 61
      assert.equal(await one.use('a', `${each}`, at.seconds + 60), true)
    }
    assert.equal((await records.all('n')).length, 60)
    await storage.close()
  })

  it('is taken while what is over is looked for, page by page', async () => {
    const { storage, at, records } = await open()
    const pages: (number | undefined)[] = []
    const gate = Promise.withResolvers<void>()
    let isHeld = false
    const slow: typeof records = {
      ...records,
      async all(kind, page) {
        if (isHeld) await gate.promise
        pages.push(page?.most)
        return records.all(kind, page)
      },
    }
    const once = createOnce({ records: slow, kind: 'n', now: () => new Date(at.seconds * 1000) })
    for (let each = 0; each < 1200; each++) assert.equal(await once.use('a', `${each}`, clock + 60), true)
    isHeld = true
    at.seconds = clock + 7261
    assert.equal(await once.use('a', 'meanwhile', at.seconds + 60), true)
    assert.deepEqual(pages, [500])
    gate.resolve()
    for (let turn = 0; turn < 1000 && (await records.all('n')).length > 1; turn++)
      await new Promise((next) => setImmediate(next))
    assert.equal((await records.all('n')).length, 1)
    assert.ok(pages.length > 3 && pages.every((most) => most === 500))
    await storage.close()
  })

  it('is taken when what is over could not be looked for', async () => {
    const { storage, at, records } = await open()
    let isDown = false
    const failing: typeof records = {
      ...records,
      all: (kind, page) => (isDown ? Promise.reject(new FhirError(503, [])) : records.all(kind, page)),
    }
    const once = createOnce({ records: failing, kind: 'n', now: () => new Date(at.seconds * 1000), most: 2 })
    assert.equal(await once.use('a', 'x', clock + 60), true)
    isDown = true
    at.seconds = clock + 100
    assert.equal(await once.use('a', 'y', clock + 600), true)
    // How many there are is not known.
    await assert.rejects(once.use('a', 'z', clock + 600), { status: 503 })
    isDown = false
    assert.equal(await once.use('a', 'z', clock + 600), true)
    await storage.close()
  })

  it('counts once, also where the clock of another server is an hour ahead', async () => {
    const { storage, records, once } = await open()
    assert.equal(await once().use('a', 'x', clock + 60), true)
    const ahead = createOnce({ records, kind: 'n', now: () => new Date((clock + 3600) * 1000) })
    await ahead.use('a', 'other', clock + 3700)
    assert.equal(await once().use('a', 'x', clock + 60), false)
    await storage.close()
  })

  it('is forgotten with its neighbours, also when another server has forgotten one of them in between', async () => {
    const { storage, at, records, once } = await open()
    for (const name of ['x', 'y', 'z']) await once().use('a', name, clock + 60)
    at.seconds = clock + 7261
    const behind = {
      ...records,
      async all(kind: string) {
        const all = await records.all(kind)
        const [one] = all
        if (one) await records.replace(kind, one.key, one.value, undefined)
        return all
      },
    }
    await createOnce({ records: behind, kind: 'n', now: () => new Date(at.seconds * 1000) }).use('a', 'v', clock + 8000)
    assert.deepEqual(
      (await records.all('n')).map(({ value }) => value),
      [String(clock + 8000)],
    )
    await storage.close()
  })
})
