/** A server that keeps a directory of keys, as other verifiers meet it. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { readConfig } from '../../src/config.ts'
import { createServer, type VidimusServer } from '../../src/server.ts'
import { checkTrustList, isRefused } from '../../src/trust/lists/check-list.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'

describe('a server with KEY_DIRECTORY=on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-directory-'))
  let server: VidimusServer
  let url = ''
  const get = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init)
  before(async () => {
    server = await createServer(
      readConfig({
        PORT: '0',
        DATA_DIR: folder,
        STORAGE_URL: 'sqlite::memory:',
        ACCESS_LOG: 'off',
        KEY_DIRECTORY: 'on',
      }),
    )
    url = await server.listen()
    await server.directory.make()
  })
  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('serves its keys under its own DID, signed by the key of its did:web document', async () => {
    const reply = await get('/v2/trustlist/did.json')
    assert.equal(reply.status, 200)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
    assert.match(reply.headers.get('last-modified') ?? '', /GMT$/)
    const bytes = Buffer.from(await reply.arrayBuffer())
    const { proof } = JSON.parse(bytes.toString())
    const { verificationMethod } = JSON.parse(await (await get('/.well-known/did.json')).text())
    const method = verificationMethod.find(({ id }: { id: string }) => id === proof.verificationMethod)
    assert.ok(method)
    const checked = await checkTrustList(bytes, [createPublicKey({ key: method.publicKeyJwk, format: 'jwk' })])
    assert.ok(!isRefused(checked))
    assert.equal(checked.id, `did:web:${new URL(url).host.replace(':', '%3A')}:v2:trustlist`)
    assert.deepEqual(checked.items.map(({ usage, fault }) => [usage, fault]).sort(), [
      ['DSC', undefined],
      ['SCA', undefined],
    ])
  })

  it('says in /health how it stands, and since when', async () => {
    const { keyDirectory } = JSON.parse(await (await get('/health')).text())
    assert.deepEqual(Object.keys(keyDirectory), ['state', 'created'])
    assert.equal(keyDirectory.state, 'made')
  })

  it('is a trust list that another server takes as it is', async () => {
    const [list, key] = [join(folder, 'list.json'), join(folder, 'signer.json')]
    writeFileSync(list, await (await get('/v2/trustlist/did.json')).text())
    writeFileSync(key, await (await get('/.well-known/did.json')).text())
    const trust = await loadTrustLists([{ name: 'mirror', kind: 'did-v2', location: list, key: [key] }], {
      now: () => new Date(),
    })
    const [status] = trust.status()
    assert.deepEqual([status?.usable, status?.keys, status?.leftOut], [true, 2, undefined])
    const own = server.trust.keys().find({ usage: ['DSC'] })[0]
    assert.equal(trust.keys().find({ keyId: own?.keyId ?? '' })[0]?.thumbprint, own?.thumbprint)
  })

  it('has a JWK set that a JOSE library verifies by the key set of the server', async () => {
    const keys = createLocalJWKSet(JSON.parse(await (await get('/.well-known/jwks.json')).text()))
    const { payload } = await jwtVerify(await (await get('/v2/trustlist/jwks.json')).text(), keys, {
      typ: 'jwk-set+jwt',
    })
    const [own] = server.trust.keys().find({ usage: ['DSC'] })
    assert.deepEqual(Array.isArray(payload.keys) && payload.keys.map(({ kid }) => kid), [own?.keyId])
  })

  it('answers conditions, HEAD and wrong requests as documents do', async () => {
    const etag = (await get('/v2/trustlist/did.json')).headers.get('etag') ?? ''
    assert.equal((await get('/v2/trustlist/did.json', { headers: { 'If-None-Match': etag } })).status, 304)
    const head = await get('/v2/trustlist/DCC/XXA/DSC/did.json', { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal((await get('/v2/trustlist/did.json', { method: 'POST', body: '{}' })).status, 405)
    assert.equal((await get('/v2/trustlist/jwks.json')).headers.get('content-type'), 'application/jwk-set+jwt')
    for (const path of [
      '/v2/trustlist/XYZ/did.json',
      '/v2/trustlist/dcc/did.json',
      '/v2/trustlist/%44CC/did.json',
      '/v2/trustlist/--/did.json',
    ]) {
      const reply = await get(path)
      const { resourceType } = JSON.parse(await reply.text())
      assert.deepEqual([reply.status, resourceType], [404, 'OperationOutcome'], path)
    }
  })
})

it('a server without the setting serves no directory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-directory-'))
  const server = await createServer(
    readConfig({ PORT: '0', DATA_DIR: folder, STORAGE_URL: 'sqlite::memory:', ACCESS_LOG: 'off' }),
  )
  try {
    const url = await server.listen()
    assert.equal((await fetch(`${url}/v2/trustlist/did.json`)).status, 404)
    assert.equal(server.directory.state().state, 'not-made')
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
