/** The kits of a server: one for a state, changes that give the next, and what is remembered. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import { readKit } from '../../src/kit/archive/archive.ts'
import type { KitContent } from '../../src/kit/build.ts'
import { checkKit } from '../../src/kit/check-kit.ts'
import { applyDelta } from '../../src/kit/delta.ts'
import { applyKit } from '../../src/kit/installed.ts'
import { openKit } from '../../src/kit/open-kit.ts'
import { type KitAnswer, openShelf } from '../../src/kit/shelf.ts'
import { makeSigner, now as start } from './make-kit.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-shelf-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const { signer, pins } = makeSigner()
const scope = { jurisdiction: 'XXA', trustDomains: [], planDefinitions: [] }
let folders = 0

/** A shelf over files that a test changes. */
function openBed(place = path.join(folder, String(folders++))) {
  const files = new Map<string, string>()
  const bed = { files, place, now: start, made: 0, state: 0, signer: signer as typeof signer | undefined }
  const open = () =>
    openShelf({
      folder: place,
      state: () => String(bed.state),
      async content(): Promise<KitContent> {
        bed.made++
        const texts = [...files].map(([name, text]): [string, Uint8Array] => [name, Buffer.from(text)])
        const artefacts = { files: new Map(texts), named: new Map(), missing: [], withheld: [] }
        return { scope, artefacts, trust: new Map([['package/trust/lists.json', Buffer.from('{"lists":[]}')]]) }
      },
      signer: async () => bed.signer,
      jurisdiction: undefined,
      validSeconds: 7 * 86_400,
      refuseSeconds: 30 * 86_400,
      now: () => bed.now,
    })
  return { ...bed, bed, open, shelf: open() }
}

const later = (hours: number) => new Date(start.getTime() + hours * 3_600_000)
const bytesOf = (answer: KitAnswer): Buffer => (answer.kind === 'delta' ? answer.body : readFileSync(answer.kit.path))

const name = fc.constantFrom(...'abcdefgh').map((each) => `package/${each}.json`)
const step = fc.record({
  set: fc.array(fc.tuple(name, fc.json({ maxDepth: 2 })), { maxLength: 4 }),
  removed: fc.array(name, { maxLength: 3 }),
})

