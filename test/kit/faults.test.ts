/** What nobody should take for a kit: each is refused with what is wrong with it. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { readKit } from '../../src/kit/archive/archive.ts'
import { checkKit } from '../../src/kit/check-kit.ts'
import { deltaSteps } from '../../src/kit/delta.ts'
import { applyKit } from '../../src/kit/installed.ts'
import { KitError } from '../../src/kit/kit-error.ts'
import { kitHash } from '../../src/kit/manifest.ts'
import { ageRemark, openKit } from '../../src/kit/open-kit.ts'
import type { Pins } from '../../src/kit/pinned-keys.ts'
import { finish } from '../../src/workers/budget.ts'
import faults from './cases/faults.json' with { type: 'json' }
import { artefact, goodPeriod, type MadeKit, makeKit, makeSigner, now, ruleFiles } from './make-kit.ts'

const own = makeSigner()
/** The key of {@link own}, with a certificate that ends a second before the kit. */
const endsEarly = makeSigner({ key: own, until: new Date(goodPeriod.refusedFrom.getTime() - 1000) })
const { signer, pins } = own
const good: MadeKit = { files: ruleFiles, signer }
const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-kit-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function take(bytes: Uint8Array, by: Pins = pins, at: Date = now): void {
  checkKit(openKit(bytes, { pins: by, now: at }), bytes)
}

const header = (start: number, text: string) => (entry: Buffer) => {
  entry.write(text, start, 'latin1')
  return entry
}

const hoursAfter = (count: number) => new Date(now.getTime() + count * 3_600_000)
const authority = (() => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { name: { country: 'XA', commonName: 'Nobody' }, privateKey, publicKey }
})()

/** How the kit of a case comes to be. */
const makers: Record<string, () => Promise<{ bytes: Buffer; at?: Date }>> = {
  'another key': async () => ({ bytes: await makeKit({ ...good, signer: makeSigner().signer }) }),
  'a certificate of nobody': async () => ({
    bytes: await makeKit({ ...good, signer: makeSigner({ issuer: authority }).signer }),
  }),
  'used for longer than its certificate holds': async () => ({
    bytes: await makeKit({ ...good, signer: endsEarly.signer }),
  }),
  'made in the future': async () => ({ bytes: await makeKit(good), at: hoursAfter(-48) }),
  'past the harder limit': async () => ({ bytes: await makeKit(good), at: hoursAfter(720) }),
  'a file twice': async () => ({
    bytes: await makeKit({ ...good, manifest: (right) => ({ ...right, files: twice(right.files) }) }),
  }),
  'an unknown member': async () => ({
    bytes: await makeKit({ ...good, manifest: (right) => ({ ...right, more: 1 }) }),
  }),
  'another form': async () => ({
    bytes: await makeKit({ ...good, manifest: (right) => ({ ...right, format: 'vidimus-verifier-kit/2' }) }),
  }),
  'no jurisdiction': async () => ({
    bytes: await makeKit({ ...good, manifest: (right) => ({ ...right, jurisdiction: '' }) }),
  }),
  'a name that leads out': async () => withFile({ claimed: { file: 'package/../../etc/passwd' } }),
  'an entry that leads out': async () => withFile({ entry: header(0, '../../etc/passwd\0\0\0\0') }),
  'a link': async () => withFile({ entry: header(156, '2') }),
  'a device': async () => withFile({ entry: header(156, '3') }),
  'another owner': async () => withFile({ entry: header(108, '0000001') }),
  'a bomb': async () => withFile({ content: '0'.repeat(3_000_000), claimed: { bytes: 100 } }),
  'a huge file': async () => withFile({ claimed: { bytes: 1e12 } }),
  'another hash': async () => withFile({ claimed: { sha256: 'a'.repeat(64) } }),
  'another version': async () => withFile({ type: 'Library', canonical: 'http://example.org/Library/r|2.0.0' }),
  'another type': async () => withFile({ type: 'ValueSet', canonical: 'http://example.org/Library/r|1.0.0' }),
  'no JSON': async () => withFile({ content: '{' }),
  'a library that is not there': async () => ({ bytes: await makeKit({ ...good, files: ruleFiles.slice(1) }) }),
  'a list of another kind': async () => ({
    bytes: await makeKit({ ...good, files: [...ruleFiles, { file: 'package/trust/lists2.json', content: 'x' }] }),
  }),
  'something behind its end': async () => ({ bytes: Buffer.concat([await makeKit(good), Buffer.from([0])]) }),
  'no kit': async () => ({ bytes: Buffer.from('{"resourceType":"Bundle"}') }),
  'an empty file': async () => ({ bytes: Buffer.alloc(0) }),
}

