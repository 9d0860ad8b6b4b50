/** What a whole server shows of its keys and of what it published, asked over HTTP. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer as createHttpServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, it, test } from 'node:test'
import { compactVerify, createLocalJWKSet } from 'jose'
import { readConfig } from '../../src/config.ts'
import { createServer } from '../../src/server.ts'
import { valueSet } from '../provenance/published.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { testSigner } from '../support/cms-signer.ts'

const folder = ownFolder()
const token = 'a-token-for-tests'
const publicUrl = 'https://health.example'

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: object
}

/** A server over a data folder; its `ask` sends a path as it is. */
async function start(name: string, settings: Record<string, string> = {}) {
  const environment = { DATA_DIR: join(folder, name), ACCESS_LOG: 'off', BASE_URL: publicUrl, ...settings }
  const server = await createServer(readConfig(environment))
  const listener = createHttpServer(server.handler)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: Buffer }>(
      (resolve, reject) => {
        const text = body && JSON.stringify(body)
        // Node does not say it of the body of a DELETE.
        const length = text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }
        const all = { ...headers, ...length }
        const sent = request({ host: '127.0.0.1', port, method, path, headers: all }, (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          const { statusCode: status = 0, headers: told } = response
          response.on('end', () => resolve({ status, headers: told, body: Buffer.concat(pieces) }))
        })
        sent.on('error', reject).end(text)
      },
    )
  let isOpen = true
  const close = async () => {
    if (!isOpen) return
    isOpen = false
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
    await server.close()
  }
  after(close)
  return { server, ask, close }
}

const writing = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json' }
const { ask, server, close } = await start('main', { DEVELOPMENT_TOKEN: token })

const put = (id: string, more: object = {}) =>
  ask(`/fhir/ValueSet/${id}`, {
    method: 'PUT',
    headers: writing,
    body: {
      ...valueSet(id),
      compose: { include: [{ system: 'http://example.org/c', concept: [{ code: 'a' }] }] },
      ...more,
    },
  })
const json = (body: Buffer) => JSON.parse(body.toString())
const referenceOf = async (path: string) => json((await ask(`/fhir/${path}/$trusted-reference`)).body)
const pathOf = (url: string) => url.slice(publicUrl.length)

describe('what is published over REST', () => {
  it('has a reference, whose address says exactly what was published', async () => {
    assert.equal((await put('a')).status, 201)
    const reference = await referenceOf('ValueSet/a/_history/1')
    assert.deepEqual(
      { ...reference, url: '', thumbprint: '' },
      {
        signatureType: 'JWS',
        contentType: 'application/jose',
        url: '',
        type: 'FHIR',
        service: 'ValueSet',
        thumbprint: '',
        name: 'http://example.org/ValueSet/a|1',
        referenceVersion: '1',
        domain: 'DDCC',
      },
    )
    const { body } = await ask(pathOf(reference.url))
    assert.equal(createHash('sha256').update(body).digest('hex'), reference.thumbprint)
    const keys = createLocalJWKSet(json((await ask('/.well-known/jwks.json')).body))
    const { payload } = await compactVerify(body, keys)
    const read = json((await ask('/fhir/ValueSet/a')).body)
    const { versionId: _1, lastUpdated: _2, ...meta } = read.meta
    const told = Object.keys(meta).length > 0 ? { ...read, meta } : { ...read, meta: undefined }
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), JSON.parse(JSON.stringify(told)))
  })

  it('has it for the domain that is named, and not for what no domain is called', async () => {
    assert.equal((await referenceOf('ValueSet/a')).domain, 'DDCC')
    const named = await ask('/fhir/ValueSet/a/$trusted-reference?domain=PH4H')
    assert.equal(json(named.body).domain, 'PH4H')
    for (const query of ['domain=x%20y', `domain=${'a'.repeat(33)}`, 'domian=PH4H'])
      assert.equal((await ask(`/fhir/ValueSet/a/$trusted-reference?${query}`)).status, 400, query)
  })

  it('as a draft has none, before and after', async () => {
    await put('d', { status: 'draft' })
    for (const path of ['ValueSet/d', 'ValueSet/d/_history/1', 'ValueSet/none', 'ValueSet/a/_history/99']) {
      const { status, body } = await ask(`/fhir/${path}/$trusted-reference`)
      assert.deepEqual([status, json(body).resourceType], [404, 'OperationOutcome'], path)
    }
    await put('d')
    assert.equal((await ask('/fhir/ValueSet/d/_history/1/$trusted-reference')).status, 404)
    assert.equal((await ask('/fhir/ValueSet/d/_history/2/$trusted-reference')).status, 200)
  })

  it('and retired or deleted stays readable', async () => {
    await put('gone')
    const { url } = await referenceOf('ValueSet/gone/_history/1')
    const { body } = await ask(pathOf(url))
    assert.equal((await put('gone', { status: 'retired' })).status, 200)
    await ask('/fhir/ValueSet/gone', { method: 'DELETE', headers: writing })
    assert.deepEqual((await ask(pathOf(url))).body, body)
    assert.equal((await referenceOf('ValueSet/gone/_history/1')).url, url)
    assert.equal((await ask('/fhir/ValueSet/gone/$trusted-reference')).status, 410)
  })

  it('is in the manifest at once', async () => {
    const named = async () => {
      const { body } = await ask('/trusted/ValueSet')
      return Buffer.from(String(body).split('.')[1] ?? '', 'base64url').toString()
    }
    await put('m')
    assert.match(await named(), /ValueSet\/m\|1/)
    await put('m', { status: 'retired' })
    assert.doesNotMatch(await named(), /ValueSet\/m\|1/)
  })
})

