import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls'
import { secretFileProblem } from '../../../src/files/secret-file.ts'
import { type ListenOptions, listen } from '../../../src/http/wire/running-server.ts'
import { readTlsIdentity } from '../../../src/http/wire/tls-identity.ts'
import { hostCertificate } from '../../support/https-peer.ts'

const name = 'vidimus.example'
const folder = mkdtempSync(join(tmpdir(), 'vidimus-tls-'))
const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
  rmSync(folder, { recursive: true, force: true })
})

let made = 0
/** Files of an identity, and how they are replaced. */
function identityFiles(first = hostCertificate(name)) {
  made += 1
  const files = { certificate: join(folder, `${made}.pem`), key: join(folder, `${made}.key`) }
  const put = ({ cert, key }: { cert: string; key: string }) => {
    writeFileSync(files.certificate, cert)
    writeFileSync(files.key, key, { mode: 0o600 })
  }
  put(first)
  return { files, put, first }
}

interface Started {
  asksClients?: boolean
  plain?: boolean
  limits?: ListenOptions['limits']
}

/** Both listeners, with a handler that says what it saw of the client. */
async function start({ asksClients = false, plain = true, limits }: Started = {}) {
  const { files, put, first } = identityFiles()
  const identity = readTlsIdentity(files, { now: () => new Date(), keyProblem: secretFileProblem })
  const told: (string | undefined)[] = []
  const running = await listen(
    (message, response) => {
      const { socket } = message
      const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
      response.end(JSON.stringify({ tls: socket instanceof TLSSocket, certificate: shown?.fingerprint256 ?? 'none' }))
    },
    {
      host: '127.0.0.1',
      port: plain ? 0 : undefined,
      tls: { port: 0, identity, asksClients, changed: (failure) => told.push(failure) },
      ...(limits ? { limits } : {}),
    },
  )
  ends.push(() => running.close(0))
  return { running, files, put, first, told }
}

