/** The first file, under a Node or in a folder in which nothing else can run: it says what to do, and shows no stack. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'vidimus-bare-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function run(cwd: string, ...before: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...before, 'src/vidimus.js', '--version'], {
    cwd,
    env: { PATH: process.env.PATH ?? '' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const asNode = (version: string) =>
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`

describe('The first file of the program', () => {
  it('names the Node that it needs under an older one, and the way to it', () => {
    const { status, stderr } = run(root, '--import', asNode('20.20.2'))
    assert.match(stderr, /^vidimus needs Node 24 or later, and this is 20\.20\.2\. Start it with `npm run -s vidimus/)
    assert.deepEqual([status, stderr.split('\n').length], [2, 2], stderr)
  })

  it('runs under the Node that is wanted and under newer ones', () => {
    for (const version of [process.versions.node, '26.0.0', '100.0.0'])
      assert.equal(run(root, '--import', asNode(version)).status, 0, version)
  })

  it('says what to run in a folder whose packages are not installed', () => {
    for (const name of ['src', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true })
    const { status, stderr } = run(folder)
    assert.match(stderr, /^Cannot find package '[\w@/-]+'; packages are not installed.*run `npm ci`\.$/m)
    assert.deepEqual([status, stderr.split('\n').length], [2, 2], stderr)
  })
})