const twice = (files: unknown) => (Array.isArray(files) ? [...files, files.at(-1)] : [])
const library = artefact({ resourceType: 'Library', id: 'r', url: 'http://example.org/Library/r', version: '1.0.0' })
const withFile = async (change: Partial<(typeof ruleFiles)[number]>) => ({
  bytes: await makeKit({ ...good, files: [{ ...library, ...change }, ...ruleFiles.slice(1)] }),
})

describe('a kit', () => {
  it('is taken as it was made, and is the same bytes again', async () => {
    const bytes = await makeKit(good)
    take(bytes)
    const kit = openKit(bytes, { pins, now })
    assert.equal(kit.manifest.jurisdiction, 'XXA')
    assert.equal(ageRemark(kit, now), undefined)
    assert.match(ageRemark(kit, goodPeriod.validUntil) ?? '', /the verifier kit is old/)
  })

  for (const { name, fault, text } of faults)
    it(`is refused: ${name}`, async () => {
      const { bytes, at } = (await makers[name]?.()) ?? assert.fail(`nobody makes ${name}`)
      assert.throws(
        () => take(bytes, pins, at),
        (error: unknown) => {
          assert.ok(error instanceof KitError, String(error))
          assert.equal(error.fault, fault, error.message)
          assert.match(error.message, new RegExp(text))
          return true
        },
      )
    })
  it('has a case for everything that is made', () => {
    assert.deepEqual(faults.map(({ name }) => name).sort(), Object.keys(makers).sort())
  })

  it('is refused whichever byte of it is changed', async () => {
    const bytes = await makeKit(good)
    const taken: number[] = []
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      try {
        take(changed)
        taken.push(at)
      } catch (error) {
        assert.ok(error instanceof KitError, `byte ${at}: ${String(error)}`)
      }
    }
    assert.deepEqual(taken, [])
  })

  it('is refused wherever it is cut', async () => {
    const bytes = await makeKit(good)
    for (let length = 0; length < bytes.length; length += 7)
      assert.throws(() => take(bytes.subarray(0, length)), KitError, `${length} bytes`)
  })

  it('is refused, and nothing else happens, whatever bytes it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, begins) => {
        const head = Buffer.from('1f8b080400000000' + '00ff0c00564b0800', 'hex')
        assert.throws(() => take(Buffer.concat([begins ? head : Buffer.alloc(0), bytes])), KitError)
      }),
    )
  })

  it('is used as long as its certificate holds, and one that ends as it signs for a second', async () => {
    const until = (end: Date) => makeSigner({ key: own, until: end }).signer
    take(await makeKit({ ...good, signer: until(goodPeriod.refusedFrom) }))
    const { madeAt } = goodPeriod
    const second = new Date(madeAt.getTime() + 1000)
    const short = { madeAt, validUntil: second, refusedFrom: second }
    take(await makeKit({ ...good, signer: until(madeAt), period: short }), pins, madeAt)
    const two = { ...short, refusedFrom: new Date(madeAt.getTime() + 2000) }
    const bytes = await makeKit({ ...good, signer: until(madeAt), period: two })
    assert.throws(() => take(bytes, pins, madeAt), /for longer than its certificate/)
  })

  it('says which key is wanted when none is pinned, and takes what a pinned authority has certified', async () => {
    const bytes = await makeKit(good)
    assert.throws(() => take(bytes, { keys: [], authorities: [] }), /no pinned key made it/)
    const expired = makeSigner({ until: hoursAfter(-2) })
    const old = await makeKit({ ...good, signer: expired.signer })
    assert.throws(() => take(old, expired.pins), /outside of the period of its certificate/)
  })
})