/** What a TLS client is told, and what certificate it saw. */
async function ask(port: number | undefined, ca: string, more: ConnectionOptions = {}) {
  const options = { host: '127.0.0.1', port, servername: name, ca, headers: { host: name }, agent: false, ...more }
  const asked = request(options).end()
  const [response] = await once(asked, 'response')
  const { socket } = response
  const seen = { protocol: socket.getProtocol(), fingerprint: socket.getPeerX509Certificate()?.fingerprint256 }
  let text = ''
  for await (const chunk of response) text += chunk
  return { ...seen, ...JSON.parse(text) }
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256

describe('a TLS listener', () => {
  it('stands beside plain HTTP, and both have one handler', async () => {
    const { running, first } = await start()
    const { tls, protocol } = await ask(running.tlsPort, first.ca)
    assert.deepEqual({ tls, protocol }, { tls: true, protocol: 'TLSv1.3' })
    const asked = plainRequest({ host: '127.0.0.1', port: running.port, agent: false }).end()
    const [response] = await once(asked, 'response')
    let text = ''
    for await (const chunk of response) text += chunk
    assert.deepEqual(JSON.parse(text), { tls: false, certificate: 'none' })
  })

  it('may be the only one', async () => {
    const { running, first } = await start({ plain: false })
    assert.equal(running.port, undefined)
    assert.equal((await ask(running.tlsPort, first.ca)).tls, true)
  })

  it('speaks TLS 1.2, and nothing older', async () => {
    const { running, first } = await start()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    await assert.rejects(ask(running.tlsPort, first.ca, old), /alert|protocol|EPROTO|ECONNRESET|hang up/i)
    assert.equal((await ask(running.tlsPort, first.ca, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2')
  })

  it('asks for a certificate that none must have', async () => {
    const { running, first } = await start({ asksClients: true })
    assert.equal((await ask(running.tlsPort, first.ca)).certificate, 'none')
    const client = hostCertificate('client.example')
    const shown = await ask(running.tlsPort, first.ca, { cert: client.cert, key: client.key })
    assert.equal(shown.certificate, fingerprint(client.cert))
    const { running: silent, first: own } = await start()
    const unasked = await ask(silent.tlsPort, own.ca, { cert: client.cert, key: client.key })
    assert.equal(unasked.certificate, 'none')
  })

  it('lets what is no TLS go without an answer, and serves on', async () => {
    const { running, first } = await start()
    const socket = connect(running.tlsPort ?? 0, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString('latin1')))
    socket.on('error', () => {})
    await once(socket, 'close')
    assert.doesNotMatch(heard, /HTTP/)
    assert.equal((await ask(running.tlsPort, first.ca)).tls, true)
  })

  it('counts connections with those of plain HTTP, handshakes under way too', async () => {
    const { running, first } = await start({ limits: { connectionsOfOne: 2 } })
    const open = (port: number | undefined) => {
      const socket = connect(port ?? 0, '127.0.0.1')
      socket.on('error', () => {})
      return socket
    }
    const first2 = [open(running.port), open(running.tlsPort)]
    await Promise.all(first2.map((each) => once(each, 'connect')))
    const third = open(running.tlsPort)
    await once(third, 'close')
    for (const each of first2) each.destroy()
    const patience = Date.now() + 5000
    // The places are free again as soon as the server has seen the ends.
    for (;;) {
      try {
        assert.equal((await ask(running.tlsPort, first.ca)).tls, true)
        break
      } catch (error) {
        if (Date.now() > patience) throw error
      }
    }
  })

  it('gives places back that were used with TLS', async () => {
    const { running, first } = await start({ limits: { connectionsOfOne: 1 } })
    for (let round = 0; round < 5; round++) {
      const socket = connectTls({ host: '127.0.0.1', port: running.tlsPort ?? 0, servername: name, ca: first.ca })
      await once(socket, 'secureConnect')
      socket.end()
      await once(socket, 'close')
    }
    assert.equal(running.connections.mayWrite(1), true)
  })
})

describe('the certificate of a TLS listener', () => {
  it('is taken anew when its files change', async () => {
    const { running, put, first, told } = await start()
    assert.equal((await ask(running.tlsPort, first.ca)).fingerprint, fingerprint(first.cert))
    const next = hostCertificate(name)
    put(next)
    running.reload()
    assert.equal((await ask(running.tlsPort, next.ca)).fingerprint, fingerprint(next.cert))
    assert.deepEqual(told, [undefined])
    running.reload()
    assert.deepEqual(told, [undefined], 'what is the same is not told')
  })

  const other = hostCertificate(name)
  const broken: {
    what: string
    change(own: { cert: string; key: string }): { cert: string; key: string }
    told: RegExp
  }[] = [
    { what: 'no certificate', change: ({ key }) => ({ cert: 'nothing', key }), told: /holds no certificate in PEM/ },
    {
      what: 'half a certificate',
      change: ({ cert, key }) => ({ cert: cert.slice(0, 300), key }),
      told: /no certificate/,
    },
    { what: 'an empty file', change: ({ key }) => ({ cert: '', key }), told: /holds no certificate/ },
    {
      what: 'a key of another certificate',
      change: ({ cert }) => ({ cert, key: other.key }),
      told: /cannot be used together/,
    },
    { what: 'no key', change: () => ({ cert: other.cert, key: 'nothing' }), told: /cannot be used together/ },
  ]
  for (const { what, change, told: wanted } of broken)
    it(`stays when there comes ${what}`, async () => {
      const { running, put, first, told } = await start()
      put(change(first))
      running.reload()
      assert.match(told[0] ?? '', wanted)
      assert.doesNotMatch(told[0] ?? '', /BEGIN|nothing/)
      assert.equal((await ask(running.tlsPort, first.ca)).fingerprint, fingerprint(first.cert))
    })

  it('stays when its files are gone, or its key is open to others', async () => {
    const { running, files, put, first, told } = await start()
    put(hostCertificate(name))
    chmodSync(files.key, 0o644)
    running.reload()
    chmodSync(files.key, 0o600)
    rmSync(files.certificate)
    running.reload()
    assert.match(told.join('\n'), /mode 0644[\s\S]*cannot be read/)
    assert.equal((await ask(running.tlsPort, first.ca)).fingerprint, fingerprint(first.cert))
  })

  it('stays when the new one is not valid now, and that is a warning at the start', () => {
    const { files, put } = identityFiles()
    let now = new Date()
    const identity = readTlsIdentity(files, { now: () => now })
    assert.deepEqual(identity.warnings(), [])
    now = new Date(Date.now() + 10 * 86_400_000)
    put(hostCertificate(name))
    const found = identity.refresh()
    assert.match(found.state === 'refused' ? found.why : '', /has ended/)
    assert.match(
      readTlsIdentity(files, { now: () => now })
        .warnings()
        .join(),
      /has ended/,
    )
  })

  it('is held against the host of the public address, where that is known', () => {
    const { files } = identityFiles()
    const warningsFor = (host?: string) => readTlsIdentity(files, { now: () => new Date(), host }).warnings()
    assert.deepEqual(warningsFor(name), [])
    assert.deepEqual(warningsFor(), [])
    assert.match(warningsFor('other.example').join(), /is not for other\.example.*DNS:vidimus\.example/)
    assert.match(warningsFor('192.0.2.1').join(), /is not for 192\.0\.2\.1/)
  })

  it('is read at the start, or there is no start', () => {
    const { files, put, first } = identityFiles()
    put({ ...first, key: other.key })
    assert.throws(() => readTlsIdentity(files, { now: () => new Date() }), /cannot be used together/)
  })
})
