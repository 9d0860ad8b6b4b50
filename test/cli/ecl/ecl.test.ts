import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eclMembers } from '../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { readCases } from '../../support/cases.ts'
import { runCommand } from '../../support/run-command.ts'
import { naiveContent } from '../../support/snomed/naive-content.ts'
import { keyOf, small, smallRelease, smallVersion, withIds } from '../../support/snomed/small-release.ts'
import { writeRf2 } from '../../support/snomed/write-rf2.ts'

const folder = mkdtempSync(join(tmpdir(), 'ecl-'))
const environment = { DATA_DIR: join(folder, 'data'), PATH: process.env.PATH ?? '' }
const ecl = (...args: string[]) => runCommand(['ecl', ...args.map(withIds)], environment)

after(() => rmSync(folder, { recursive: true, force: true }))

describe('vidimus ecl without a release', () => {
  it('judges the syntax, and says that it looked nothing up', async () => {
    const { code, stdout } = await ecl('check', 'descendantOf 404684003')
    assert.equal(code, 0)
    assert.deepEqual(stdout.trim().split('\n'), [
      '< 404684003',
      'No release of SNOMED CT was imported: concepts were not looked up.',
    ])
  })

  it('expands nothing', async () => {
    const { code, stderr } = await ecl('expand', '<< 404684003')
    assert.notEqual(code, 0)
    assert.match(stderr, /No release of SNOMED CT was imported/)
  })
})

describe('vidimus ecl over an imported release', () => {
  before(async () => {
    writeRf2(smallRelease(), join(folder, 'release'))
    const { code, stderr, stdout } = await runCommand(
      ['import', '--snomed', join(folder, 'release'), '--version', smallVersion],
      environment,
    )
    assert.equal(code, 0, stdout + stderr)
  })

  it('lists a page of the concepts, with their number', async () => {
    const { code, stdout } = await ecl('expand', '<< {wing} {{ C active = 1 }}', '--count', '2', '--offset', '1')
    assert.equal(code, 0)
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 3)
    assert.equal(lines.at(-1), `2 of 5 concepts of ${smallVersion}`)
  })

  it('prints terms of a language, and JSON', async () => {
    const { stdout } = await ecl(
      'expand',
      '{wingitis} OR {oldwingitis}',
      '--language',
      'gy',
      '--json',
      '--version',
      smallVersion,
    )
    const { total, concepts } = JSON.parse(stdout)
    assert.equal(total, 2)
    const byKey = new Map(concepts.map((each: { code: string }) => [keyOf(each.code), each]))
    assert.deepEqual(byKey.get('wingitis'), { code: small('wingitis'), display: 'flügelitzung' })
    assert.deepEqual(byKey.get('oldwingitis'), {
      code: small('oldwingitis'),
      display: 'Wing inflammation (old)',
      inactive: true,
    })
  })

  it('tells what is wrong, and where, by its exit status too', async () => {
    const { code, stdout } = await ecl('check', '{wing} |Wings| AND\n  << 99999999')
    assert.equal(code, 1)
    assert.match(stdout, /^1:1 warning: term mismatch/m)
    assert.match(stdout, /^2:6 error: unknown concept 99999999/m)
    const expanded = await ecl('expand', '<< {wing} <<')
    assert.equal(expanded.code, 1)
    assert.match(expanded.stderr, /^1:16 error: "<<" stands behind the end/m)
  })

  it('refuses a version that is not there, and a page that is no number', async () => {
    const { code, stderr } = await ecl('check', '*', '--version', 'http://snomed.info/sct/900000000000207008')
    assert.notEqual(code, 0)
    assert.match(stderr, /No release of SNOMED CT is of .*: there is http/)
    assert.notEqual((await ecl('expand', '*', '--count', '-1')).code, 0)
  })

  it('answers every case of the specification as the rows of the release do', async () => {
    const { openRelease } = await import('../../../src/cli/ecl/release.ts')
    const before = process.env.DATA_DIR
    process.env.DATA_DIR = environment.DATA_DIR
    const compiled = await openRelease(undefined).finally(() => {
      if (before === undefined) delete process.env.DATA_DIR
      else process.env.DATA_DIR = before
    })
    assert.ok(compiled)
    const plain = naiveContent(smallRelease())
    const cases = readCases<{ name: string; ecl: string }>(
      new URL('../../terminology/vocabularies/snomed/ecl/cases/', import.meta.url),
    )
    for (const { ecl: text, name } of cases.flatMap((each) => each.cases)) {
      const expression = withIds(text)
      const keys = (content: typeof plain) =>
        [...eclMembers(content, expression)].map((each) => content.idOf(each)).sort()
      assert.deepEqual(keys(compiled), keys(plain), `${name}: ${text}`)
    }
  })
})
