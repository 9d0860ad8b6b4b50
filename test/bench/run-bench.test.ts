import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Results } from '../../bench/support/harness/results.ts'
import { runBench } from '../../bench/support/harness/run-bench.ts'

const folder = join(import.meta.dirname, 'sections')
const files = mkdtempSync(join(tmpdir(), 'vidimus-bench-test-'))
const file = (name: string) => join(files, name)

async function run(argv: string[], environment: Record<string, string> = {}) {
  const lines: string[] = []
  Object.assign(process.env, environment)
  try {
    const code = await runBench({ folder, argv, print: (line) => lines.push(line) })
    return { code, text: lines.join('\n') }
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name]
  }
}

/** Whether a process of that number goes on; one that has ended and is not reaped does not. */
function isThere(id: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${id}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const resultsOf = (name: string) => JSON.parse(readFileSync(file(name), 'utf8')) as Results

describe('npm run bench', () => {
  after(() => rmSync(files, { recursive: true, force: true }))

  it('measures a section, prints its figures and writes them', async () => {
    const { code, text } = await run(['work', '--quick', '--json', file('work.json')])
    assert.equal(code, 0, text)
    assert.match(text, /planted .* µs .* × bare JSON/)
    assert.match(text, /other .*\/s .* × bare JSON/)
    assert.match(text, /told in words .* well .* target –/)
    assert.match(text, /bare JSON: [\d.]+ µs ± [\d.]+ %/)
    const { sections, isQuick } = resultsOf('work.json')
    assert.equal(isQuick, true)
    assert.deepEqual(
      sections.map(({ name, status, figures }) => [name, status, figures.length]),
      [['work', 'measured', 4]],
    )
  })

  it('ends what a section leaves behind, which would be measured with every later one', async () => {
    const { code, text } = await run(['leaving', '--quick', '--json', file('leaving.json')])
    assert.equal(code, 0, text)
    const left = Number(resultsOf('leaving.json').sections[0]?.figures[0]?.value)
    assert.ok(left > 1, text)
    // A process that was killed stays a moment, until it is reaped.
    const end = Date.now() + 10_000
    while (isThere(left) && Date.now() < end) await new Promise((done) => setTimeout(done, 20))
    assert.ok(!isThere(left))
  })

  it('shows a planted slowdown, and only that', async () => {
    await run(['work', '--quick', '--json', file('before.json')])
    const same = await run(['work', '--quick', '--compare', file('before.json')])
    assert.doesNotMatch(same.text, /^slower .*bytes/m)
    const planted = await run(['work', '--quick', '--compare', file('before.json')], { TEST_BENCH_PLANTED: '40' })
    assert.equal(planted.code, 1, planted.text)
    assert.match(planted.text, /^slower {4} work: planted: \d+\.\d+ × of before/m)
    assert.doesNotMatch(planted.text, /^slower .*(?:other|bytes)/m)
    assert.match(planted.text, /measured again, to be sure/)
  })

  for (const [name, argv, said] of [
    ['a section that is not there', ['wrok'], /there is no section "wrok"; did you mean work\?/],
    ['a name of a section beside one that is known', ['work', 'nothing-alike'], /there is no section "nothing-alike"/],
    ['an option that is not there', ['--fast'], /--fast/],
    ['--compare without a file', ['--compare'], /--compare/],
    ['--compare with an empty file name', ['--compare='], /--compare wants the name of a file/],
    ['--compare with the next option for a file', ['--compare', '--quick'], /--compare/],
    ['--quick with a value', ['--quick=yes'], /--quick/],
    ['--json without a file', ['work', '--json'], /--json/],
    ['--json in a folder that is not there', ['work', '--json', '/nowhere/at/all.json'], /nowhere/],
    [
      '--compare with a file that is not there',
      ['work', '--compare', file('nowhere.json')],
      /cannot be read as results/,
    ],
    ['--measured alone', ['--measured', file('work.json')], /--measured goes with --compare/],
    [
      '--measured with --json',
      ['--measured', file('work.json'), '--compare', file('work.json'), '--json', file('x.json')],
      /measures nothing/,
    ],
  ] as const)
    it(`refuses ${name} before it measures anything`, async () => {
      const { code, text } = await run([...argv])
      assert.equal(code, 2, text)
      assert.match(text, said)
      assert.doesNotMatch(text, /± /)
    })

  it('names its sections', async () => {
    assert.deepEqual(await run(['--list']), { code: 0, text: 'absent\nbroken\nleaving\nwork' })
  })

  it('says how it is called', async () => {
    const { code, text } = await run(['--help'])
    assert.equal(code, 0)
    assert.match(text, /--compare <file>/)
  })

  for (const [fault, said] of [
    ['throw', /failed: .*nothing to measure/],
    ['end', /failed: its process ended with 3/],
    ['nan', /failed: section broken, "one" is (?:NaN|null), not a number/],
  ] as const)
    it(`fails when a section fails (${fault}), and tells of the others`, async () => {
      const { code, text } = await run(['broken', 'absent', '--quick'], { TEST_BENCH_BREAK: fault })
      assert.equal(code, 1, text)
      assert.match(text, said)
      assert.match(text, /skipped: the corpora are absent/)
    })

  it('counts a section that fails now as missing', async () => {
    await run(['broken', '--quick', '--json', file('whole.json')])
    const { code, text } = await run(['broken', '--quick', '--compare', file('whole.json')], {
      TEST_BENCH_BREAK: 'throw',
    })
    assert.equal(code, 1)
    assert.match(text, /^missing {3} broken: failed now: /m)
  })

  it('compares two files without measuring', async () => {
    await run(['broken', '--quick', '--json', file('one.json')])
    const results = resultsOf('one.json')
    const [section] = results.sections
    const figures = section?.figures.map((each) => ({ ...each, value: 5 }))
    writeFileSync(file('worse.json'), JSON.stringify({ ...results, sections: [{ ...section, figures }] }))
    const compared = (before: string, now: string) => run(['--compare', file(before), '--measured', file(now)])
    assert.equal((await compared('one.json', 'one.json')).code, 0)
    const worse = await compared('one.json', 'worse.json')
    assert.equal(worse.code, 1)
    assert.match(worse.text, /^slower {4} broken: one: 5\.00 ×/m)
    const better = await compared('worse.json', 'one.json')
    assert.equal(better.code, 0)
    assert.match(better.text, /^faster/m)
  })

  it('does not hold a quick run against a full one', async () => {
    writeFileSync(file('full.json'), JSON.stringify({ ...resultsOf('one.json'), isQuick: false }))
    const { code, text } = await run(['broken', '--quick', '--compare', file('full.json')])
    assert.equal(code, 2)
    assert.match(text, /not of --quick/)
  })

  for (const [name, change, said] of [
    ['of another format', { format: 'other' }, /no file that/],
    ['of another version', { formatVersion: 99 }, /version 99 of the format/],
    ['without sections', { sections: {} }, /has no sections/],
    ['with a section of no name', { sections: [{}] }, /a section has no name/],
    ['with a section of no status', { sections: [{ name: 'a' }] }, /no status/],
    [
      'with a figure that is no number',
      {
        sections: [
          {
            name: 'a',
            status: 'measured',
            baselines: [],
            figures: [{ name: 'b', unit: 'ms', better: 'lower', noise: 0 }],
          },
        ],
      },
      /"b" is undefined, not a number/,
    ],
    [
      'with one section twice',
      {
        sections: [
          { name: 'a', status: 'measured', baselines: [], figures: [] },
          { name: 'a', status: 'measured', baselines: [], figures: [] },
        ],
      },
      /the section a twice/,
    ],
  ] as const)
    it(`refuses results ${name}`, async () => {
      writeFileSync(file('bad.json'), JSON.stringify({ ...resultsOf('one.json'), ...change }))
      const { code, text } = await run(['broken', '--quick', '--compare', file('bad.json')])
      assert.equal(code, 2, text)
      assert.match(text, said)
    })

  it('refuses results cut off in the middle', async () => {
    writeFileSync(file('cut.json'), readFileSync(file('one.json'), 'utf8').slice(0, 300))
    const { code, text } = await run(['--compare', file('cut.json'), '--measured', file('one.json')])
    assert.equal(code, 2)
    assert.match(text, /cannot be read as results/)
  })
})