describe('the kits of a server', () => {
  it('are given byte for byte by an earlier one and what has changed since, over 50 histories', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), fc.boolean(), async (steps, restarts) => {
        const { bed, open } = openBed()
        let { shelf } = { shelf: open() }
        const kits: { hash: string; bytes: Buffer }[] = []
        for (const { set, removed } of steps) {
          for (const each of removed) bed.files.delete(each)
          for (const [file, text] of set) bed.files.set(file, text)
          bed.state++
          if (restarts) shelf = open()
          const { kit } = await shelf.answer(scope, {})
          const bytes = readFileSync(kit.path)
          for (const earlier of kits) {
            const answer = await shelf.answer(scope, { since: earlier.hash })
            if (earlier.hash === kit.hash) assert.equal(answer.kind, 'unchanged')
            else {
              assert.equal(answer.kind, 'delta')
              assert.ok(applyDelta(readKit(earlier.bytes), bytesOf(answer)).equals(bytes))
            }
          }
          checkKit(openKit(bytes, { pins, now: start }), bytes)
          kits.push({ hash: kit.hash, bytes })
        }
      }),
      { numRuns: 50 },
    )
  })

  it('are made once for a state, whoever asks, and are the same bytes for the same content', async () => {
    const { bed, shelf, open, place } = openBed()
    bed.files.set('package/a.json', '1')
    const all = await Promise.all([1, 2, 3].map(() => shelf.current(scope)))
    assert.equal(bed.made, 1)
    const bytes = readFileSync(all[0]?.path ?? '')
    bed.state++
    assert.deepEqual(readFileSync((await shelf.current(scope)).path), bytes)
    assert.deepEqual(readFileSync((await open().current(scope)).path), bytes)
    assert.equal(bed.made, 3)
    const other = openBed()
    other.bed.files.set('package/a.json', '1')
    assert.equal((await other.shelf.current(scope)).hash, all[0]?.hash)
    assert.equal(readdirSync(place).length, 1)
  })

  it('are signed again while there is time, and who has one gets the new signature alone', async () => {
    const { bed, shelf } = openBed()
    const first = await shelf.current(scope)
    bed.now = later(24)
    assert.deepEqual(await shelf.current(scope), first)
    bed.now = later(48)
    const second = await shelf.current(scope)
    assert.equal(second.hash, first.hash)
    assert.ok(second.validUntil > first.validUntil)
    assert.equal((await shelf.answer(scope, { since: first.hash })).kind, 'unchanged')
    const answer = await shelf.answer(scope, { since: first.hash, madeAt: first.madeAt })
    assert.equal(answer.kind, 'delta')
    assert.ok(bytesOf(answer).length < 3000)
    assert.deepEqual(applyDelta(readKit(readFileSync(first.path)), bytesOf(answer)), readFileSync(second.path))
  })

  it('are whole for who has one that is not remembered, and says so', async () => {
    const { shelf } = openBed()
    for (const since of ['0'.repeat(64), '../../etc/passwd']) {
      const answer = await shelf.answer(scope, { since })
      assert.ok(answer.kind === 'whole' && answer.isBaseUnknown)
    }
  })

  it('are remembered within bounds', async () => {
    const { bed, shelf, place } = openBed()
    for (let at = 0; at < 45; at++) {
      bed.files.set('package/a.json', String(at))
      bed.state++
      await shelf.current(scope)
    }
    const [own = ''] = readdirSync(place)
    assert.ok(readdirSync(path.join(place, own, 'bases')).length <= 40)
    assert.ok(readdirSync(path.join(place, own)).filter((each) => each.endsWith('.tar.gz')).length <= 3)
  })

  it('are whole for who comes with an earlier one after a restore, and never older than his', async () => {
    const before = openBed()
    before.files.set('package/a.json', '1')
    const { kit } = await before.shelf.answer(scope, {})
    const place = path.join(folder, 'post.tar.gz')
    const apply = (bytes: Buffer, now: Date) => applyKit(bytes, { path: place, pins, now, jurisdiction: 'XXA' })
    await apply(readFileSync(kit.path), start)
    // The store is as it was when it was backed up, and of its kits nothing is known.
    const { bed, shelf } = openBed()
    bed.files.set('package/a.json', '0')
    bed.now = later(1)
    const answer = await shelf.answer(scope, { since: kit.hash, madeAt: kit.madeAt })
    assert.ok(answer.kind === 'whole' && answer.isBaseUnknown)
    await apply(bytesOf(answer), bed.now)
    assert.deepEqual(readFileSync(place), bytesOf(answer))
    // With the same content he is given the newer signature.
    const again = openBed()
    again.files.set('package/a.json', '0')
    again.bed.now = later(2)
    const same = await again.shelf.answer(scope, { since: answer.kit.hash, madeAt: answer.kit.madeAt })
    assert.equal(same.kind, 'delta')
    await apply(bytesOf(same), again.bed.now)
    assert.deepEqual(readFileSync(place), readFileSync(same.kit.path))
  })

  it('are not made without a key, nor many in a minute for one client', async () => {
    const { bed, shelf } = openBed()
    bed.signer = undefined
    await assert.rejects(shelf.current(scope), (error: unknown) => error instanceof FhirError && error.status === 422)
    bed.signer = signer
    const ask = (domain: string, client: string) => shelf.current({ ...scope, trustDomains: [domain] }, client)
    for (const domain of ['A', 'B', 'C', 'D']) await ask(domain, 'one')
    await assert.rejects(ask('E', 'one'), (error: unknown) => error instanceof FhirError && error.status === 429)
    await ask('A', 'one')
    await ask('E', 'two')
    bed.now = later(1)
    await ask('F', 'one')
  })
  it('stay where somebody asks for them, however many others are made, and are made again where a file is gone', async () => {
    const { bed, shelf } = openBed()
    bed.files.set('package/a.json', '{}')
    const asked = await shelf.current(scope)
    for (let other = 0; other < 20; other++) {
      await shelf.current({ ...scope, planDefinitions: [`http://example.org/${other}`] })
      const { kit } = await shelf.answer(scope, {})
      assert.equal(kit.path, asked.path)
      readFileSync(kit.path)
    }
    rmSync(asked.path)
    const again = await shelf.answer(scope, {})
    readFileSync(again.kit.path)
  })
})
