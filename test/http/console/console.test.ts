/** The console as it is served: its page at the addresses of its views, under a policy of its own; its files, packed or not; nothing else. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as ask, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import express from 'express'
import { type ConsoleFiles, openConsole } from '../../../src/http/console/console-files.ts'
import { consolePage } from '../../../src/http/console/console-page.ts'
import { consoleHandlers, consolePaths } from '../../../src/http/console/serve-console.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-console-'))
const built = join(folder, 'console')
mkdirSync(built)
writeFileSync(join(folder, 'secret.js'), 'secret')
const script = 'export const a = 1\n'.repeat(100)
const packed = brotliCompressSync(script)
writeFileSync(join(built, 'main-A.js'), script)
writeFileSync(join(built, 'main-A.js.br'), packed)
writeFileSync(join(built, 'unlisted.js'), 'unlisted')
writeFileSync(join(built, 'scan-A.wasm'), 'wasm')
const file = (bytes: number, packed?: number) => ({ bytes, sha256: '0', ...(packed !== undefined && { packed }) })
const manifest = {
  sources: '0',
  script: 'main-A.js',
  style: 'main-A.css',
  preload: ['chunk-A.js'],
  files: { 'main-A.js': file(script.length, packed.length), 'scan-A.wasm': file(4), 'gone-A.js': file(1) },
}
writeFileSync(join(built, 'manifest.json'), JSON.stringify(manifest))
const servers: (() => void)[] = []
after(() => {
  for (const close of servers) close()
  rmSync(folder, { recursive: true, force: true })
})

async function serve(found: ConsoleFiles | undefined) {
  const app = express()
  const software = { name: 'vidimus', version: '1"<b>', releaseDate: '2026-01-01' }
  const handlers = consoleHandlers(software, { basePath: '/a"b/fhir', types: ['ValueSet'] }, found)
  app.get(consolePaths, handlers.page)
  app.get('/console/:name', handlers.file)
  app.use((error: { status?: number }, _request: unknown, response: express.Response, _next: unknown) => {
    response.status(error.status ?? 500).end()
  })
  const http = createServer(app)
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  servers.push(() => http.close())
  const address = http.address()
  const port = typeof address === 'object' && address ? address.port : 0
  /** Sent as it is written: no client puts a path in order. */
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((done, fail) => {
      ask({ port, path, headers, method, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      })
        .on('error', fail)
        .end()
    })
}

describe('the console as it is served', async () => {
  const get = await serve(openConsole(built))

  it('is one page at the addresses of all views', async () => {
    const paths = ['/', '/verify', '/catalogue/ValueSet/x', '/workbench', '/trust/', '/status', '/manual/operator']
    for (const path of paths) {
      const { status, headers, body } = await get(path)
      assert.equal(status, 200, path)
      assert.match(String(headers['content-type']), /^text\/html/)
      assert.match(body.toString(), /src="\/console\/main-A\.js"/)
    }
    for (const path of ['/verifying', '/console', '/catalogues', '/admin', '//catalogue'])
      assert.equal((await get(path)).status, 404, path)
  })

  it('may run scripts of its own, and can be framed by nobody', async () => {
    const { headers, body } = await get('/')
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /require-trusted-types-for 'script'/)
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/)
    assert.doesNotMatch(body.toString(), /<script(?![^>]* src=)|style=|onload=|javascript:/i)
  })

  it('puts nothing into the page that is not escaped', async () => {
    const text = (await get('/')).body.toString()
    assert.match(text, /content="\/a&#34;b\/fhir"/)
    assert.doesNotMatch(text, /<b>/)
  })

  it('sends files packed to those who take it, for ever', async () => {
    for (const accept of ['br', 'gzip, br', 'gzip, deflate, br;q=0.5', 'BR']) {
      const { status, headers, body } = await get('/console/main-A.js', { 'accept-encoding': accept })
      assert.equal(status, 200)
      assert.equal(headers['content-encoding'], 'br', accept)
      assert.equal(brotliDecompressSync(body).toString(), script)
      assert.match(String(headers['cache-control']), /immutable/)
      assert.match(String(headers.vary), /Accept-Encoding/)
    }
    for (const accept of ['gzip', 'br;q=0', 'brotli', '']) {
      const { headers, body } = await get('/console/main-A.js', accept ? { 'accept-encoding': accept } : {})
      assert.equal(headers['content-encoding'], undefined, accept)
      assert.equal(body.toString(), script)
    }
    const wasm = await get('/console/scan-A.wasm', { 'accept-encoding': 'br' })
    assert.equal(wasm.headers['content-type'], 'application/wasm')
    assert.equal(wasm.headers['content-encoding'], undefined)
  })

  it('has no file that the build does not list', async () => {
    const names = [
      'unlisted.js',
      'main-A.js.br',
      'manifest.json',
      '..%2fsecret.js',
      '%2e%2e%2fsecret.js',
      'toString',
      '__proto__',
    ]
    for (const name of [...names, 'constructor.js', 'main-A.js%00', '..\\secret.js'])
      assert.equal((await get(`/console/${name}`)).status, 404, name)
  })

  it('says that a file is wanting when it was taken away', async () => {
    assert.equal((await get('/console/gone-A.js')).status, 500)
  })
})

describe('a console that is built anew while it is served', async () => {
  const place = join(folder, 'again')
  const build = (name: string) => {
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place)
    writeFileSync(join(place, `main-${name}.js`), name)
    writeFileSync(join(place, 'same.js'), name)
    const files = { [`main-${name}.js`]: file(1), 'same.js': file(1) }
    writeFileSync(
      join(place, 'manifest.json'),
      JSON.stringify({ sources: name, script: `main-${name}.js`, style: 'x.css', preload: [], files }),
    )
  }
  build('A')
  const get = await serve(openConsole(place))

  it('is the new one at once: its page, its files, and none of the old', async () => {
    assert.match((await get('/')).body.toString(), /main-A\.js/)
    assert.equal((await get('/console/same.js')).body.toString(), 'A')
    build('Bee')
    assert.match((await get('/')).body.toString(), /main-Bee\.js/)
    assert.equal((await get('/console/main-Bee.js')).status, 200)
    assert.equal((await get('/console/main-A.js')).status, 404)
    assert.equal((await get('/console/same.js')).body.toString(), 'Bee', 'nothing of the old is kept')
  })

  it('is not there between two builds, which is no fault of the server', async () => {
    build('Cee')
    assert.equal((await get('/')).status, 200)
    rmSync(place, { recursive: true, force: true })
    assert.equal((await get('/')).status, 200, 'the page is known')
    assert.equal((await get('/console/main-Cee.js')).status, 404)
    build('D')
    assert.equal((await get('/console/main-D.js')).status, 200)
  })
})

describe('without a console', async () => {
  const get = await serve(openConsole(join(folder, 'none')))

  it('shows where the interfaces are, and has no views', async () => {
    const { status, body } = await get('/')
    assert.equal(status, 200)
    assert.match(body.toString(), /\/fhir\/metadata/)
    assert.doesNotMatch(body.toString(), /<script/)
    assert.equal((await get('/catalogue')).status, 404)
    assert.equal((await get('/console/main-A.js')).status, 404)
  })
})

describe('specimens', () => {
  const facts = { basePath: '/fhir', software: 'a', links: '' }
  it('are asked for where they are, and nowhere else', () => {
    assert.match(consolePage(manifest, { ...facts, hasSpecimens: true }), /<meta name="specimens"/)
    assert.doesNotMatch(consolePage(manifest, { ...facts, hasSpecimens: false }), /specimens/)
  })
})
