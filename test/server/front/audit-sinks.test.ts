/** AuditEvents arrive at sinks: a receiver of syslog over TLS, and an audit record repository of FHIR. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { ConfigError, readConfig } from '../../../src/config.ts'
import { hostCertificate, startHttpsPeer } from '../../support/https-peer.ts'
import { openTestServer } from '../../support/loaded-server.ts'

const ends: (() => Promise<unknown>)[] = []
after(async () => {
  for (const end of ends.toReversed()) await end()
})

/** A receiver of RFC 5425: frames with their length in front, read strictly. */
async function syslogReceiver() {
  const { key, cert, ca } = hostCertificate('syslog.example')
  const messages: string[] = []
  const server = createTlsServer({ key, cert, minVersion: 'TLSv1.2' }, async (socket) => {
    socket.on('error', () => {})
    const parts: Buffer[] = []
    for await (const part of socket) parts.push(part)
    let rest = Buffer.concat(parts)
    while (rest.length > 0) {
      const blank = rest.indexOf(0x20)
      const length = Number(rest.subarray(0, blank).toString())
      assert.ok(Number.isInteger(length) && rest.length >= blank + 1 + length, 'a whole frame')
      messages.push(rest.subarray(blank + 1, blank + 1 + length).toString())
      rest = rest.subarray(blank + 1 + length)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  ends.push(async () => server.close())
  return { messages, port, listed: { host: 'syslog.example', port, address: '127.0.0.1', ca } }
}

async function serve(sinks: string, hosts: object[]) {
  const opened = await openTestServer({
    NETWORK: 'on',
    NETWORK_HOSTS: JSON.stringify(hosts),
    AUDIT_SINKS: sinks,
    METRICS: 'public',
  })
  ends.push(opened.close)
  const root = await opened.server.listen()
  const put = (id: string, authorization = 'Bearer test') =>
    fetch(`${root}/fhir/ValueSet/${id}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/fhir+json' },
      body: JSON.stringify({
        resourceType: 'ValueSet',
        id,
        url: `http://e/${id}`,
        status: 'draft',
        description: 'hush',
      }),
    })
  return { root, put }
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 400) assert.fail(what)
    await new Promise((next) => setTimeout(next, 50))
  }
}

describe('AUDIT_SINKS', () => {
  it('gets what was written, by syslog over TLS and by POST, each once', async () => {
    const receiver = await syslogReceiver()
    const posted: { resourceType: string }[] = []
    let isWilling = false
    const repository = await startHttpsPeer(async (message, response) => {
      let text = ''
      for await (const part of message) text += part
      if (isWilling && message.method === 'POST' && message.url === '/fhir/AuditEvent') posted.push(JSON.parse(text))
      response.writeHead(isWilling ? 201 : 503).end()
    }, 'arr.example')
    ends.push(repository.close)
    const { root, put } = await serve(`syslog-tls://syslog.example:${receiver.port},${repository.origin}/fhir`, [
      receiver.listed,
      repository.listed,
    ])
    const own = async () =>
      (
        (await (
          await fetch(`${root}/fhir/AuditEvent?_summary=count`, { headers: { authorization: 'Bearer test' } })
        ).json()) as { total: number }
      ).total
    assert.equal((await put('a')).status, 201)
    await until(() => receiver.messages.length > 0, 'no message came')
    // A repository that refuses holds nothing up, and gets everything once it is willing.
    assert.equal((await put('b')).status, 201)
    const metrics = async () => (await fetch(`${root}/metrics`)).text()
    await until(async () => /audit_sink_reached\{sink="2"\} 0/.test(await metrics()), 'the failure was not counted')
    isWilling = true
    await until(async () => posted.length >= (await own()), 'the repository did not get everything')
    await until(async () => receiver.messages.length >= (await own()), 'the receiver did not get everything')
    const all = await own()
    assert.deepEqual([posted.length, receiver.messages.length], [all, all])
    assert.ok(posted.every(({ resourceType }) => resourceType === 'AuditEvent'))
    assert.match(receiver.messages.join('\n'), /ParticipantObjectID="ValueSet\/a"/)
    assert.doesNotMatch(receiver.messages.join() + JSON.stringify(posted), /hush|Bearer test/)
    assert.match(await metrics(), /audit_sink_sent_total\{sink="1"\} [1-9]/)
  })

  it('sends to nobody whose certificate is of an authority that is not named', async () => {
    const receiver = await syslogReceiver()
    const { ca } = hostCertificate('syslog.example')
    const { root, put } = await serve(`syslog-tls://syslog.example:${receiver.port}`, [{ ...receiver.listed, ca }])
    await put('a')
    await until(
      async () => /audit_sink_failures_total\{sink="1"\} [1-9]/.test(await (await fetch(`${root}/metrics`)).text()),
      'it did not fail',
    )
    assert.deepEqual(receiver.messages, [])
  })

  const wrong: [sinks: string, network: string, told: RegExp][] = [
    ['https://arr.example/fhir', 'off', /NETWORK is not on/],
    ['http://arr.example/fhir', 'on', /is wanted/],
    ['syslog://arr.example', 'on', /is wanted/],
    ['https://user:secret@arr.example/fhir', 'on', /is wanted/],
  ]
  for (const [sinks, network, told] of wrong)
    it(`refuses ${sinks} with NETWORK=${network}`, () => {
      const read = () => readConfig({ AUDIT_SINKS: sinks, NETWORK: network })
      assert.throws(read, (error) => error instanceof ConfigError && told.test(error.message))
    })
})
