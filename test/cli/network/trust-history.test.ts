/** `vidimus trust history` and `evaluate --as-of`, and what a restore makes of a history. */
import assert from 'node:assert/strict'
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Parameters } from '../../../src/fhir/types.ts'
import { library, momentNow, plan, products, Workshop } from '../../operations/as-of/support.ts'
import { runCommand } from '../../support/run-command.ts'

const workshop = new Workshop()
const credential = workshop.credential('dcc-v')
const scanned = join(workshop.folder, 'credential.txt')
writeFileSync(scanned, credential)
const backup = join(workshop.folder, 'kept.backup')
const moments: Record<string, string> = {}
const mark = async (name: string) => {
  moments[name] = await momentNow()
}
const command = (...args: string[]) => runCommand(args, workshop.environment)
const canonical = 'http://example.org/PlanDefinition/plan'
const ask = (at: string | undefined, ...more: string[]) =>
  command('evaluate', scanned, '--plan', canonical, '--json', ...(at === undefined ? [] : ['--as-of', at]), ...more)
const decisionOf = (stdout: string) =>
  (JSON.parse(stdout) as Parameters).parameter?.find(({ name }) => name === 'decision')?.valueCode
const entriesOf = async () => (await command('trust', 'history', '--json')).stdout.trim().split('\n')

before(async () => {
  const { code, stdout } = await command('trust', 'history')
  assert.equal(code, 0)
  assert.match(stdout, /Nothing is kept/)
  await workshop.open()
  await workshop.put(products('1.0.0', ['RA01']), library('1.0.0', 'exists([Immunization])'), plan('1.0.0', '1.0.0'))
  await mark('first')
  await workshop.close()
  const made = await command('backup', backup)
  assert.equal(made.code, 0, made.stderr)
  await workshop.open()
  workshop.keys([workshop.xa], { XA: 'revoked' })
  await workshop.reload()
  await mark('withdrawn')
  await workshop.close()
})
after(() => workshop.end())

describe('vidimus evaluate --as-of', () => {
  it('answers as a server did then, from what is in DATA_DIR', async () => {
    const then = await ask(moments.first)
    assert.equal(decisionOf(then.stdout), 'accepted', then.stderr)
    assert.equal(then.code, 0)
    const later = await ask(moments.withdrawn)
    assert.equal(decisionOf(later.stdout), 'unverified')
    assert.equal(later.code, 4)
    assert.equal(decisionOf((await ask(undefined)).stdout), 'unverified')
  })

  for (const [name, at, text] of [
    ['no moment', 'yesterday', /asOf is no moment|valueInstant/],
    ['a day', '2026-01-01', /asOf is no moment|valueInstant/],
    ['a moment before all', '2001-01-01T00:00:00Z', /history of the trust lists begins at/],
    ['a moment to come', '2999-01-01T00:00:00Z', /is not over by the clock/],
  ] as const)
    it(`refuses ${name}`, async () => {
      const { code, stdout, stderr } = await ask(at)
      assert.ok(code >= 2, String(code))
      assert.equal(stdout, '')
      assert.match(stderr, text)
    })
})

describe('vidimus trust history', () => {
  it('shows every entry with what it takes, as a table and as JSON', async () => {
    const { code, stdout } = await command('trust', 'history')
    assert.equal(code, 0)
    assert.match(stdout, /^FROM +KEYS OF LISTS +BATCHES +BYTES/)
    assert.match(stdout, /first 2, out 0/)
    const [one = '', ...others] = await entriesOf()
    assert.ok(others.length > 0)
    const { number, at, lists, bytes } = JSON.parse(one)
    assert.equal(number, 1)
    assert.ok(at <= (moments.first ?? ''))
    assert.deepEqual(lists[0], { name: 'first', keys: 2 })
    assert.ok(bytes > 1000)
  })
})

describe('a restore over a history that went on', () => {
  it('brings that of the backup back, whole, and tells nothing of the time since', async () => {
    const before = await entriesOf()
    const { code, stdout, stderr } = await command('restore', backup, '--replace')
    assert.equal(code, 0, stderr)
    assert.match(
      stdout,
      /history of the trust lists that was there lies in .*\.history\.before-\d+; that of the backup/,
    )
    const now = await entriesOf()
    assert.ok(now.length < before.length)
    assert.deepEqual(now, before.slice(0, now.length))
    assert.equal(decisionOf((await ask(moments.first)).stdout), 'accepted')
    const since = await ask(moments.withdrawn)
    assert.equal(since.stdout, '')
    assert.match(since.stderr, /not known for certain which trust lists counted/)
  })

  it('and a server goes on with it', async () => {
    await workshop.open()
    await mark('restored')
    for (const [moment, status] of Object.entries({ first: 200, withdrawn: 422, restored: 200 })) {
      const asked = [
        { name: 'credential', valueString: credential },
        { name: 'planDefinition', valueCanonical: canonical },
        { name: 'asOf', valueInstant: moments[moment] ?? '' },
      ]
      const reply = await workshop.evaluate(asked)
      assert.equal(reply.status, status, `${moment}: ${reply.text}`)
    }
    await workshop.close()
    assert.equal(decisionOf((await ask(moments.restored)).stdout), 'unverified')
  })

  it('one that is damaged is told, with exit status 1', async () => {
    const entries = join(workshop.dataDir, 'trust/history/entries')
    truncateSync(join(entries, readdirSync(entries).sort()[0] ?? ''), 10)
    const { code, stderr } = await command('trust', 'history')
    assert.equal(code, 1)
    assert.match(stderr, /damaged/)
  })
})
