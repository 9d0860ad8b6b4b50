/** `vidimus trust refresh`, `accept`, `explain` and `status`, and that a server with the same DATA_DIR takes over what they do. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { loadConfiguredTrust } from '../../../src/server/trust.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { type ListServer, startListServer } from '../../support/list-server.ts'
import { runCommand } from '../../support/run-command.ts'
import { certificateUnder, itemsOf, listItem, pinnedKey, signedList } from '../../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const path = '/v2/trustlist/did.json'

describe('vidimus trust', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-trust-'))
  let server: ListServer
  let environment: Record<string, string>
  const list = (items: ReturnType<typeof itemsOf>, created: string) =>
    signedList(items, { created, document: { id: `did:web:${server.host}%3A${server.port}:v2:trustlist` } })
  const trust = (...args: string[]) => runCommand(['trust', ...args], environment)
  const statusOf = async () => JSON.parse((await trust('status')).stdout).sources[0]

  before(async () => {
    server = await startListServer()
    const more = [1, 2, 3, 4].map(() => listItem(certificateUnder(issuer.authority, keyPairFor('ES256'))))
    server.put(path, await list([...itemsOf(issuer), ...more], '2022-05-01T00:00:00Z'))
    writeFileSync(join(folder, 'key.json'), pinnedKey)
    const source = { name: 'net', kind: 'did-v2', location: `${server.origin}${path}`, key: join(folder, 'key.json') }
    environment = {
      DATA_DIR: join(folder, 'data'),
      NETWORK: 'on',
      NETWORK_HOSTS: JSON.stringify([server.listed]),
      TRUST_LISTS: JSON.stringify([source]),
    }
  })
  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('status is JSON: absent before anything was fetched, and nobody is asked', async () => {
    const { state, keys, lastError } = await statusOf()
    assert.deepEqual([state, keys, lastError], ['absent', 0, 'it was not read yet'])
    assert.equal((await trust('status')).code, 1)
    assert.match((await trust('list')).stdout, /not read yet \(a server that starts .* `vidimus trust refresh`\)/)
    assert.deepEqual(server.requests, [])
  })

  it('refresh fetches and keeps; another process has it without the network', async () => {
    const { code, stdout } = await trust('refresh', 'net')
    assert.equal(code, 0)
    assert.match(stdout, /^net +did-v2 +6 /m)
    assert.equal(server.requests.length, 1)
    const { state, fetchedAt, created, keys } = await statusOf()
    assert.deepEqual([state, created, keys], ['ok', '2022-05-01T00:00:00Z', 6])
    assert.ok(Date.parse(fetchedAt) > Date.now() - 600_000)
    assert.equal((await trust('refresh', 'nobody')).code, 2)
    server.faults.push({ status: 500, times: 1 })
    const failed = await trust('refresh')
    assert.equal(failed.code, 1)
    assert.match(failed.stdout, /old copy: its server answered 500/)
    const after = await statusOf()
    assert.deepEqual([after.state, after.lastError], ['stale', 'its server answered 500'])
  })

  it('accept lets a list that waits take its place, in a server that runs, too', async () => {
    const running = await loadConfiguredTrust(readConfig(environment), { keepsCopies: true })
    const none = await trust('accept', 'net')
    assert.deepEqual([none.code, none.stderr.includes('no list of net waits')], [1, true])
    assert.equal((await trust('accept', '../net')).code, 2)
    server.put(path, await list(itemsOf(issuer), '2022-05-02T00:00:00Z'))
    const waits = await trust('refresh')
    assert.equal(waits.code, 1)
    assert.match(waits.stdout, /has 2 entries, and the one in use 6: it waits for `vidimus trust accept net`/)
    assert.equal((await statusOf()).waiting, 2)
    const accepted = await trust('accept', 'net')
    assert.equal(accepted.code, 0)
    assert.match(accepted.stdout, /^accepted: net, 2 entries, made 2022-05-02T00:00:00Z/)
    assert.equal(running.keys().keys.length, 6)
    await running.adopt()
    assert.equal(running.keys().keys.length, 2)
    const { state, keys, waiting } = await statusOf()
    assert.deepEqual([state, keys, waiting], ['ok', 2, undefined])
  })

  it('explain tells why, with an exit status', async () => {
    const kid = issuer.keyId.toString('base64')
    const good = await trust('explain', kid)
    assert.deepEqual([good.code, good.stdout.split('\n')[0]], [0, `${kid} counts: listed in net`])
    assert.match(good.stdout, /chain +verified under SCA/)
    const late = await trust('explain', kid, '--at', '2031-06-01T00:00:00Z', '--json')
    assert.equal(late.code, 1)
    assert.match(JSON.parse(late.stdout).verdict, /it expired on 2030-12-31/)
    const unknown = await trust('explain', 'AAAAAAAAAAA=')
    assert.deepEqual([unknown.code, unknown.stdout.trim()], [1, 'AAAAAAAAAAA= unknown: no list holds it'])
    assert.equal((await trust('explain', kid, '--key', 'x')).code, 2)
    assert.equal((await trust('explain', kid, '--list', join(folder, 'gone.json'))).code, 2)
  })
})
