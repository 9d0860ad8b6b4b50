/** That nothing leaves the machine with NETWORK=off: every way out is a trap. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import dnsPromises from 'node:dns/promises'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import tls from 'node:tls'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { issueHealthLink, linkClaims } from '../../src/demo/issue-health-link.ts'
import { issueCard, sampleCard } from '../../src/demo/issue-shc.ts'
import { createNetworkClient } from '../../src/network/network-client.ts'
import type { VidimusServer } from '../../src/server.ts'
import { type GatewayBench, startBench } from '../gateway/stand-in.ts'
import { hostCertificate } from '../support/https-peer.ts'
import { openTestServer } from '../support/loaded-server.ts'

/** Every function that opens a way out throws and is told. */
function trap(t: TestContext): string[] {
  const sprung: string[] = []
  const spring = (name: string) => () => {
    sprung.push(name)
    throw new Error(`${name} was called`)
  }
  t.mock.method(Socket.prototype, 'connect', spring('connect'))
  t.mock.method(dns, 'lookup', spring('dns.lookup'))
  t.mock.method(dnsPromises, 'lookup', spring('dns/promises.lookup'))
  t.mock.method(dns, 'resolve', spring('dns.resolve'))
  t.mock.method(tls, 'connect', spring('tls.connect'))
  t.mock.method(dgram, 'createSocket', spring('dgram'))
  t.mock.method(http, 'request', spring('http.request'))
  t.mock.method(https, 'request', spring('https.request'))
  t.mock.method(globalThis, 'fetch', spring('fetch'))
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return sprung
}

const url = 'https://files.example/m'
const key = Buffer.alloc(32, 7)

/** Credentials that name addresses in every place where they have one. */
function credentials(dataDir: string): string[] {
  const now = new Date()
  const { privateKey, keyId, certificate } = demoIssuer(dataDir, now)
  const link = issueHealthLink({ url, key, flag: 'L' }, 'vhlink')
  const seconds = Math.floor(now.getTime() / 1000)
  const claims = linkClaims([link], { issuer: demoCountry, issuedAt: seconds - 60, expires: seconds + 3600 })
  const card = sampleCard({ issuer: 'https://issuer.example/cards', issuedAt: new Date(now.getTime() - 60_000) })
  const header = { jku: 'https://issuer.example/jwks.json', x5u: 'https://issuer.example/x5u' }
  return [
    issueHcert(claims, { privateKey, keyId, algorithm: 'ES256' }),
    link,
    issueHealthLink({ url, key, flag: 'U' }, 'shlink', 'https://viewer.example/'),
    ...issueCard(card, { privateKey, publicKey: certificate.publicKey }, { header }),
  ]
}

const question = (credential: string, followLinks: boolean) => ({
  resourceType: 'Parameters' as const,
  parameter: [
    { name: 'credential', valueString: credential },
    ...(followLinks ? [{ name: 'followLinks', valueBoolean: true }] : []),
  ],
})

describe('NETWORK=off', () => {
  it('opens no connection whatever is asked, and the traps are good ones', async (t) => {
    const off = await openTestServer({ NETWORK: 'off' })
    const on = await openTestServer({ NETWORK: 'on' })
    const texts = credentials(on.dataDir)
    const own = credentials(off.dataDir)
    const sprung = trap(t)
    try {
      for (const text of own) {
        await off.server.evaluate.answer(question(text, false), {})
        await assert.rejects(off.server.evaluate.answer(question(text, true), {}), { status: 400 })
      }
      assert.deepEqual(sprung, [])
      for (const text of texts) await on.server.evaluate.answer(question(text, false), {})
      assert.deepEqual(sprung, [])
      const [certificate = ''] = texts
      await on.server.evaluate.answer(question(certificate, true), {}).catch(() => {})
      assert.notDeepEqual(sprung, [])
    } finally {
      await off.close()
      await on.close()
    }
  })
  it('is refused by the client before it looks at anything', async (t) => {
    const sprung = trap(t)
    const client = createNetworkClient({
      isOn: false,
      hosts: [{ host: 'files.example', port: 443, address: '127.0.0.1' }],
    })
    await assert.rejects(client.request({ url }), { name: 'NetworkError', fault: 'off' })
    await assert.rejects(client.request({ url: 'nonsense' }), { fault: 'off' })
    client.close()
    assert.deepEqual(sprung, [])
  })
})

