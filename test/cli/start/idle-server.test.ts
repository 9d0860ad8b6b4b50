/** What a server that nobody asks has not read into memory, and does not read for a verdict either. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { demoCountry, demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimenOf } from '../../support/evaluate-question.ts'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'

/** In the server: tells on SIGUSR2, in one line, what was read, and how often tables of languages were asked for. */
const telling = `
  import { registerHooks } from 'node:module'
  const read = []
  registerHooks({
    load(url, context, next) {
      read.push(url)
      return next(url, context)
    },
  })
  let formats = 0
  Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {
    construct(target, args, made) {
      formats += 1
      return Reflect.construct(target, args, made)
    },
  })
  process.on('SIGUSR2', () => {
    const packages = read.flatMap((url) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1] ?? [])
    const own = process.moduleLoadList.map((each) => each.replace('NativeModule ', ''))
    console.log('TOLD ' + JSON.stringify({ packages: [...new Set(packages)], own, formats }))
  })`

interface Told {
  packages: string[]
  own: string[]
  formats: number
}

describe('A server that nobody asks', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-idle-'))
  let server: ServerProcess | undefined
  before(async () => {
    const preload = `--import=data:text/javascript,${encodeURIComponent(telling)}`
    server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off', NODE_OPTIONS: preload })
    await server.ready()
  })
  after(async () => {
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function told(): Promise<Told> {
    const known = server?.output().length ?? 0
    server?.process.kill('SIGUSR2')
    for (;;) {
      const line = /^TOLD (.*)\n/m.exec(server?.output().slice(known) ?? '')?.[1]
      if (line !== undefined) return JSON.parse(line)
      await new Promise((next) => setTimeout(next, 20))
    }
  }

  it('has what a verdict needs, and no engine that none needs', async () => {
    const { packages, own, formats } = await told()
    for (const each of ['cql-execution', 'express']) assert.ok(packages.includes(each), `${each} is watched at all`)
    assert.ok(own.includes('http'))
    for (const each of ['fhirpath', 're2js', 'jsonld', 'mongodb'])
      assert.ok(!packages.includes(each), `${each} was read`)
    for (const each of ['internal/deps/undici/undici', 'http2']) assert.ok(!own.includes(each), `${each} was read`)
    assert.equal(formats, 0)
  })

  it('reads no more of them for a verdict', async () => {
    const now = new Date()
    const body = JSON.stringify(specimenOf({ issuer: demoIssuer(dataDir, now), country: demoCountry, now }))
    const headers = { 'Content-Type': 'application/fhir+json' }
    const before = await told()
    const reply = await fetch(`${server?.url}/fhir/$evaluate`, { method: 'POST', body, headers })
    assert.match(await reply.text(), /"accepted"/)
    assert.deepEqual((await told()).packages, before.packages)
  })

  it('reads an engine with the first expression that needs it', () => {
    const source = new URL('../../../src/', import.meta.url).href
    const program = `
      import { registerHooks } from 'node:module'
      const read = []
      registerHooks({ load: (url, context, next) => (read.push(url), next(url, context)) })
      const has = (name) => read.some((url) => url.includes('/node_modules/' + name + '/'))
      const { compileFhirPath } = await import('${source}fhir/fhirpath/fhirpath.ts')
      const { safeRegex } = await import('${source}fhir/safe-regex.ts')
      const found = [safeRegex('(a|b)+c').test('abc'), has('fhirpath'), has('re2js')]
      found.push(compileFhirPath('1 + 1')({}), has('fhirpath'))
      found.push(safeRegex('.*a.*b.*c').test('x'.repeat(300000)), has('re2js'))
      console.log(JSON.stringify(found))`
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.deepEqual(JSON.parse(told), [true, false, false, [2], true, false, true])
  })
})
