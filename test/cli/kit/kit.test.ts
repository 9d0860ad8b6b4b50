/** `vidimus kit` and `vidimus evaluate --kit`, as at a border post. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pinnedKeys } from '../../../src/cli/kit/pins.ts'
import { readConfig } from '../../../src/config.ts'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimens } from '../../../src/demo/specimens.ts'
import { openKeyRevocations } from '../../../src/provenance/revocations.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { runCommand } from '../../support/run-command.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-kit-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => path.join(folder, name)
/** Of the server, which makes the kit, and of the post, which has nothing else. */
const server = { DATA_DIR: file('server'), JURISDICTION: 'XA' }
const post = { DATA_DIR: file('post'), KIT_KEYS: file('server/keys/signing-1.pem'), NODE_ENV: 'production' }

before(async () => {
  const now = new Date()
  for (const { name, text } of await specimens(demoIssuer(server.DATA_DIR, now), now))
    writeFileSync(file(`${name}.txt`), text)
  const built = await runCommand(['kit', 'build', file('kit.tar.gz')], server)
  assert.equal(built.code, 0, built.stderr)
  assert.match(built.stdout, /kit for XA, \d+ bytes\nhash [0-9a-f]{64}, good until/)
})

describe('a border post', () => {
  it('checks a kit, takes it, and judges by it', async () => {
    const checked = await runCommand(['kit', 'check', file('kit.tar.gz'), '--json'], post)
    assert.equal(checked.code, 0, checked.stderr)
    const told = JSON.parse(checked.stdout)
    assert.equal(told.jurisdiction, 'XA')
    const applied = await runCommand(['kit', 'apply', file('kit.tar.gz')], post)
    assert.equal(applied.code, 0, applied.stderr)
    assert.deepEqual(readFileSync(file('post/kit/current.tar.gz')), readFileSync(file('kit.tar.gz')))
    for (const args of [
      ['kit', 'evaluate'],
      ['evaluate', '--kit', file('kit.tar.gz')],
    ]) {
      const good = await runCommand([...args, file('vaccination.txt'), '--json'], post)
      assert.equal(good.code, 0, good.stderr + good.stdout)
      assert.match(good.stdout, new RegExp(`"verifierKit",\\s*"valueString": "${told.hash}"`))
      const byServer = await runCommand(['evaluate', file('vaccination.txt')], server)
      assert.equal(byServer.code, 0, byServer.stderr)
    }
    const forged = await runCommand(['kit', 'evaluate', file('vaccination-forged.txt')], post)
    assert.equal(forged.code, 4, forged.stderr)
    assert.match(forged.stdout, /verifier kit [0-9a-f]{64}/)
  })

  it('refuses what is no kit of its server, and keeps what it has', async () => {
    const before = readFileSync(file('post/kit/current.tar.gz'))
    const changed = Buffer.from(before)
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
    writeFileSync(file('changed.tar.gz'), changed)
    for (const [args, environment, text] of [
      [['kit', 'check', file('changed.tar.gz')], post, /./],
      [['kit', 'apply', file('changed.tar.gz')], post, /./],
      [['kit', 'apply', file('kit.tar.gz')], { ...post, KIT_KEYS: '' }, /no key is pinned/],
      [['kit', 'apply', file('kit.tar.gz'), '--jurisdiction', 'XB'], post, /made for XA, and XB is wanted/],
      [['kit', 'check', file('vaccination.txt')], post, /this is no kit/],
    ] as const) {
      const refused = await runCommand(args, environment)
      assert.equal(refused.code, 1, refused.stdout + refused.stderr)
      assert.match(refused.stderr, text)
      assert.doesNotMatch(refused.stderr, /at \S+\.ts/)
    }
    const other = await runCommand(['kit', 'evaluate', '--jurisdiction', 'FR', file('vaccination.txt')], post)
    assert.equal(other.code, 2)
    assert.match(other.stderr, /the kit is made for XA/)
    assert.deepEqual(readFileSync(file('post/kit/current.tar.gz')), before)
  })

  for (const code of ['XAA0', 'France', 'FRAA', ''])
    it(`takes and judges nothing for the jurisdiction "${code}", which is none`, async () => {
      const post = {
        DATA_DIR: file(`post-${code}`),
        KIT_KEYS: file('server/keys/signing-1.pem'),
        NODE_ENV: 'production',
      }
      for (const args of [
        ['kit', 'apply', file('kit.tar.gz')],
        ['evaluate', '--kit', file('kit.tar.gz'), file('vaccination.txt')],
        ['kit', 'build', file('none.tar.gz')],
      ]) {
        const refused = await runCommand([...args, '--jurisdiction', code], post)
        assert.equal(refused.code, 2, refused.stdout + refused.stderr)
        assert.match(refused.stderr, /jurisdiction|valueCode/)
        assert.doesNotMatch(refused.stderr, /at \S+\.ts/)
      }
      assert.equal(existsSync(file(`post-${code}/kit/current.tar.gz`)), false)
    })

  for (const option of ['--at', '--as-of'])
    it(`judges nothing at a moment that is empty (${option})`, async () => {
      const refused = await runCommand(['kit', 'evaluate', option, '', file('vaccination.txt')], post)
      assert.equal(refused.code, 2, refused.stdout + refused.stderr)
    })

  it('takes a kit of one rule set in place of the whole one only when that is said', async () => {
    const plan = 'http://vidimus.org/fhir/PlanDefinition/valid-test'
    const built = await runCommand(['kit', 'build', file('one.tar.gz'), '--plan', plan], server)
    assert.equal(built.code, 0, built.stderr)
    const refused = await runCommand(['kit', 'apply', file('one.tar.gz')], post)
    assert.equal(refused.code, 1, refused.stdout + refused.stderr)
    assert.match(refused.stderr, /rule sets http:\S+valid-test alone/)
    const by = ['evaluate', '--kit', file('one.tar.gz'), file('vaccination.txt'), '--json']
    assert.match((await runCommand(by, post)).stdout, /made with the rule sets \S+valid-test alone/)
    const applied = await runCommand(['kit', 'apply', file('one.tar.gz'), '--scope'], post)
    assert.equal(applied.code, 0, applied.stderr)
  })

  it('takes no kit by a key of its own that is withdrawn', async () => {
    const config = readConfig(server)
    const own = await pinnedKeys([], config)
    assert.equal(own.keys.length, 1)
    const storage = await openStorage(config.storageUrl, config)
    const revocations = await openKeyRevocations(storage, () => new Date())
    for (const publicKey of own.keys) await revocations.revoke({ publicKey }, new Date(), 'superseded')
    await storage.close()
    await assert.rejects(pinnedKeys([], config), /every key of this installation is withdrawn/)
    const checked = await runCommand(['kit', 'check', file('kit.tar.gz')], server)
    assert.equal(checked.code, 1, checked.stdout)
    assert.match(checked.stderr, /is withdrawn/)
  })
})