describe('NETWORK=off with everything remote in the configuration', () => {
  /** Trust lists, gateways, registration, mirroring, links: what a ministry of the network has. */
  const environment = ({ folder, gateway, hosts }: GatewayBench): Record<string, string> => ({
    BASE_URL: 'https://own.example',
    TRUST_LISTS: JSON.stringify([
      {
        name: 'did',
        kind: 'did-v2',
        location: 'https://lists.example/v2/trustlist/did.json',
        key: join(folder, 'key.json'),
      },
      {
        name: 'cards',
        kind: 'jwks',
        location: 'https://cards.example/.well-known/jwks.json',
        issuer: 'https://cards.example',
      },
      { name: 'tng', kind: 'gateway', location: 'main' },
      { name: 'issuers', kind: 'issuers', location: 'main' },
    ]),
    NETWORK_HOSTS: JSON.stringify([...hosts, { host: 'lists.example', port: 443, address: '127.0.0.1' }]),
    GATEWAY_URL: gateway.url,
    GATEWAY_COUNTRY: 'XA',
    GATEWAY_TLS_CERTIFICATE: join(folder, 'XA_TLS.pem'),
    GATEWAY_TLS_KEY: join(folder, 'XA_TLS.key'),
    GATEWAY_UPLOAD_CERTIFICATE: join(folder, 'XA_UP.pem'),
    GATEWAY_UPLOAD_KEY: join(folder, 'XA_UP.key'),
    GATEWAY_CA: join(folder, 'TNG_TLS.pem'),
    GATEWAY_TRUST_ANCHOR: join(folder, 'TNG_TA.pem'),
    MIRROR: '[{"participant":"XXB","runRules":true}]',
  })
  /** Everything that goes out by itself, and what somebody may ask for; each with the traps that it sprang. */
  const ways = async (server: VidimusServer, due: (() => void)[], sprung: string[]) => {
    const told: Record<string, boolean> = {}
    const way = async (name: string, run: () => Promise<unknown>) => {
      sprung.length = 0
      await run().catch(() => undefined) // a trap is an error
      told[name] = sprung.length > 0
    }
    await way('trust lists', () => server.trust.reload())
    await way('mirroring', () => server.mirror.refresh(true))
    await way('registration', () => server.registration.look('https://own.example/fhir/r/a.jws'))
    for (const { client } of server.registration.gateways) {
      await way('a gateway’s countries', () => client.countries())
      await way('a gateway’s revocations', () => client.revocationList('2021-06-01T00:00:00Z'))
    }
    await way('all that runs beside a server', async () => {
      // What would run later runs now, and what follows it.
      for (let turn = 0; turn < 20; turn++) {
        for (const run of due.splice(0)) run()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })
    return told
  }
  it('opens no socket and asks no resolver, and with NETWORK=on each of its ways does', async (t) => {
    const bench = await startBench()
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(join(bench.folder, 'key.json'), JSON.stringify(publicKey.export({ format: 'jwk' })))
    const told: Record<string, Record<string, boolean>> = {}
    try {
      for (const NETWORK of ['off', 'on']) {
        const due: (() => void)[] = []
        const after = (_milliseconds: number, run: () => void) => {
          due.push(run)
          return () => {}
        }
        const opened = await openTestServer({ ...environment(bench), NETWORK }, { after })
        // Node asks its resolver for the address that it listens at.
        await opened.server.listen()
        const sprung = trap(t)
        t.mock.method(process.stderr, 'write', () => true)
        told[NETWORK] = await ways(opened.server, due, sprung)
        t.mock.restoreAll()
        syncBuiltinESMExports()
        await opened.close()
      }
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
      await bench.close()
    }
    const names = Object.keys(told.off ?? {})
    assert.equal(names.length, 6)
    assert.deepEqual(told, {
      off: Object.fromEntries(names.map((name) => [name, false])),
      on: Object.fromEntries(names.map((name) => [name, true])),
    })
  })
})

describe('the environment', () => {
  it('cannot put a proxy in the way', async (t) => {
    let asked = 0
    const proxy = createServer((socket) => {
      asked++
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    t.after(() => void proxy.close())
    const address = proxy.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { key: hostKey, cert, ca } = hostCertificate('peer.example')
    const program = `
      import https from 'node:https'
      import { once } from 'node:events'
      import { createNetworkClient } from ${JSON.stringify(new URL('../../src/network/network-client.ts', import.meta.url).href)}
      const { key, cert, ca } = ${JSON.stringify({ key: hostKey, cert, ca })}
      const peer = https.createServer({ key, cert }, (_, response) => response.end('here')).listen(0, '127.0.0.1')
      await once(peer, 'listening')
      const { port } = peer.address()
      const client = createNetworkClient({ isOn: true, hosts: [{ host: 'peer.example', port, address: '127.0.0.1', ca }] })
      const { body } = await client.request({ url: 'https://peer.example:' + port + '/' })
      process.stdout.write(body)
      peer.close()`
    const url = `http://127.0.0.1:${port}`
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY', 'all_proxy']
    const environment = Object.fromEntries(names.map((name) => [name, url]))
    // A proxy runs in this process, so the other one must not hold it up.
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...environment, NODE_USE_ENV_PROXY: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (part) => {
      said += part
    })
    await once(child, 'close')
    assert.equal(said, 'here')
    assert.equal(asked, 0)
    // What it is about: Node's own client goes through the proxy.
    const control = spawn(process.execPath, ['-e', "fetch('https://peer.example/').catch(() => {})"], {
      env: { ...environment, NODE_USE_ENV_PROXY: '1' },
      stdio: 'ignore',
    })
    await once(control, 'close')
    assert.notEqual(asked, 0)
  })
})
