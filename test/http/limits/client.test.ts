import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clientsByAddress, proxyProblem } from '../../../src/http/limits/requester.ts'

const message = (remoteAddress: string | undefined, forwarded?: string) =>
  // As much of a message as is read.
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

const proxies = ['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7']

/** Trusted proxies, peer, X-Forwarded-For → client. */
const cases: [name: string, trusted: string[], peer: string, forwarded: string | undefined, client: string][] = [
  ['without a proxy the header counts for nothing', [], '198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ['a stranger writes the header himself', proxies, '198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ['a trusted proxy tells the client', proxies, '10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['what the client wrote before counts for nothing', proxies, '10.1.2.3', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['proxies behind proxies', proxies, '10.1.2.3', '203.0.113.9, 192.0.2.7, 10.9.9.9', '203.0.113.9'],
  ['a trusted proxy that tells nothing is the client', proxies, '10.1.2.3', undefined, '10.1.2.3'],
  ['what is no address tells nothing', proxies, '10.1.2.3', '203.0.113.9, unknown', '10.1.2.3'],
  ['IPv4 in IPv6', proxies, '::ffff:10.1.2.3', '::ffff:203.0.113.9', '203.0.113.9'],
  ['with a port', proxies, '10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
  ['an IPv6 client is its network', [], '2001:db8:2:3:4:5:6:7', undefined, '2001:db8:2:3::/64'],
  ['however it is written', [], '2001:0DB8:2::7', undefined, '2001:db8:2:0::/64'],
  ['an IPv6 proxy', proxies, '2001:db8:1::1', '[2001:db8:9::1]:443', '2001:db8:9:0::/64'],
]

describe('client of a request', () => {
  for (const [name, trusted, peer, forwarded, client] of cases) {
    it(name, () => assert.equal(clientsByAddress(trusted)(message(peer, forwarded)), client))
  }

  it('is told anew by each message on one connection of a trusted proxy, and never on one of anybody else', () => {
    const socket = { remoteAddress: '10.1.2.3' }
    const from = (forwarded: string) =>
      ({ socket, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage
    const behind = clientsByAddress(proxies)
    assert.deepEqual(
      ['203.0.113.9', '203.0.113.10', '203.0.113.9'].map((client) => behind(from(client))),
      ['203.0.113.9', '203.0.113.10', '203.0.113.9'],
    )
    const direct = clientsByAddress([])
    assert.deepEqual(
      ['203.0.113.9', '203.0.113.10'].map((client) => direct(from(client))),
      ['10.1.2.3', '10.1.2.3'],
    )
  })

  it('is one name whatever is sent', () => {
    const clientOf = clientsByAddress(proxies)
    fc.assert(
      fc.property(fc.string(), (forwarded) => {
        const client = clientOf(message('10.1.2.3', forwarded))
        assert.ok(/^[0-9a-f.:/]+$/.test(client), client)
      }),
    )
    assert.equal(clientOf(message(undefined)), '')
  })

  it('takes addresses and ranges as proxies, and nothing else', () => {
    for (const entry of ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']) assert.equal(proxyProblem(entry), undefined)
    for (const entry of ['localhost', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', '', '::1/129', '10.0.0.0/x'])
      assert.notEqual(proxyProblem(entry), undefined, entry)
  })
})
