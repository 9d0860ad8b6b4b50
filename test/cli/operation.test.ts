/** `vidimus backup`, `restore` and `storage`: what they print, and with which status they end. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { openStorage } from '../../src/storage/open.ts'
import { runCommand } from '../support/run-command.ts'

describe('operation', () => {
  const root = mkdtempSync(join(tmpdir(), 'vidimus-operation-'))
  after(() => rmSync(root, { recursive: true, force: true }))
  const [first, second] = [join(root, 'first'), join(root, 'second')]
  const path = join(root, 'a.backup')
  const run = (dataDir: string, ...args: string[]) => runCommand(args, { DATA_DIR: dataDir, PORT: '0' })
  const contentsIn = (text: string) => /contents ([0-9a-f]{64})/.exec(text)?.[1]

  before(async () => {
    writeFileSync(
      join(root, 'desks.json'),
      JSON.stringify({
        resourceType: 'ValueSet',
        url: 'http://example.org/desks',
        version: '1',
        name: 'D',
        status: 'active',
      }),
    )
    writeFileSync(join(root, 'ports.csv'), 'code\nNZ\n')
    assert.equal((await run(first, 'import', join(root, 'desks.json'))).code, 0)
    assert.equal(
      (await run(first, 'import', join(root, 'ports.csv'), '--code-system', 'http://example.org/ports')).code,
      0,
    )
  })

  it('backs up and checks no store that is not there, and makes none', async () => {
    const nowhere = join(root, 'nowhere')
    for (const args of [
      ['backup', join(root, 'none.backup')],
      ['storage', 'check'],
    ]) {
      const { code, stderr } = await run(nowhere, ...args)
      assert.equal(code, 2)
      assert.match(
        stderr,
        /There is no store at .*nowhere\/vidimus\.db\. Are DATA_DIR and STORAGE_URL those of the server\?/,
      )
    }
    assert.ok(!existsSync(nowhere) && !existsSync(join(root, 'none.backup')))
  })

  it('tells what was imported', async () => {
    const { stdout } = await run(first, 'storage', 'imports')
    assert.match(stdout, /^\d{4}-.*Z {2}desks\.json {2}1 loaded\n\d{4}-.*Z {2}ports\.csv.* {2}1 loaded\n$/)
  })

  it('backs up without keys, restores, and both stores hold the same', async () => {
    const { code, stdout, stderr } = await run(first, 'backup', path)
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout, /private keys/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const restored = await run(second, 'restore', path)
    assert.equal(restored.code, 0, restored.stderr)
    assert.ok(contentsIn(stdout))
    assert.equal(contentsIn(restored.stdout), contentsIn(stdout))
    assert.ok(!existsSync(join(second, 'keys')))
    const checked = await run(second, 'storage', 'check')
    assert.deepEqual([checked.code, contentsIn(checked.stdout)], [0, contentsIn(stdout)])
    // The large code system lies beside the store.
    const again = await run(second, 'import', join(root, 'ports.csv'), '--code-system', 'http://example.org/ports')
    assert.match(again.stdout, /1 unchanged/)
    assert.match(again.stdout, /was there already/)
  })

  it('takes keys when it is asked to', async () => {
    const withKeys = join(root, 'keys.backup')
    await run(first, 'keys') // makes the one of a development server
    const { stdout } = await run(first, 'backup', '--with-keys', withKeys)
    assert.match(stdout, /It holds private keys/)
    const third = join(root, 'third')
    const restored = await run(third, 'restore', withKeys)
    assert.equal(restored.code, 0, restored.stderr)
    const key = 'keys/signing-1.pem'
    assert.equal(readFileSync(join(third, key), 'utf8'), readFileSync(join(first, key), 'utf8'))
    assert.equal(statSync(join(third, key)).mode & 0o777, 0o600)
  })

  it('leaves what is there alone', async () => {
    const backup = await run(first, 'backup', path)
    assert.deepEqual([backup.code, /--replace/.test(backup.stderr)], [2, true])
    const restore = await run(second, 'restore', path)
    assert.deepEqual([restore.code, /is not empty/.test(restore.stderr)], [2, true])
    const replaced = await run(second, 'restore', '--replace', path)
    assert.match(replaced.stdout, /lies in .*vidimus\.db\.before-\d+/)
    const migrate = await run(first, 'storage', 'migrate', 'sqlite:', 'sqlite:')
    assert.deepEqual([migrate.code, /is there already/.test(migrate.stderr)], [2, true])
  })

  it('says that a server has the store', async () => {
    const storage = await openStorage('sqlite:', { dataDir: second })
    const { code, stderr } = await run(second, 'restore', '--replace', path)
    assert.deepEqual([code, /is in use: end the server/.test(stderr)], [2, true])
    await storage.close()
  })

  it('copies a store into another', async () => {
    const { code, stdout } = await run(first, 'storage', 'migrate', 'sqlite:', `sqlite:${join(root, 'copy.db')}`)
    assert.equal(code, 0)
    const { stdout: checked } = await run(first, 'storage', 'check', `sqlite:${join(root, 'copy.db')}`)
    assert.equal(contentsIn(checked), contentsIn(stdout))
    assert.match(checked, /✓ everything fits together/)
  })

  it('finds what does not fit, with status 1', async () => {
    const changes: [sql: string, told: RegExp][] = [
      [
        "UPDATE version SET content = replace(content, '\"D\"', '\"E\"') WHERE content LIKE '%/desks\"%'",
        /is (?:not )?found by|text_index/,
      ],
      ["DELETE FROM text_index WHERE rowid IN (SELECT 1) OR value = 'd'", /lacks an entry in text_index/],
      ['DELETE FROM fulltext WHERE rowid = (SELECT max(rowid) FROM fulltext)', /is not found by all its words/],
      [
        'UPDATE current SET vid = 9 WHERE seq = (SELECT max(seq) FROM current)',
        /newest version is not the current one/,
      ],
      ["UPDATE version SET content = '{' WHERE seq = (SELECT max(seq) FROM version)", /content cannot be read/],
      ['DELETE FROM version WHERE seq = (SELECT max(seq) FROM version)', /there is no version of/],
    ]
    for (const [at, [sql, told]] of changes.entries()) {
      const file = join(root, `changed-${at}.db`)
      await run(first, 'storage', 'migrate', 'sqlite:', `sqlite:${file}`)
      const database = new DatabaseSync(file)
      database.exec(sql.replace('rowid IN (SELECT 1) OR ', ''))
      database.close()
      const { code, stdout } = await run(first, 'storage', 'check', `sqlite:${file}`)
      assert.equal(code, 1, `${sql}\n${stdout}`)
      assert.match(stdout, told)
    }
  })

  it('refuses a store in memory, and none at all', async () => {
    for (const args of [
      ['backup', join(root, 'x')],
      ['storage', 'check'],
      ['restore', path],
    ]) {
      const { code, stderr } = await runCommand(args, { DATA_DIR: first, STORAGE_URL: 'sqlite::memory:' })
      assert.deepEqual([code, /store in memory/.test(stderr)], [2, true])
    }
    const { code, stderr } = await run(join(root, 'none'), 'backup', join(root, 'x'))
    assert.deepEqual([code, /There is no store at/.test(stderr)], [2, true])
    assert.ok(!existsSync(join(root, 'x')))
  })
})
