/** What interrupted imports left behind goes when a server starts, and is no reason not to start. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openServer } from '../../../src/cli/serve/one.ts'
import { readConfig } from '../../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-left-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Starts a server in this process with another TMPDIR. @returns what it told */
async function start(temporary: string): Promise<string[]> {
  const before = process.env.TMPDIR
  const told: string[] = []
  const dataDir = mkdtempSync(join(folder, 'data-'))
  process.env.TMPDIR = temporary
  try {
    const config = readConfig({ DATA_DIR: dataDir, STORAGE_URL: 'sqlite::memory:', PORT: '0', ACCESS_LOG: 'off' })
    const server = await openServer(config, {}, (text) => void told.push(text))
    await server.close()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  return told
}

describe('a server that starts', () => {
  it('takes away the work folders of processes that are no more, and no others', async () => {
    const temporary = join(folder, 'tmp')
    const { pid } = spawnSync(process.execPath, ['--version'])
    const [dead, living, foreign] = [
      `vidimus-release-${pid}-a`,
      `vidimus-release-${process.ppid}-a`,
      `release-${pid}-a`,
    ]
    for (const name of [dead, living, foreign]) mkdirSync(join(temporary, name, 'inside'), { recursive: true })
    await start(temporary)
    assert.deepEqual(
      [dead, living, foreign].map((name) => existsSync(join(temporary, name))),
      [false, true, true],
    )
  })

  it('starts where there is no folder to look into, and says so', async () => {
    const told = await start(join(folder, 'nowhere'))
    assert.ok(
      told.some((text) => /interrupted imports left behind could not be taken away/.test(text)),
      told.join('\n'),
    )
  })
})
