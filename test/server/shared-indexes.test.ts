import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { importOptions } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { importPath } from '../../src/publish/import/import-path.ts'
import { createServer } from '../../src/server.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-replicas-'))
after(() => rmSync(root, { recursive: true, force: true }))
mkdirSync(join(root, 'shared'))

it('a large code system that one replica imports is answered by another, which copies it into its own folder', async () => {
  const replica = (name: string, environment: Record<string, string> = {}) =>
    createServer(
      readConfig({
        DATA_DIR: join(root, name),
        STORAGE_URL: `sqlite:${join(root, 'store.db')}`,
        ARTEFACTS_URL: `file:${join(root, 'shared')}`,
        ACCESS_LOG: 'off',
        LOG_LEVEL: 'error',
        ...environment,
      }),
    )
  const [one, two] = [await replica('one'), await replica('two')]
  const source = join(root, 'ports.csv')
  writeFileSync(source, 'code,display\nAKL,Auckland\nWLG,Wellington\n')
  const url = 'http://example.org/fhir/CodeSystem/ports'
  await importPath(source, { ...importOptions(one), codeSystem: { url, version: '2026' } })
  const look = (server: typeof one) =>
    server.terminology.lookup({
      resourceType: 'Parameters',
      parameter: [
        { name: 'system', valueUri: url },
        { name: 'code', valueCode: 'AKL' },
      ],
    })
  assert.equal(existsSync(join(root, 'two', 'code-systems')), false)
  assert.match(JSON.stringify(await look(two)), /Auckland/)
  assert.equal(existsSync(join(root, 'two', 'code-systems')), true)
  // Where nobody shares them it is said, and never that the code is unknown.
  const alone = await replica('alone', { ARTEFACTS_URL: '' })
  await assert.rejects(look(alone), { status: 503 })
  for (const each of [one, two, alone]) await each.close()
})