describe('the addresses of references', () => {
  const content = async () => {
    const { url } = await referenceOf('ValueSet/a/_history/1')
    return pathOf(url).replace(/\.jws$/, '')
  }

  it('answer GET and HEAD, pieces, and 304, in no other format', async () => {
    const path = await content()
    const whole = await ask(path, { headers: { 'Accept-Encoding': 'gzip' } })
    assert.equal(whole.status, 200)
    assert.equal(whole.headers['content-encoding'], undefined)
    assert.equal(whole.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(whole.headers.vary, 'Accept')
    for (const query of ['_format=xml', '_pretty=true', '_summary=true', '_elements=url', 'x=%zz'])
      assert.deepEqual((await ask(`${path}?${query}`)).body, whole.body, query)
    for (const accept of ['application/fhir+xml', 'text/html', 'application/fhir+json;fhirVersion=5.0'])
      assert.deepEqual((await ask(path, { headers: { Accept: accept } })).body, whole.body, accept)
    const head = await ask(path, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body.length], [200, 0])
    assert.equal(head.headers['content-length'], String(whole.body.length))
    assert.equal(head.headers['repr-digest'], whole.headers['repr-digest'])
    const piece = await ask(path, { headers: { Range: 'bytes=1-9' } })
    assert.deepEqual([piece.status, piece.body], [206, whole.body.subarray(1, 10)])
    // The digest is that of the whole (RFC 9530 §3).
    assert.equal(piece.headers['repr-digest'], whole.headers['repr-digest'])
    const fresh = await ask(path, { headers: { 'If-None-Match': String(whole.headers.etag) } })
    assert.equal(fresh.status, 304)
  })

  it('take nothing in, whoever sends it', async () => {
    const path = await content()
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
      const { status, headers } = await ask(path, { method, headers: writing, body: valueSet('a') })
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD, OPTIONS'], method)
    }
    assert.equal((await ask(path, { method: 'OPTIONS' })).status, 204)
  })

  it('are found in no other spelling', async () => {
    const path = await content()
    const id = path.split('/').at(-1) ?? ''
    const others = [
      `/fhir/r/${id}/`,
      `/fhir/r/${id}.jws.jws`,
      `/fhir/r/%2e/${id}`,
      `/fhir/r/../r/${id}`,
      `/fhir/r/..%2fr%2f${id}`,
      `/fhir/%72/${id}`,
      `/fhir//r/${id}`,
      `/fhir/R/${id}`,
      `/r/${id}`,
      `/fhir/r/${id}%00`,
      '/fhir/r/AAAAAAAAAAAAAAAAAAAAAA',
      '/fhir/r/AAAAAAAAAAAAAAAAAAAAAA.jws',
      '/fhir/r/',
      '/fhir/r',
    ]
    for (const other of others) {
      const { status, headers, body } = await ask(other)
      assert.ok(status === 404 || status === 400, `${other}: ${status}`)
      assert.equal(json(body).resourceType, 'OperationOutcome', other)
      assert.ok(headers['cache-control'] === undefined || headers['cache-control'] === 'no-store', other)
    }
  })

  it('cannot be told another content by what is asked beside', async () => {
    const path = await content()
    const { body: signed } = await ask(path, { headers: { Accept: 'application/jose' } })
    const { body: plain } = await ask(path)
    const { body: again } = await ask(path, { headers: { Accept: 'application/jose' } })
    assert.notDeepEqual(signed, plain)
    assert.deepEqual(again, signed)
    const attempts: Record<string, string>[] = [
      { 'X-Forwarded-Host': 'evil.example' },
      { Host: 'evil.example' },
      { 'X-Original-URL': '/fhir/metadata' },
      { 'X-HTTP-Method-Override': 'PUT' },
      { Accept: 'application/jose, application/fhir+json' },
      { Authorization: 'Bearer x' },
    ]
    for (const headers of attempts)
      assert.deepEqual((await ask(path, { headers })).body, plain, JSON.stringify(headers))
  })
})

