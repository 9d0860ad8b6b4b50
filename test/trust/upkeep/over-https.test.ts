/** Lists over https from another server, through the guarded client: validators, every fault, and recovery. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createNetworkClient, type NetworkClient } from '../../../src/network/network-client.ts'
import { checkTrustList } from '../../../src/trust/lists/check-list.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type Trust } from '../../../src/trust/trust.ts'
import { createCopyStore } from '../../../src/trust/upkeep/copy-store.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { type ListFault, type ListServer, startListServer } from '../../support/list-server.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { itemsOf, listItem, pinnedKey, signedList } from '../../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const path = '/v2/trustlist/did.json'
const now = () => new Date('2022-06-01T00:00:00Z')
/** A second for the head and two in all: the server's own are the same code with longer times. */
const limits = { firstByteMilliseconds: 1000, milliseconds: 2000, bytes: 20_000_000, headBytes: 16_384 }

describe('a list over https', () => {
  let server: ListServer
  let network: NetworkClient
  let trust: Trust
  let source: TrustSource
  let did: string
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-https-'))
  let day = 1
  const list = (items = itemsOf(issuer), created = `2022-05-${String(day++).padStart(2, '0')}T00:00:00Z`) =>
    signedList(items, { created, document: { id: did, controller: did } })
  const start = () => {
    const readers = memoryReaders({ '/key.json': pinnedKey })
    const fetch = ({ url, headers, maxBytes }: { url: string; headers?: Record<string, string>; maxBytes: number }) =>
      network.request({ url, maxBytes, ...(headers ? { headers } : {}) })
    const copies = createCopyStore(join(folder, 'trust'))
    return loadTrustLists([source], {
      readers: { ...readers, fetch },
      now,
      check: checkTrustList,
      copies,
      keepsCopies: true,
    })
  }
  const status = async () => {
    const [found] = await trust.reload()
    assert.ok(found)
    return found
  }

  before(async () => {
    server = await startListServer({ host: 'lists.example' })
    network = createNetworkClient({ isOn: true, hosts: [server.listed], limits })
    source = { name: 'net', kind: 'did-v2', location: `${server.origin}${path}`, key: ['/key.json'] }
    did = `did:web:lists.example%3A${server.port}:v2:trustlist`
    server.put(path, await list())
    trust = await start()
  })
  after(async () => {
    network.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is fetched, and not sent again while it is the same', async () => {
    assert.deepEqual([(await status()).state, trust.keys().keys.length], ['ok', 2])
    await status()
    assert.deepEqual(
      server.requests.map((each) => each.status),
      [200, 304],
    )
    assert.match(server.requests[1]?.headers['if-none-match'] ?? '', /^"[0-9a-f]{32}"$/)
    assert.equal(server.requests[1]?.headers.cookie, undefined)
    assert.deepEqual(readdirSync(join(folder, 'trust')).sort(), ['net.json', 'net.meta.json'])
    assert.deepEqual(readFileSync(join(folder, 'trust/net.json')), server.documents.get(path)?.body)
  })

  it('of a server that knows the time of change alone is asked for by that', async () => {
    const lastModified = new Date('2022-05-20T10:00:00Z')
    server.put(path, await list(), { etag: 'no tag', lastModified })
    const from = server.requests.length
    await status()
    await status()
    const asked = server.requests.slice(from)
    assert.deepEqual(
      asked.map((each) => each.status),
      [200, 304],
    )
    assert.equal(asked[1]?.headers['if-modified-since'], 'Fri, 20 May 2022 10:00:00 GMT')
    assert.equal(asked[1]?.headers['if-none-match'], undefined, 'what is no entity tag is not said back')
  })

  const stranger = keyPairFor('ES256').privateKey
  const faults: [string, () => ListFault | Promise<ListFault>, RegExp][] = [
    ['500', () => ({ status: 500 }), /its server answered 500/],
    ['404', () => ({ status: 404 }), /its server answered 404/],
    ['a reset before the answer', () => ({ reset: 'before' }), /cannot be reached, or ended the connection/],
    ['a reset within it', () => ({ reset: 'within' }), /cannot be reached, or ended the connection/],
    ['half of it', () => ({ truncate: true }), /not valid: shape/],
    ['another letter in it', () => ({ tamper: true }), /not valid: signature/],
    [
      'an older one',
      async () => ({ instead: Buffer.from(JSON.stringify(await list(undefined, '2022-04-01T00:00:00Z'))) }),
      /is older/,
    ],
    [
      'one of another signer',
      async () => ({
        instead: Buffer.from(
          JSON.stringify(
            await signedList(itemsOf(issuer), {
              signer: stranger,
              created: '2022-05-30T00:00:00Z',
              document: { id: did },
            }),
          ),
        ),
      }),
      /not valid: signature/,
    ],
    ['a page', () => ({ instead: Buffer.from('<html>'), contentType: 'text/html' }), /not valid: shape/],
    ['20 MB of blanks behind it', () => ({ blanks: 20_000_000 }), /larger than is read/],
    ['a drip', () => ({ drip: { bytes: 10, milliseconds: 50 } }), /took too long/],
    ['no answer for long', () => ({ delayMilliseconds: 1500 }), /took too long/],
    ['a redirect', () => ({ redirect: 'https://lists.example/elsewhere' }), /sent to another address/],
    ['a bomb of gzip', () => ({ gzipBomb: 50_000_000 }), /not well-formed HTTP/],
  ]
  for (const [what, fault, text] of faults)
    it(`that comes as ${what} leaves the one in use; the next good one counts`, async () => {
      const created = trust.status()[0]?.created
      server.put(path, await list())
      server.faults.push({ ...(await fault()), times: 1 })
      const bad = await status()
      assert.match(bad.failure ?? '', text)
      assert.deepEqual([bad.state, bad.created, trust.keys().keys.length], ['stale', created, 2])
      assert.deepEqual([(await start()).keys().keys.length, (await start()).status()[0]?.created], [2, created])
      server.faults.length = 0
      const good = await status()
      assert.deepEqual([good.state, good.failure, good.created === created], ['ok', undefined, false])
    })

  it('that lost most of its keys waits', async () => {
    const more = ['DCC', 'PH4H', 'DDCC', 'IPS'].map((domain) => listItem(issuer.dsc, { domain }))
    server.put(path, await list([...itemsOf(issuer).slice(0, 1), ...more]))
    assert.equal((await status()).keys, 5)
    server.put(path, await list())
    assert.equal((await status()).waiting, 2)
    assert.equal(trust.keys().keys.length, 5)
  })
})

describe('the certificate of a server', () => {
  it('that is not good for its name vouches for nothing', async () => {
    const server = await startListServer()
    const other = await startListServer()
    const network = createNetworkClient({ isOn: true, hosts: [{ ...server.listed, ca: other.listed.ca }], limits })
    try {
      server.put('/.well-known/jwks.json', {
        keys: [{ ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'a' }],
      })
      const location = `${server.origin}/.well-known/jwks.json`
      const source: TrustSource = { name: 'cards', kind: 'jwks', location, issuer: server.origin }
      const trust = await loadTrustLists([source], {
        readers: { ...memoryReaders({}), fetch: (asked) => network.request(asked) },
        now,
      })
      const [status] = await trust.reload()
      assert.match(status?.failure ?? '', /certificate of the other server is not good/)
      assert.equal(trust.keys().keys.length, 0)
    } finally {
      network.close()
      await server.close()
      await other.close()
    }
  })
})
