/** `vidimus rules` for people who write rules: from a template to cases that fail, are misspelt, or cannot be run. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readCases } from '../../support/read-cases.ts'
import { type RanCommand, runCommand } from '../../support/run-command.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-rule-tests-'))
after(() => rmSync(root, { recursive: true, force: true }))

const vidimus = (...args: string[]) => runCommand(['rules', ...args], { DATA_DIR: join(root, 'data') })

let count = 0
/** A folder with a new rule, in which files are changed: `undefined` text for text. */
async function ruleFolder(changes: Record<string, (text: string) => string> = {}): Promise<string> {
  const folder = join(root, `folder-${++count}`)
  const made = await vidimus('new', 'EntryVaccination', '--folder', folder, '--jurisdiction', 'NZ')
  assert.equal(made.code, 0, made.stderr)
  for (const [file, change] of Object.entries(changes)) {
    const path = join(folder, 'rules', file)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, change(fileText(path)))
  }
  return folder
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const cql = 'EntryVaccination.cql'

describe('a new rule', () => {
  let tested: RanCommand
  let folder = ''
  before(async () => {
    folder = await ruleFolder()
    tested = await vidimus(
      'test',
      folder,
      '--mutants',
      '--min-score',
      '100',
      '--coverage',
      '--html',
      join(root, 'page.html'),
    )
  })

  it('passes at once, and its cases notice every change', () => {
    assert.equal(tested.code, 0, tested.stdout + tested.stderr)
    assert.match(tested.stdout, /EntryVaccination\.yaml +4 +0 +\d+ +\d+ +(\d+) +\1 +100\.0 %/)
    assert.match(tested.stdout, /4 cases, 0 failed/)
  })

  it('is shown with colours on one page that fetches nothing', () => {
    const page = readFileSync(join(root, 'page.html'), 'utf8')
    assert.match(page, /<span class="both" title="true \d+, false \d+, null \d+">/)
    assert.match(page, /&quot;Vaccinations&quot;/)
    assert.doesNotMatch(page, /<script|src=|href="(?!#)/)
  })

  it('has no faults, and is not written twice', async () => {
    const checked = await vidimus('check', folder, '--strict')
    assert.deepEqual([checked.code, checked.stdout], [0, '0 errors, 0 warnings\n'])
    const again = await vidimus('new', 'EntryVaccination', '--folder', folder)
    assert.deepEqual([again.code, /is there already/.test(again.stderr)], [2, true])
  })

  it('is run once over a credential, and explained', async () => {
    const file = join(folder, 'rules', cql)
    const at = ['--at', '2026-12-01T12:00:00Z']
    const run = await vidimus('run', file, '--credential', 'docs/issuing/vaccination.yaml', ...at)
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^ACCEPTED\n {2}✓ Entry Vaccination: true\n/)
    assert.match(run.stdout, /Days Since Dose = 14/)
    const explained = await vidimus(
      'explain',
      file,
      '--credential',
      'docs/issuing/vaccination.yaml',
      '--parameter',
      'Days Since Dose=90',
      ...at,
    )
    assert.equal(explained.code, 1, explained.stderr)
    assert.match(explained.stdout, /^REJECTED\n {2}✗ Entry Vaccination: false – The certificate does not show/)
    assert.equal((await vidimus('run', file)).code, 2)
  })
})

interface Spoilt {
  name: string
  /** File below the folder → text, and what stands in its place. */
  change: Record<string, [string, string][] | string>
  command?: string[]
  code: number
  says: string[]
}

describe('rules and cases with faults', () => {
  for (const { name, change, command = ['test'], code, says } of readCases<Spoilt>(
    import.meta.url,
    'cases/spoilt.json',
  ))
    it(name, async () => {
      const changes = Object.entries(change).map(([file, how]): [string, (text: string) => string] => [
        file,
        (text) => {
          if (typeof how === 'string') return how
          return how.reduce((changed, [from, to]) => {
            assert.ok(changed.includes(from), `${file} has no ${from}`)
            return changed.replaceAll(from, to)
          }, text)
        },
      ])
      const folder = await ruleFolder(Object.fromEntries(changes))
      const [first = '', ...options] = command
      const ran = await vidimus(first, folder, ...options)
      assert.equal(ran.code, code, ran.stdout + ran.stderr)
      for (const each of says) assert.match(ran.stdout + ran.stderr, new RegExp(each))
    })

  it('a folder without cases is no test', async () => {
    const folder = await ruleFolder()
    rmSync(join(folder, 'rules/cases'), { recursive: true })
    const none = await vidimus('test', folder)
    assert.deepEqual([none.code, none.stderr], [2, 'there are no cases: cases/<library>.yaml\n'])
    assert.equal((await vidimus('test', join(root, 'nowhere'))).code, 2)
  })
})