describe('a kit that takes the place of another', () => {
  const file = (name: string) => path.join(folder, name)
  const apply = (
    bytes: Buffer,
    name: string,
    more: { jurisdiction?: string; takesOld?: boolean; takesOtherScope?: boolean; at?: Date } = {},
  ) =>
    applyKit(bytes, {
      path: file(name),
      pins,
      now: more.at ?? now,
      jurisdiction: more.jurisdiction,
      takesOld: more.takesOld === true,
      takesOtherScope: more.takesOtherScope === true,
    })
  const refused = (fault: string) => (error: unknown) => error instanceof KitError && error.fault === fault
  const madeAgo = (age: number) => ({ ...goodPeriod, madeAt: hoursAfter(-age) })

  it('is the one that is newer, and never an older one', async () => {
    const [older, newer] = [
      await makeKit({ ...good, period: madeAgo(20) }),
      await makeKit({ ...good, period: madeAgo(10) }),
    ]
    await apply(older, 'roll')
    await apply(newer, 'roll')
    await assert.rejects(apply(older, 'roll'), refused('older'))
    assert.deepEqual(readFileSync(file('roll')), newer)
  })

  it('is the newer one, of two that come at once, in whatever order', async () => {
    const [older, newer] = [
      await makeKit({ ...good, period: madeAgo(20) }),
      await makeKit({ ...good, period: madeAgo(10) }),
    ]
    for (const [name, order] of [
      ['once', [newer, older]],
      ['twice', [older, newer]],
    ] as const) {
      await Promise.allSettled(order.map((each) => apply(each, name)))
      assert.deepEqual(readFileSync(file(name)), newer)
      assert.equal(existsSync(`${file(name)}.lock`), false)
    }
  })

  it('waits for nobody who was killed at it', async () => {
    const bytes = await makeKit(good)
    const { pid = 0 } = spawnSync(process.execPath, ['--version'])
    // Numbers of processes come again: in a container a server is always 1.
    for (const left of [String(pid), String(process.pid), `${process.pid} of-before`, '', 'x']) {
      rmSync(file('killed'), { force: true })
      writeFileSync(file('killed.lock'), left)
      await apply(bytes, 'killed')
      assert.deepEqual(readFileSync(file('killed')), bytes)
      assert.equal(existsSync(file('killed.lock')), false, left)
    }
  })

  it('takes the place of one that is damaged, and no change is put onto that', async () => {
    const first = await makeKit({ ...good, period: madeAgo(20) })
    const more = artefact({ resourceType: 'Library', id: 's', url: 'http://example.org/Library/s', version: '1.0.0' })
    const second = await makeKit({ ...good, files: [...ruleFiles, more], period: madeAgo(10) })
    const change = finish(deltaSteps(readKit(first).manifest, kitHash(readKit(first).manifestBytes), readKit(second)))
    for (let at = 24; at < first.length; at += 97) {
      const damaged = Buffer.from(first)
      damaged[at] = (damaged[at] ?? 0) ^ 16
      writeFileSync(file('damaged'), damaged)
      await apply(change, 'damaged').then(
        // What stands around the files of the one in use is in no other.
        () => assert.deepEqual(readFileSync(file('damaged')), second),
        (error: unknown) => {
          assert.ok(error instanceof KitError, String(error))
          assert.deepEqual(readFileSync(file('damaged')), damaged)
        },
      )
      await apply(second, 'damaged')
      assert.deepEqual(readFileSync(file('damaged')), second)
    }
  })

  it('is whole, or the one that was there is, when it is killed', async () => {
    const kits = [
      await makeKit({ ...good, period: madeAgo(20) }),
      await makeKit({ ...good, period: madeAgo(20), files: [] }),
    ]
    for (const [index, each] of kits.entries()) writeFileSync(file(`kit-${index}`), each)
    writeFileSync(file('pin.pem'), own.certificate.toString())
    for (let round = 0; round < 2; round++) {
      const child = spawn(process.execPath, [
        path.join(import.meta.dirname, 'apply-for-ever.ts'),
        ...['kit-0', 'kit-1', 'pin.pem', 'for-ever'].map(file),
      ])
      const ended = once(child, 'exit')
      await Promise.race([once(child.stdout, 'data'), ended])
      child.kill('SIGKILL')
      assert.deepEqual(await ended, [null, 'SIGKILL'])
      const found = readFileSync(file('for-ever'))
      assert.ok(kits.some((each) => each.equals(found)))
      await apply(kits[round] ?? Buffer.alloc(0), 'for-ever')
    }
  })

  it('is of the jurisdiction that is wanted, or of the one in use', async () => {
    const other = await makeKit({ ...good, jurisdiction: 'XXB' })
    await assert.rejects(apply(other, 'country', { jurisdiction: 'XXA' }), refused('jurisdiction'))
    await apply(await makeKit({ ...good, period: madeAgo(20) }), 'country')
    await assert.rejects(apply(other, 'country'), refused('jurisdiction'))
    for (const [code, wanted, isTaken] of [
      ['IO', 'IOT', true],
      ['IOT', 'IO', false],
      ['XXK', 'XK', false],
      ['XXA', 'XA', true],
    ] as const) {
      const kit = apply(await makeKit({ ...good, jurisdiction: code }), `country-${code}`, { jurisdiction: wanted })
      if (isTaken) await kit
      else await assert.rejects(kit, refused('jurisdiction'), `${code} for ${wanted}`)
    }
  })

  const scopes: { name: string; inUse: Partial<MadeKit>; next: Partial<MadeKit> }[] = [
    { name: 'one rule set in place of all', inUse: {}, next: { planDefinitions: ['http://example.org/lenient'] } },
    { name: 'another rule set', inUse: { planDefinitions: ['a'] }, next: { planDefinitions: ['b'] } },
    { name: 'one of two rule sets', inUse: { planDefinitions: ['a', 'b'] }, next: { planDefinitions: ['a', 'a'] } },
    { name: 'all rule sets in place of one', inUse: { planDefinitions: ['a'] }, next: {} },
    { name: 'one domain in place of all', inUse: {}, next: { trustDomains: ['DCC'] } },
    { name: 'more domains', inUse: { trustDomains: ['DCC'] }, next: { trustDomains: ['DCC', 'PH4H'] } },
  ]
  for (const [index, { name, inUse, next }] of scopes.entries())
    it(`is of the scope of the one in use, unless somebody says that he takes another: ${name}`, async () => {
      const place = `scope-${index}`
      const [first, other] = [
        await makeKit({ ...good, ...inUse, period: madeAgo(20) }),
        await makeKit({ ...good, ...next }),
      ]
      await apply(first, place)
      await assert.rejects(apply(other, place), refused('scope'))
      await assert.rejects(apply(other, place, { jurisdiction: 'XXA', takesOld: true }), refused('scope'))
      assert.deepEqual(readFileSync(file(place)), first)
      await apply(other, place, { takesOtherScope: true })
      assert.deepEqual(readFileSync(file(place)), other)
    })

  it('is good still, unless somebody says that he takes an old one', async () => {
    const bytes = await makeKit(good)
    const at = hoursAfter(200)
    await assert.rejects(apply(bytes, 'old', { at }), refused('expired'))
    await apply(bytes, 'old', { at, takesOld: true })
    await assert.rejects(apply(bytes, 'old', { at: hoursAfter(800), takesOld: true }), refused('expired'))
  })

  it('may be what has changed since exactly the one in use', async () => {
    const first = await makeKit({ ...good, period: madeAgo(20) })
    const more = [
      ...ruleFiles,
      artefact({ resourceType: 'Library', id: 's', url: 'http://example.org/Library/s', version: '1.0.0' }),
    ]
    const second = await makeKit({ ...good, files: more, period: madeAgo(10) })
    const third = await makeKit({ ...good, files: more.slice(0, 2), period: madeAgo(5) })
    const hashOf = (bytes: Buffer) => kitHash(readKit(bytes).manifestBytes)
    const change = finish(deltaSteps(readKit(first).manifest, hashOf(first), readKit(second)))
    await assert.rejects(apply(change, 'delta'), refused('base'))
    await apply(first, 'delta')
    await apply(change, 'delta')
    assert.deepEqual(readFileSync(file('delta')), second)
    await assert.rejects(apply(change, 'delta'), refused('base'))
    const back = finish(deltaSteps(readKit(second).manifest, hashOf(second), readKit(third)))
    for (let at = 40; at < back.length; at += 5) {
      const changed = Buffer.from(back)
      changed[at] = (changed[at] ?? 0) ^ 4
      await apply(changed, 'delta').then(
        // What stands around the files of a change is in no kit.
        () => assert.deepEqual(readFileSync(file('delta')), third),
        (error: unknown) => assert.ok(error instanceof KitError, String(error)),
      )
    }
  })
})
