import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { startServerProcess } from '../../support/server-process.ts'

const root = resolve(import.meta.dirname, '../../..')
const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-large-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

function vidimus(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const options = { cwd: root, env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir } }
    execFile(process.execPath, ['src/main.ts', ...args], options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

function file(name: string, content: string): string {
  writeFileSync(join(dataDir, name), content)
  return join(dataDir, name)
}

const url = 'http://example.org/CodeSystem/places'

test('a running server serves what another process imports: CSV, a new version, FHIR JSON of 60,000 concepts', async () => {
  const server = await startServerProcess({ DATA_DIR: dataDir })
  const get = async (path: string) => {
    const reply = await fetch(`${server.url}/fhir/${path}`)
    return { status: reply.status, text: await reply.text() }
  }
  try {
    await server.ready()
    assert.equal((await get(`CodeSystem/$lookup?system=${url}&code=w`)).status, 404)
    const first = file('places.csv', 'code;display;parent\nw;World;\nno;Norway;w\nosl;Oslo;no\n')
    const imported = await vidimus(
      'import',
      first,
      '--code-system',
      url,
      '--code-system-version',
      '1',
      '--name',
      'Places',
    )
    assert.equal(imported.code, 0, imported.stderr)
    assert.match(imported.stdout, /places\.csv: 1 loaded[\s\S]*3 concepts of 3; in code-systems\/places-1-/)
    assert.match((await get(`CodeSystem/$lookup?system=${url}&code=osl`)).text, /"Oslo"/)
    assert.match((await get(`CodeSystem/$subsumes?system=${url}&codeA=w&codeB=osl`)).text, /"subsumes"/)

    const second = file('places2.csv', 'code;display;parent\nw;World;\nno;Noreg;w\n;nowhere;\n')
    const again = await vidimus('import', second, '--code-system', url, '--code-system-version', '2', '--json')
    assert.equal(again.code, 1, 'a concept was left out')
    assert.match(again.stdout, /line 4: no code/)
    const system = JSON.parse((await get(`CodeSystem?url=${url}&version=2`)).text).entry[0].resource
    assert.equal(system.count, 2)
    assert.equal(system.concept, undefined)
    assert.equal(JSON.parse((await get(`CodeSystem/${system.id}`)).text).version, '2')
    assert.match((await get(`CodeSystem/$lookup?system=${url}&code=no`)).text, /"Noreg"/)
    assert.match((await get(`CodeSystem/$lookup?system=${url}&code=no&version=1`)).text, /"Norway"/)
    assert.match((await get('metadata?mode=terminology')).text, new RegExp(`"uri":"${url}"`))

    const concept = Array.from({ length: 60_000 }, (_, i) => ({ code: `n${i}`, display: `Number ${i}` }))
    const large = {
      resourceType: 'CodeSystem',
      id: 'numbers',
      url: 'http://example.org/numbers',
      status: 'active',
      content: 'complete',
      concept,
    }
    mkdirSync(join(dataDir, 'folder'))
    file('folder/more.json', JSON.stringify({ ...large, id: 'more', url: 'http://example.org/more' }))
    const json = await vidimus('import', file('numbers.json', JSON.stringify(large)), join(dataDir, 'folder'))
    assert.match(json.stdout, /information 60000 concepts of 60000; in code-systems\/numbers-/, json.stderr)
    assert.match(json.stdout, /folder: 1 loaded[\s\S]*more\.json: 60000 concepts of 60000; in code-systems\/more-/)
    assert.match((await get('CodeSystem/$lookup?system=http://example.org/more&code=n59999')).text, /"Number 59999"/)
    assert.doesNotMatch((await get('CodeSystem/more')).text, /"concept"/)
    const page = JSON.parse(
      (await get('ValueSet/$expand?url=http://example.org/numbers?fhir_vs&offset=59990&count=20')).text,
    )
    assert.equal(page.expansion.total, 60_000)
    assert.equal(page.expansion.contains.length, 10)
  } finally {
    await server.stop()
  }
  // What was imported is found by the next server; what is damaged is said.
  const folder = join(dataDir, 'code-systems')
  const numbers = readdirSync(folder).find((name) => name.startsWith('numbers-')) ?? ''
  truncateSync(join(folder, numbers, 'index.bin'), 1000)
  const next = await startServerProcess({ DATA_DIR: dataDir })
  try {
    const ask = (system: string, code: string) =>
      fetch(`${next.url}/fhir/CodeSystem/$lookup?system=${system}&code=${code}`)
    assert.match(await (await ask(url, 'no')).text(), /"Noreg"/)
    const broken = await ask('http://example.org/numbers', 'n1')
    assert.equal(broken.status, 503)
    assert.match(await broken.text(), /http:\/\/example.org\/numbers cannot be read[^"]*1000 bytes/)
  } finally {
    await next.stop()
  }
})

test('import says what is missing', async () => {
  const path = file('nameless.csv', 'code\n1\n')
  const { code, stderr } = await vidimus('import', path)
  assert.equal(code, 2)
  assert.match(stderr, /nameless\.csv does not say which code system it is: give --code-system <url>/)
})
