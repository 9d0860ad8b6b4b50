/** Who waits for whom when kits are taken into use: processes of one host, and of others on the same volume. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it, mock } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { alone } from '../../src/kit/apply-lock.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-kit-lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const { pid: gone } = spawnSync(process.execPath, ['--version'])
const markOf = (pid: number, host: string) => `${pid} 1b4e28ba-2fa1-11d2-883f-0016d3cca427 ${host}`
/** Longer than one round of waiting. */
const aWhile = 200

/** Work that is waiting, and its end once the lock is removed by hand. */
async function waitsFor(lock: string, work: Promise<string>, mark: string): Promise<void> {
  await pause(aWhile)
  assert.equal(readFileSync(lock, 'latin1'), mark)
  rmSync(lock)
  assert.equal(await work, 'done')
  assert.equal(existsSync(lock), false)
}

describe('the lock of a kit', () => {
  it('names the process and its host, and goes with the work', async () => {
    const file = path.join(folder, 'named')
    const mark = await alone(file, async () => readFileSync(`${file}.lock`, 'latin1'))
    assert.match(mark, new RegExp(`^${process.pid} \\S+ \\S+$`))
    assert.ok(mark.endsWith(` ${hostname()}`))
    assert.equal(existsSync(`${file}.lock`), false)
  })

  for (const [name, pid] of [
    ['this process', process.pid],
    ['no process here', gone],
  ] as const) {
    it(`is waited for when another host has it under the number of ${name}`, async () => {
      const file = path.join(folder, `other-${pid}`)
      const mark = markOf(pid, `${hostname()}-other`)
      writeFileSync(`${file}.lock`, mark)
      await waitsFor(
        `${file}.lock`,
        alone(file, async () => 'done'),
        mark,
      )
    })
    it(`is left behind when this host had it under the number of ${name}`, async () => {
      const file = path.join(folder, `own-${pid}`)
      writeFileSync(`${file}.lock`, markOf(pid, hostname()))
      assert.equal(await alone(file, async () => 'done'), 'done')
    })
  }

  it('that two have taken while one was cleared is waited for, and leaves nothing beside it', async () => {
    const file = path.join(folder, 'third')
    const lock = `${file}.lock`
    writeFileSync(lock, markOf(gone, hostname()))
    const [second, third] = [markOf(2, 'second'), markOf(3, 'third')]
    const { rename } = files
    const cleared = mock.method(files, 'rename', async (from: string, to: string) => {
      writeFileSync(from, second)
      await rename(from, to)
      writeFileSync(lock, third)
    })
    syncBuiltinESMExports()
    try {
      await waitsFor(
        lock,
        alone(file, async () => 'done'),
        third,
      )
      assert.equal(cleared.mock.callCount(), 1)
    } finally {
      mock.restoreAll()
      syncBuiltinESMExports()
    }
    assert.deepEqual(
      readdirSync(folder).filter((each) => each.startsWith('third')),
      [],
    )
  })
})
