import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../../src/config.ts'
import { createServer } from '../../../src/server.ts'
import { type GatewayBench, startBench } from '../../gateway/stand-in.ts'
import { type HttpsPeer, startHttpsPeer } from '../../support/https-peer.ts'
import { runCommand } from '../../support/run-command.ts'

const artefact = Buffer.from('{"resourceType":"ValueSet"}')

describe('vidimus register, and the server that does the same', () => {
  let bench: GatewayBench
  let files: HttpsPeer
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-register-'))
  before(async () => {
    bench = await startBench()
    files = await startHttpsPeer((request, response) => {
      if (request.url !== '/a.json') return void response.writeHead(404).end()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' }).end(artefact)
    })
  })
  after(async () => {
    await Promise.all([bench.close(), files.close()])
    rmSync(dataDir, { recursive: true, force: true })
  })

  const environment = () => ({
    DATA_DIR: dataDir,
    PORT: '0',
    ACCESS_LOG: 'off',
    BASE_URL: 'https://own.example',
    TRUST_LISTS: '[]',
    ...bench.environment('XA'),
    NETWORK_HOSTS: JSON.stringify([...bench.hosts, files.listed]),
    PUBLIC_TLS_CERTIFICATE: join(bench.folder, 'XA_DESC.pem'),
  })
  const vidimus = (...args: string[]) => runCommand(args, environment())
  const rows = () => bench.gateway.references.filter(({ url }) => url.startsWith(files.origin))

  it('an artefact of an address: shown, registered, told, withdrawn', async () => {
    const url = `${files.origin}/a.json`
    const how = ['register', '--url', url, '--service', 'ValueSet', '--domain', 'PH4H', '--name', 'a value set']
    const planned = await vidimus(...how, '--dry-run')
    assert.equal(planned.code, 0, planned.stderr)
    assert.match(planned.stdout, /^main: create ValueSet PH4H https:.*a\.json \(not in the list\)$/m)
    assert.equal(rows().length, 0)
    const done = await vidimus(...how)
    assert.equal(done.code, 0, done.stderr)
    const [row] = rows()
    assert.equal(row?.thumbprint, createHash('sha256').update(artefact).digest('hex'))
    assert.deepEqual(
      [row?.contentType, row?.signatureType, row?.name],
      ['application/fhir+json', 'NONE', 'a value set'],
    )
    const status = await vidimus('register', '--status', '--json')
    const [{ state, references, tlsValidTo }] = JSON.parse(status.stdout)
    assert.equal(state, 'ok')
    const told = references.find((each: { url: string }) => each.url === url)
    assert.deepEqual([told.state, told.uuid, told.thumbprint], ['registered', row?.uuid, row?.thumbprint])
    assert.equal(tlsValidTo, bench.pki.of('XA').tls.certificate.validToDate.toISOString())
    const trust = JSON.parse((await vidimus('trust', 'status')).stdout)
    assert.deepEqual(trust.gateways[0].references, references)
  })

  it('the server confirms it at its start, and shows the gateway in /health', async () => {
    bench.asked()
    const server = await createServer(readConfig(environment()))
    // The server tells its public address alone; this one is asked in its place.
    const beside = createHttpServer(server.handler).listen(0, '127.0.0.1')
    try {
      await once(beside, 'listening')
      const { port } = beside.address() as AddressInfo
      await server.listen()
      for (let tries = 0; tries < 100 && bench.asked().length === 0; tries++) await sleep(20)
      const health = (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as { gateways: object[] }
      assert.deepEqual(Object.keys(health.gateways[0] ?? {}), ['id', 'state'])
      assert.equal(rows().length, 1)
    } finally {
      beside.closeAllConnections()
      beside.close()
      await server.close()
    }
  })

  it('manifests of what is published: registered at their addresses, unchanged by another run', async () => {
    bench.asked()
    const done = await vidimus('register')
    assert.equal(done.code, 0, done.stderr)
    const manifests = bench.gateway.references.filter(({ url }) => url.startsWith('https://own.example/fhir/r/'))
    assert.ok(manifests.some(({ service }) => service === 'ValueSet'))
    for (const row of manifests) {
      assert.deepEqual([row.contentType, row.signatureType, row.country], ['application/jose', 'JWS', 'XA'])
      assert.equal(row.sslPublicKey, bench.pki.of('XA').desc.certificate.raw.toString('base64'))
      assert.equal(new Set(manifests.map(({ service, domain }) => `${service} ${domain}`)).size, manifests.length)
    }
    bench.asked()
    assert.equal((await vidimus('register')).code, 0)
    assert.deepEqual(bench.asked(), ['GET /trustList/references'])
  })

  it('everything withdrawn, until it is registered again', async () => {
    const count = bench.gateway.references.length
    const withdrawn = await vidimus('register', '--withdraw')
    assert.equal(withdrawn.code, 0, withdrawn.stderr)
    assert.equal(bench.gateway.references.length, 0)
    assert.equal((await vidimus('register')).code, 0)
    assert.equal(bench.gateway.references.length, count)
  })

  it('withdrawn by its address; what was never registered by itself cannot be', async () => {
    const withdrawn = await vidimus('register', '--withdraw', '--url', `${files.origin}/a.json`)
    assert.equal(withdrawn.code, 0, withdrawn.stderr)
    assert.equal(rows().length, 0)
    const again = await vidimus('register', '--withdraw', '--url', `${files.origin}/a.json`)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /no such reference/)
  })

  it('what is not public, and wrong use', async () => {
    const absent = await vidimus('register', '--url', `${files.origin}/b.json`, '--service', 'ValueSet')
    assert.equal(absent.code, 2)
    assert.match(absent.stderr, /answers 404: what is registered must be public/)
    for (const wrong of [
      ['--url', `${files.origin}/a.json`],
      ['--service', 'ValueSet'],
      ['--gateway', 'other'],
      ['--status', '--dry-run'],
      ['--status', '--withdraw'],
    ])
      assert.equal((await vidimus('register', ...wrong)).code, 2, wrong.join(' '))
    const nobody = await vidimus('register', '--url', 'https://localhost:1/a', '--service', 'ValueSet')
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /^https:\/\/localhost:1\/a: .*\n$/)
    const hidden = await runCommand(['register'], {
      ...environment(),
      PUBLIC_TLS_CERTIFICATE: '',
      BASE_URL: 'http://own.example',
    })
    assert.equal(hidden.code, 2)
    assert.match(hidden.stderr, /^BASE_URL must be the public https address.*\n$/)
    const off = await runCommand(['register'], { ...environment(), NETWORK: 'off' })
    assert.equal(off.code, 2)
    assert.match(off.stderr, /NETWORK=off/)
  })
})
