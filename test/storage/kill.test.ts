import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ValueSet } from '../../src/fhir/types.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'

const rounds = 10
const acknowledgementsPerRound = 40

/** Starts the writer and kills it -9 in the middle of its work; resolves to what it had acknowledged. */
async function writeUntilKilled(file: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), file, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    output += chunk
    if (output.split('\n').length > acknowledgementsPerRound + round * 3) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.on('close', resolve))
  assert.equal(child.signalCode, 'SIGKILL')
  // the last piece has no line end: it may be half a line
  return output.split('\n').slice(0, -1)
}

test(`kill -9 under load, ${rounds} times: every acknowledged write is there and the history is whole`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-kill-'))
  const file = join(folder, 'store.sqlite')
  const acknowledged: string[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await writeUntilKilled(file, round)))
      const storage = openSqlite(file)
      for (const line of acknowledged) {
        const [id = '', versionId = '', title = ''] = line.split(' ')
        if (id === 'record') {
          assert.equal(await storage.records.get('kill', title), `value of ${title}`)
          continue
        }
        const version = await storage.readVersion('ValueSet', id, versionId)
        assert.equal((version?.resource as ValueSet | undefined)?.title, title, line)
      }
      const current = await storage.search({
        type: 'ValueSet',
        conditions: [],
        sort: [],
        count: 10_000,
        total: 'accurate',
      })
      for (const { id, versionId } of current.matches) {
        const history = await storage.history({ type: 'ValueSet', id, count: 10_000 })
        const wanted = Array.from({ length: Number(versionId) }, (_, i) => String(Number(versionId) - i))
        assert.deepEqual(
          history.matches.map((each) => each.versionId),
          wanted,
        )
      }
      assert.ok(acknowledged.some((line) => line.startsWith('record ')))
      // both resources of one transaction or none
      const pairs = current.matches.filter((each) => each.id.startsWith('pair-'))
      assert.equal(new Set(pairs.map((each) => each.versionId)).size, 1)
      await storage.close()
    }
    assert.ok(acknowledged.length >= rounds * acknowledgementsPerRound)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
