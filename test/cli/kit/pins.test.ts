/** The keys by which kits are taken, where the store that tells the withdrawn ones is not whole. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { pinnedKeys } from '../../../src/cli/kit/pins.ts'
import { readConfig } from '../../../src/config.ts'
import { openKeyRevocations } from '../../../src/provenance/revocations.ts'
import { signingKeys } from '../../../src/server/provenance.ts'
import { openStorage, openStore, openThereStore } from '../../../src/storage/open.ts'
import { mongoForTests } from '../../support/mongo.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-pins-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const mongo = await mongoForTests()
after(async () => {
  if (!('skip' in mongo)) await mongo.stop()
})

const urls: Record<string, string | undefined> = {
  SQLite: 'sqlite:',
  MongoDB: 'skip' in mongo ? undefined : mongo.url('pins'),
}
for (const [engine, storageUrl = ''] of Object.entries(urls))
  it(`a store of ${engine} that is being filled pins no key: what was withdrawn is not known yet`, {
    skip: engine === 'MongoDB' && 'skip' in mongo && mongo.skip,
  }, async () => {
    const dataDir = mkdtempSync(join(folder, 'data-'))
    const config = readConfig({ DATA_DIR: dataDir, STORAGE_URL: storageUrl })
    const made = await signingKeys(config, () => new Date())
    assert.equal(made.all().length, 1)
    const own = await pinnedKeys([], config)
    assert.equal(own.keys.length, 1, 'no store, no key withdrawn')
    const fill = async () => (await openStore(storageUrl, { dataDir })).fill({ source: 'backup 1', replace: false })
    const filling = await fill()
    await assert.rejects(pinnedKeys([], config), /is being filled/)
    await assert.rejects(openThereStore(storageUrl, { dataDir }), /not whole/)
    await filling.abandon()
    assert.deepEqual(await pinnedKeys([], config), own)
    if (engine === 'SQLite') assert.deepEqual(readdirSync(dataDir).filter(isOfStore), [])
    // Of a database it would be waited for, whether the one that was killed is gone.
    if (engine === 'MongoDB') await (await fill()).leave()
    else await killedFilling(storageUrl, dataDir)
    await assert.rejects(pinnedKeys([], config), /is being filled/)
    await (await fill()).abandon()
    const storage = await openStorage(storageUrl, { dataDir })
    const revocations = await openKeyRevocations(storage, () => new Date())
    for (const publicKey of own.keys) await revocations.revoke({ publicKey }, new Date(), 'superseded')
    await storage.close()
    await assert.rejects(pinnedKeys([], config), /every key of this installation is withdrawn/)
  })

const isOfStore = (name: string) => name.startsWith('vidimus.db')

/** A filling whose process ended in the middle. */
async function killedFilling(url: string, dataDir: string): Promise<void> {
  const open = JSON.stringify(new URL('../../../src/storage/open.ts', import.meta.url).href)
  const fill = `const { openStore } = await import(${open})
await (await openStore(${JSON.stringify(url)}, ${JSON.stringify({ dataDir })})).fill({ source: 'backup 1', replace: false })
process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', fill], { stdio: 'inherit' })
  const signal = await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
  assert.equal(signal, 'SIGKILL')
}
