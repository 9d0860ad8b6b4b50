/** What is said of files, addresses and settings that cannot be used: plain words, an exit status, and no stack. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { readCases } from '../support/read-cases.ts'
import { runCommand } from '../support/run-command.ts'

const root = resolve(import.meta.dirname, '../..')
const data = mkdtempSync(join(tmpdir(), 'vidimus-words-'))
after(() => rmSync(data, { recursive: true, force: true }))
const map = 'map "http://example.org/m" = m\n\ngroup g(source s, target t) {\n  s.a -> t.b;\n}\n'
const files = {
  'good.map': map,
  'list.json': '[]',
  'did.json': '{}',
  'damaged.tgz': 'no archive',
  'codes.csv': 'code,display\na,A\n',
  'unnamed.cql': 'library Unnamed\ndefine A: true\n',
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text)

interface Case {
  name: string
  arguments: string[]
  set?: Record<string, string>
  says: string
  code: number
}

const placed = (text: string) => text.replaceAll('{data}', data).replaceAll('{root}', root)

function run({ arguments: given, set = {} }: Case): Promise<{ code: number; stderr: string }> {
  const settings = Object.fromEntries(Object.entries(set).map(([name, value]) => [name, placed(value)]))
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: data, PORT: '0', ...settings }
  const args = given.map(placed)
  // A server changes its process; for the others one that is the test's is as good.
  if (!/^(?:serve|load-base-content)$/.test(args[0] ?? '')) return runCommand(args, env)
  return new Promise((done) => {
    execFile(process.execPath, ['src/main.ts', ...args], { cwd: root, env }, (error, _, stderr) =>
      done({ code: error ? Number(error.code) : 0, stderr }),
    )
  })
}

describe('the command line', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/plain-words.json'))
    it(each.name, async () => {
      const { code, stderr } = await run(each)
      assert.match(stderr, new RegExp(each.says, 'm'))
      assert.equal(code, each.code, stderr)
      assert.doesNotMatch(stderr, /^ +at |\bE[A-Z]{4,}:|secret/m)
    })
})
