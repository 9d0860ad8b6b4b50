import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBench } from '../../gateway/stand-in.ts'
import { runCommand } from '../../support/run-command.ts'

test('a list of a configured gateway: read through it, and afterwards from its copy, without it', async () => {
  const bench = await startBench()
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-gateway-lists-'))
  const environment = {
    DATA_DIR: dataDir,
    TRUST_LISTS: JSON.stringify([{ name: 'network', kind: 'gateway', location: 'main' }]),
    // Without an upload certificate: who only reads needs none.
    ...bench.environment('XA', { reads: true }),
  }
  const keys = async (changes: Record<string, string> = {}) => {
    const { stdout } = await runCommand(['trust', 'keys', '--participant', 'XXB'], { ...environment, ...changes })
    return stdout.split('\n').filter((line) => line !== '').length
  }
  try {
    assert.equal(await keys(), 0)
    const refreshed = await runCommand(['trust', 'refresh'], environment)
    assert.equal(refreshed.code, 0, refreshed.stderr)
    bench.asked()
    const count = await keys()
    assert.ok(count > 0)
    assert.equal(await keys({ NETWORK: 'off' }), count)
    assert.deepEqual(bench.asked(), [])
    // Another anchor: nothing that this one signed counts.
    assert.equal(await keys({ GATEWAY_TRUST_ANCHOR: join(bench.folder, 'XB_SCA.pem') }), 0)
    const unable = await runCommand(['register'], environment)
    assert.equal(unable.code, 2)
    assert.match(unable.stderr, /no upload certificate/)
  } finally {
    await bench.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
