/** `vidimus mirror`, over a stand-in gateway, another participant's https server and real mutual TLS. */
import assert from 'node:assert/strict'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { knownMirrors } from '../../../src/gateway/mirror/records.ts'
import type { OpenGateway } from '../../../src/gateway/open-gateway.ts'
import type { ReferenceContent } from '../../../src/gateway/reference.ts'
import type { MirrorStatus } from '../../../src/server/mirror.ts'
import { createServer } from '../../../src/server.ts'
import { leaseTaker } from '../../../src/storage/lease.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { type GatewayBench, startBench } from '../../gateway/stand-in.ts'
import { type HttpsPeer, startHttpsPeer } from '../../support/https-peer.ts'
import { compactJws } from '../../support/mirror-bed.ts'
import { runCommand } from '../../support/run-command.ts'
import { startServerProcess } from '../../support/server-process.ts'

const valueSet = (name: string) => ({
  resourceType: 'ValueSet',
  id: name,
  url: `https://a.example/fhir/ValueSet/${name}`,
  version: '1.0.0',
  status: 'active',
  compose: { include: [{ system: 'http://example.org/colours', concept: [{ code: 'red' }] }] },
})

describe('vidimus mirror', () => {
  let bench: GatewayBench
  let peer: HttpsPeer
  let other: OpenGateway
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-mirror-'))
  const files = new Map<string, Buffer>()
  let upload: Parameters<typeof compactJws>[1]
  before(async () => {
    bench = await startBench()
    peer = await startHttpsPeer((request, response) => {
      if (request.url === '/elsewhere') return void response.writeHead(302, { Location: '/a.jws' }).end()
      const body = files.get(request.url ?? '')
      response.writeHead(body ? 200 : 404).end(body)
    })
    other = await bench.open('XA')
    const pem = (name: string) => readFileSync(join(bench.folder, name), 'utf8')
    upload = { certificate: new X509Certificate(pem('XA_UP.pem')), privateKey: createPrivateKey(pem('XA_UP.key')) }
  })
  after(async () => {
    await Promise.all([bench.close(), peer.close()])
    rmSync(dataDir, { recursive: true, force: true })
  })
  beforeEach(() => bench.gateway.references.splice(0))

  const environment = (more: Record<string, string> = {}) => ({
    DATA_DIR: dataDir,
    PORT: '0',
    ACCESS_LOG: 'off',
    BASE_URL: 'https://own.example',
    TRUST_LISTS: JSON.stringify([{ name: 'tng', kind: 'gateway', location: 'main' }]),
    ...bench.environment('XB', { reads: true }),
    NETWORK_HOSTS: JSON.stringify([...bench.hosts, peer.listed]),
    MIRROR: JSON.stringify([{ participant: 'XXA', service: 'ValueSet' }]),
    ...more,
  })
  /** Registers what stands at an address of the other participant. */
  const register = async (path: string, body: Buffer, change: Partial<ReferenceContent> = {}) => {
    files.set(path, body)
    await other.client.postReference({
      url: `${peer.origin}${path}`,
      country: 'XA',
      type: 'FHIR',
      service: 'ValueSet',
      thumbprint: createHash('sha256').update(body).digest('hex'),
      name: 'a value set',
      sslPublicKey: peer.certificate.toString('base64'),
      contentType: 'application/jose',
      signatureType: 'JWS',
      referenceVersion: '1',
      domain: 'DDCC',
      ...change,
    })
  }
  const signed = (name: string) => compactJws(Buffer.from(JSON.stringify(valueSet(name))), upload)
  const stateOf = (stdout: string, path: string) => {
    const { references }: MirrorStatus = JSON.parse(stdout)
    return references.find(({ url }) => url === `${peer.origin}${path}`)
  }

  it('mirrors what another participant registered, and tells how it stands', async () => {
    await register('/a.jws', signed('a'))
    const refreshed = await runCommand(['mirror', 'refresh'], environment())
    assert.equal(refreshed.code, 0, refreshed.stdout + refreshed.stderr)
    const { state, participant, warnings, artefacts } = stateOf(refreshed.stdout, '/a.jws')!
    assert.deepEqual([state, participant, warnings], ['mirrored', 'XXA', []])
    const [name = ''] = Object.keys(artefacts)
    const status = await runCommand(['mirror', 'status'], environment({ NETWORK: 'off' }))
    assert.equal(status.code, 0)
    assert.deepEqual(stateOf(status.stdout, '/a.jws'), stateOf(refreshed.stdout, '/a.jws'))
    const storage = await openStorage('sqlite:', { dataDir })
    const [type = '', id = ''] = name.split('/')
    assert.equal((await storage.read(type, id))?.resource?.meta?.source, `${peer.origin}/a.jws`)
    await storage.close()
  })

  it('refuses what is forged, what sends elsewhere and what stands on this machine, and says so', async () => {
    await register(
      '/forged.jws',
      compactJws(Buffer.from(JSON.stringify(valueSet('forged'))), {
        ...upload,
        privateKey: createPrivateKey(readFileSync(join(bench.folder, 'XB_UP.key'), 'utf8')),
      }),
    )
    await register('/elsewhere', signed('a'))
    const bodies = [
      'https://localhost/x',
      'https://127.0.0.1/x',
      'http://peer.example/x',
      `https://localhost:${bench.gateway.port}/countrylist`,
    ]
    // As somebody who sends past the checks of this software.
    const [row] = bench.gateway.references
    for (const [at, url] of bodies.entries())
      bench.gateway.references.push({ ...row!, url, uuid: `0000000${at}-0000-4000-8000-000000000000` })
    const { code, stdout } = await runCommand(['mirror', 'refresh'], environment())
    assert.equal(code, 1)
    assert.equal(stateOf(stdout, '/forged.jws')?.state, 'signature')
    assert.equal(stateOf(stdout, '/elsewhere')?.state, 'unreachable')
    const { references }: MirrorStatus = JSON.parse(stdout)
    for (const url of bodies)
      assert.ok(
        ['unreachable', 'thumbprint-mismatch'].includes(references.find((each) => each.url === url)?.state ?? ''),
        url,
      )
  })

  it('says what a gateway lacks, and takes nothing for gone then', async () => {
    await register('/kept.jws', signed('kept'))
    await runCommand(['mirror', 'refresh'], environment())
    bench.gateway.references.splice(0)
    bench.gateway.faults.push({ match: /references/, times: 9, status: 503 })
    const { code, stdout } = await runCommand(['mirror', 'refresh'], environment())
    bench.gateway.faults.splice(0)
    assert.equal(code, 1)
    const { lists }: MirrorStatus = JSON.parse(stdout)
    assert.ok(lists[0]?.error)
    assert.equal(stateOf(stdout, '/kept.jws')?.state, 'mirrored')
  })

  it('is done by one process at a time', async () => {
    await register('/one.jws', signed('one'))
    const server = await createServer(readConfig(environment()))
    const storage = await openStorage('sqlite:', { dataDir })
    const another = leaseTaker({ records: storage.records, job: 'mirror', holder: 'another', elapsed: () => 0 })
    const held = await another.take()
    assert.ok(held)
    assert.equal(await server.mirror.refresh(true), undefined)
    await held.release(undefined)
    await server.trust.reload()
    const both = await Promise.all([server.mirror.refresh(true), server.mirror.refresh(true)])
    assert.deepEqual(both, [{ failed: [] }, { failed: [] }])
    const { references } = await server.mirror.status()
    assert.equal(references.find(({ url }) => url.endsWith('/one.jws'))?.state, 'mirrored')
    await server.close()
    await storage.close()
  })

  it('is done beside a running server, in a process of its own that prints nothing', async () => {
    await register('/beside.jws', signed('beside'))
    const server = await startServerProcess(environment({ BASE_URL: '' }))
    const storage = await openStorage('sqlite:', { dataDir })
    try {
      const isMirrored = async () =>
        [...(await knownMirrors(storage.records)).values()].some(
          ({ url, state }) => url.endsWith('/beside.jws') && state === 'mirrored',
        )
      for (let tries = 0; !(await isMirrored()); tries++) {
        assert.ok(tries < 1_200, server.output())
        await new Promise((next) => setTimeout(next, 100))
      }
      assert.doesNotMatch(server.output(), /"references"|mirror:/)
    } finally {
      await server.stop()
      await storage.close()
    }
  })

  it('is asked for wrongly', async () => {
    const { MIRROR: _, ...without } = environment()
    for (const given of [without, environment({ NETWORK: 'off' })]) {
      const { code, stderr } = await runCommand(['mirror', 'refresh'], given)
      assert.equal(code, 2)
      assert.match(stderr, /MIRROR|NETWORK=off/)
    }
    const { code, stderr } = await runCommand(['mirror', 'status'], environment({ MIRROR: '[{"participant":1}]' }))
    assert.equal(code, 2)
    assert.match(stderr, /MIRROR: entry 1: participant/)
  })
})
