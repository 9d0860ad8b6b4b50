import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sqliteFaults } from '../../src/storage/sqlite/check.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'

const lacks = spawnSync('prlimit', ['--version']).error !== undefined && 'prlimit is not installed'

test('a disk that takes no more: writes are refused, reads go on, and when there is room nothing is lost', {
  skip: lacks,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-full-'))
  const file = join(folder, 'store.sqlite')
  // The soft limit of the size of a file can be raised again, as somebody makes room.
  const command = `ulimit -S -f 4096; exec "$0" ${join(import.meta.dirname, 'full-disk.ts')} ${file}`
  const child = spawn('bash', ['-c', command, process.execPath], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const until = async (pattern: RegExp, from: number) => {
    for (let tries = 0; !pattern.test(output.slice(from)); tries++) {
      assert.ok(tries < 600 && child.exitCode === null, output.slice(-2000))
      await new Promise((next) => setTimeout(next, 50))
    }
    return output.length
  }
  try {
    const refused = await until(/(?:refused \d+\n){3}/, 0)
    assert.equal(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status, 0)
    await until(/(?:written .*\n){6}/, refused)
    const closed = new Promise((done) => child.on('close', done))
    child.kill('SIGKILL')
    await closed
    const lines = output.split('\n').slice(0, -1)
    assert.deepEqual([...new Set(lines.filter((line) => !line.startsWith('written')))], ['refused 503'])
    const storage = openSqlite(file)
    for (const line of lines)
      for (const id of line.startsWith('written') ? line.split(' ').slice(1) : [])
        assert.equal((await storage.read('ValueSet', id))?.versionId, '1', id)
    await storage.close()
    for await (const fault of sqliteFaults(file)) assert.fail(fault)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
