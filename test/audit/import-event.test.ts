import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { it } from 'node:test'
import { openStorage } from '../../src/storage/open.ts'

const root = resolve(import.meta.dirname, '../..')

it('an import by an operator leaves one AuditEvent with what it wrote', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-import-'))
  try {
    const content = join(folder, 'content')
    mkdirSync(content)
    for (const id of ['a', 'b'])
      writeFileSync(
        join(content, `${id}.json`),
        JSON.stringify({ resourceType: 'ValueSet', id, url: `http://e/${id}`, version: '1', status: 'draft' }),
      )
    const run = spawnSync(process.execPath, ['src/main.ts', 'import', content], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '', DATA_DIR: join(folder, 'data') },
      encoding: 'utf8',
    })
    assert.equal(run.status, 0, run.stderr)
    const storage = await openStorage('sqlite:', { dataDir: join(folder, 'data') })
    const events = await storage.search({ type: 'AuditEvent', conditions: [], sort: [], count: 10, total: 'none' })
    await storage.close()
    const texts = events.matches.map(({ resource }) => JSON.stringify(resource))
    assert.equal(texts.length, 1, 'content that the software brings along has none')
    assert.match(texts[0] ?? '', /"code":"110107".*"detail":\[\{"type":"ValueSet","valueString":"2"\}\]/)
    assert.doesNotMatch(texts[0] ?? '', /vidimus-import-/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