test('operations on a version are those that say so', async () => {
  for (const path of [
    'ValueSet/a/_history/1/$expand',
    'ValueSet/a/_history/$trusted-reference',
    'ValueSet/a/x/1/$trusted-reference',
  ])
    assert.equal((await ask(`/fhir/${path}`)).status, 404, path)
  const allow = (await ask('/fhir/ValueSet/a/_history/1/$trusted-reference', { method: 'DELETE', headers: writing }))
    .headers.allow
  assert.match(String(allow), /GET, POST/)
})

test('a manifest and its keys are the same after a restart', async () => {
  const own = await start('restart', { DEVELOPMENT_TOKEN: token })
  const body = {
    ...valueSet('a'),
    compose: { include: [{ system: 'http://example.org/c', concept: [{ code: 'a' }] }] },
  }
  await own.ask('/fhir/ValueSet/a', { method: 'PUT', headers: writing, body })
  const shown = async ({ ask: asked }: Pick<typeof own, 'ask'>) =>
    Promise.all(
      ['/trusted/ValueSet', '/trusted/$evaluate', '/.well-known/jwks.json', '/.well-known/did.json'].map(
        async (path) => (await asked(path)).headers.etag,
      ),
    )
  const before = await shown(own)
  const wanted = await own.server.provenance().manifests()
  await own.close()
  const again = await start('restart')
  assert.deepEqual(await shown(again), before)
  assert.deepEqual(await again.server.provenance().manifests(), wanted)
})

test('a production server without a key publishes content, signs nothing, and says so', async () => {
  const own = await start('production', { NODE_ENV: 'production' })
  await own.server.storage.write([{ method: 'PUT', type: 'ValueSet', id: 'a', resource: valueSet('a') }])
  const reference = json((await own.ask('/fhir/ValueSet/a/$trusted-reference')).body)
  assert.deepEqual([reference.signatureType, reference.contentType], ['NONE', 'application/fhir+json'])
  const { body } = await own.ask(pathOf(reference.url))
  assert.equal(createHash('sha256').update(body).digest('hex'), reference.thumbprint)
  assert.equal((await own.ask(`${pathOf(reference.url)}.jws`)).status, 404)
  assert.equal((await own.ask('/trusted/ValueSet')).status, 404)
  assert.deepEqual(json((await own.ask('/.well-known/jwks.json')).body), { keys: [] })
  assert.deepEqual(await own.server.provenance().manifests(), [])
  assert.match(own.server.signing.warnings(new Date()).join(), /not signed/)
})

test('a key that is missing takes nothing back that was registered', async () => {
  const settings = { NODE_ENV: 'production', SIGNING_KEY: fileIn(folder, testSigner('P-256').key) }
  const own = await start('lost', settings)
  assert.equal((await own.server.provenance().manifests())?.length, 1)
  await own.close()
  const without = await start('lost', { NODE_ENV: 'production' })
  assert.equal(await without.server.provenance().manifests(), undefined)
})

test('with a key of its operator a production server signs, and shows the key to come', async () => {
  const [current, next] = [testSigner('P-256'), testSigner('P-256', 'next')]
  const own = await start('keys', {
    NODE_ENV: 'production',
    SIGNING_KEY: fileIn(folder, current.key),
    SIGNING_CERTIFICATE: fileIn(folder, current.cert),
    SIGNING_KEY_NEXT: fileIn(folder, next.key + next.cert),
  })
  const { keys } = json((await own.ask('/.well-known/jwks.json')).body)
  assert.deepEqual(
    keys.map(({ x5c: [first] }: { x5c: string[] }) => first),
    [current, next].map(({ certificate }) => certificate.raw.toString('base64')),
  )
  const { body } = await own.ask('/trusted/$evaluate')
  const { protectedHeader } = await compactVerify(body, current.certificate.publicKey)
  assert.equal(protectedHeader.iss, 'did:web:health.example')
  assert.deepEqual(protectedHeader.x5c, [current.certificate.raw.toString('base64')])
})

test('a key that cannot be used stops the start in plain words', async () => {
  const { key, cert } = testSigner('P-256')
  const open = fileIn(folder, key, 0o644)
  await assert.rejects(start('broken', { SIGNING_KEY: open, SIGNING_CERTIFICATE: fileIn(folder, cert) }), (error) => {
    assert.ok(error instanceof Error && 'code' in error)
    assert.match(error.message, /^SIGNING_KEY: .*chmod 600/)
    return true
  })
})

test('a public address that is too long for the network is told', async () => {
  assert.deepEqual(server.provenance().warnings(), [])
  const long = await start('long', { BASE_URL: `https://health.example/${'a'.repeat(60)}` })
  assert.match(long.server.provenance().warnings().join(), /BASE_URL is too long/)
  await close()
})
