/** The first start of a server where a store was prepared at install. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { defaultPreparedStore, preparedFor, readPreparedHeader } from '../../src/publish/base-content/prepared-store.ts'
import { startServerProcess } from '../support/server-process.ts'

/** `npm ci` makes it; what was changed since is not what it was made of. */
async function whyNot(): Promise<string | false> {
  if (!existsSync(defaultPreparedStore)) return 'no store was prepared: node scripts/build-prepared-store.ts'
  const read = await readPreparedHeader(defaultPreparedStore)
  const { stamp, sources } = await preparedFor()
  const isOfNow = read?.header.stamp === stamp && read.header.sources === sources
  return isOfNow ? false : 'the prepared store is of other sources: node scripts/build-prepared-store.ts'
}

describe('a first start with the store that was prepared', { skip: await whyNot() }, () => {
  const folders: string[] = []
  const newFolder = () => {
    const made = mkdtempSync(join(tmpdir(), 'vidimus-first-'))
    folders.push(made)
    return made
  }
  after(() => {
    for (const each of folders) rmSync(each, { recursive: true, force: true })
  })
  const expansion = '/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender'

  it('has all of the base content before it listens', async () => {
    const server = await startServerProcess({ DATA_DIR: newFolder(), ACCESS_LOG: 'off' })
    try {
      assert.equal((await fetch(`${server.url}${expansion}`)).status, 200)
      assert.equal((await fetch(`${server.url}/ready`)).status, 200)
      assert.doesNotMatch(server.output(), /base content: loading/)
      assert.match(server.output(), /^base content: the new store is begun with/m)
    } finally {
      await server.stop()
    }
  })

  it('is one of two that start on one empty store at once', async () => {
    const store = join(newFolder(), 'shared.db')
    const settings = () => ({ DATA_DIR: newFolder(), STORAGE_URL: `sqlite:${store}`, ACCESS_LOG: 'off' })
    const servers = await Promise.all([1, 2].map(() => startServerProcess(settings())))
    try {
      for (const server of servers) {
        await server.ready()
        assert.equal((await fetch(`${server.url}${expansion}`)).status, 200)
      }
      const begun = servers.filter((server) => server.output().includes('the new store is begun with'))
      assert.ok(begun.length <= 1, servers.map((server) => server.output()).join('\n'))
    } finally {
      for (const server of servers) await server.stop()
    }
    assert.deepEqual(
      readdirSync(dirname(store)).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  it('is as before without it: PREPARED_STORE=off', async () => {
    const server = await startServerProcess({ DATA_DIR: newFolder(), ACCESS_LOG: 'off', PREPARED_STORE: 'off' })
    await server.stop()
    assert.doesNotMatch(server.output(), /the new store is begun with/)
  })
})
