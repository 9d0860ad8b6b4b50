import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isPublicAddress } from '../../src/network/addresses.ts'
import { NetworkError } from '../../src/network/network-error.ts'
import { isHostName, parseNetworkHosts } from '../../src/network/network-hosts.ts'
import { readTarget, type Target } from '../../src/network/target.ts'
import { hostCertificate } from '../support/https-peer.ts'
import { walkSections } from '../support/sections.ts'

walkSections<{ address: string; public?: true }>('addresses.json', import.meta.url, (each) =>
  assert.equal(isPublicAddress(each.address), each.public === true),
)

const listed = [
  { host: 'peer.test', port: 8443 },
  { host: 'peer', port: 8443 },
]

walkSections<{ url: string; target?: Target }>('targets.json', import.meta.url, ({ url, target }) => {
  if (target) assert.deepEqual(readTarget(url, listed), target)
  else assert.throws(() => readTarget(url, listed), { name: 'NetworkError', fault: 'address' })
})

describe('any address', () => {
  it('is a name of the internet on port 443, or refused', () => {
    const any = fc.oneof(
      fc.webUrl({ validSchemes: ['https', 'http'] }),
      fc.string({ unit: 'binary' }).map((text) => `https://${text}`),
      fc.ipV4Extended().map((text) => `https://${text}/`),
      fc.ipV6().map((text) => `https://[${text}]/`),
      fc.tuple(fc.string(), fc.ipV4Extended()).map(([user, text]) => `https://${user}@${text}`),
    )
    fc.assert(
      fc.property(any, (url) => {
        let target: Target
        try {
          target = readTarget(url, [])
        } catch (error) {
          return assert.ok(error instanceof NetworkError)
        }
        assert.ok(target.port === 443 && target.host.includes('.') && isHostName(target.host))
        assert.equal(URL.parse(url)?.hostname, target.host)
      }),
    )
  })

  it('is never told in an error', () => {
    assert.throws(
      () => readTarget('https://user:secret@private.example/patient', []),
      (error: Error) => !/secret|private|patient/.test(`${error.stack?.split('\n')[0]} ${JSON.stringify(error)}`),
    )
  })
})

describe('NETWORK_HOSTS', () => {
  const { ca } = hostCertificate('peer.example')
  const noFile = () => {
    throw new Error('no such file')
  }
  const read = (json: unknown, readFile: (path: string) => string = noFile) =>
    parseNetworkHosts(JSON.stringify(json), readFile)

  it('names hosts with their ports, addresses and authorities', () => {
    assert.deepEqual(
      read([
        { host: 'Peer.Example', port: 8443 },
        { host: 'other.example', port: 443, address: '10.1.2.3', ca },
      ]),
      [
        { host: 'peer.example', port: 8443 },
        { host: 'other.example', port: 443, address: '10.1.2.3', ca: ca.trim() },
      ],
    )
  })
  it('reads authorities from a file', () => {
    const [entry] = read([{ host: 'peer.example', port: 1, ca: 'peer.pem' }], (path) =>
      path === 'peer.pem' ? `Peer\n${ca}${ca}` : noFile(),
    )
    assert.equal(entry?.ca?.match(/BEGIN/g)?.length, 2)
  })
  const refused: [what: string, json: unknown, told: RegExp][] = [
    ['no list', {}, /a JSON array of/],
    ['a text in it', ['peer.example'], /entry 1: an object/],
    ['an IP address as host', [{ host: '10.0.0.1', port: 443 }], /host must be a name/],
    ['an IP address in another spelling', [{ host: '0x7f.1', port: 443 }], /host must be a name/],
    ['an address with a scheme', [{ host: 'https://peer.example', port: 443 }], /host must be a name/],
    ['no port', [{ host: 'peer.example' }], /port must be/],
    ['a port that is none', [{ host: 'peer.example', port: 65_536 }], /port must be/],
    ['a port as text', [{ host: 'peer.example', port: '443' }], /port must be/],
    ['an address that is none', [{ host: 'peer.example', port: 443, address: 'localhost' }], /address must be/],
    ['an authority that is none', [{ host: 'peer.example', port: 443, ca: 'x' }], /ca must be PEM/],
    ['a broken authority', [{ host: 'p.example', port: 1, ca: ca.replace(/M/g, 'N') }], /ca must be PEM/],
    ['an unknown member', [{ host: 'peer.example', ports: [443], port: 1 }], /no member "ports"/],
    [
      'a host and port twice',
      [
        { host: 'p.example', port: 1 },
        { host: 'P.example', port: 1 },
      ],
      /p\.example:1 is named twice/,
    ],
  ]
  for (const [what, json, told] of refused) it(`refuses ${what}`, () => assert.throws(() => read(json), told))
  it('tells every problem', () =>
    assert.throws(
      () =>
        read([
          { host: '', port: 1 },
          { host: 'p.example', port: 0 },
        ]),
      /entry 1: [^\n]+\nentry 2: /,
    ))
})
