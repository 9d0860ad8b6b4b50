import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sha256Hex } from '../../src/base/crypto/sha256.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { withoutEnd } from '../support/issuer.ts'
import { type Bed, baseUrl, clock, ecKey, goodClaims, jwsOf, openBed, type Sent } from './support/bed.ts'

let serial = 0
/** A client certificate that is valid for an hour. */
function clientCertificate(name: string): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName: name, country: 'AT' }
  serial += 1
  const content = {
    subject,
    publicKey,
    serialNumber: Buffer.from([serial]),
    notBefore: new Date((clock - 1800) * 1000),
    notAfter: new Date((clock + 1800) * 1000),
  }
  return writeCertificate(content, { name: subject, publicKey, privateKey })
}

const [own, german, stranger, proxys] = ['own', 'german', 'stranger', 'proxy'].map(clientCertificate)
const endless = withoutEnd(own ?? Buffer.alloc(0))
const printOf = (der: Buffer | undefined) => sha256Hex(der ?? Buffer.alloc(0))
const spelt = printOf(own)
  .toUpperCase()
  .replace(/..(?=.)/g, '$&:')
const participants = [
  { participant: 'AT', canonicalPrefixes: ['http://a.org'], certificates: [spelt, printOf(endless)] },
  { participant: 'DE', canonicalPrefixes: ['http://de.org'], certificates: [printOf(german), printOf(proxys)] },
]
const issuerKey = ecKey('e')
const token = (more: Record<string, unknown>) =>
  jwsOf({ alg: 'ES256', kid: 'e' }, goodClaims(more), issuerKey.privateKey)
const proxy = { isProxy: true }
const onConnection = (der: Buffer | undefined) => ({
  socket: { getPeerX509Certificate: () => der && new X509Certificate(der) },
})
const header = (der: Buffer | undefined) => ({ 'client-cert': `:${der?.toString('base64')}:` })

describe('a client certificate', () => {
  let bed: Bed
  before(async () => {
    bed = await openBed({
      participants,
      proxyCertificates: true,
      issuerKeys: [issuerKey],
      clients: [
        { id: 'austrian', participant: 'AUT', scopes: 'system/ValueSet.c', canonicalPrefixes: ['http://a.org'] },
      ],
      parts: { isFromProxy: ({ socket }) => 'isProxy' in socket },
    })
  })
  after(() => bed.close())
  const bound = (der: Buffer | undefined) => ({
    authorization: `Bearer ${token({ cnf: { 'x5t#S256': Buffer.from(printOf(der), 'hex').toString('base64url') } })}`,
  })
  const [aut, deu] = ['participant:AUT', 'participant:DEU']
  const cases: [name: string, sent: () => Sent, outcome: string][] = [
    ['of a participant', () => onConnection(own), aut],
    ['of another participant', () => onConnection(german), deu],
    ['of nobody', () => onConnection(stranger), '401'],
    ['of a participant whose certificate has an end that is no time', () => onConnection(endless), '401'],
    ['that was not shown', () => onConnection(undefined), 'nobody'],
    ['in the header of a proxy', () => ({ socket: proxy, headers: header(own) }), aut],
    ['of nobody in the header of a proxy', () => ({ socket: proxy, headers: header(stranger) }), '401'],
    ['in the header of a stranger', () => ({ headers: header(own) }), 'nobody'],
    [
      'in the header of a stranger with a certificate of nobody',
      () => ({ ...onConnection(stranger), headers: header(own) }),
      '401',
    ],
    ['in the header of another participant', () => ({ ...onConnection(german), headers: header(own) }), deu],
    ['of a proxy itself', () => ({ socket: { ...onConnection(proxys).socket, ...proxy } }), 'nobody'],
    [
      'of a proxy’s client, beside its own',
      () => ({ socket: { ...onConnection(proxys).socket, ...proxy }, headers: header(own) }),
      aut,
    ],
    [
      'twice in the header of a proxy',
      () => ({
        socket: proxy,
        headers: { 'client-cert': `${header(own)['client-cert']}, ${header(german)['client-cert']}` },
      }),
      '401',
    ],
    [
      'in PEM',
      () => ({
        socket: proxy,
        headers: { 'client-cert': encodeURIComponent(new X509Certificate(own ?? '').toString()) },
      }),
      '401',
    ],
    [
      'with bytes after it',
      () => ({ socket: proxy, headers: header(Buffer.concat([own ?? Buffer.alloc(0), Buffer.from([0])])) }),
      '401',
    ],
    ['that is none', () => ({ socket: proxy, headers: { 'client-cert': ':AAAA:' } }), '401'],
    ['that is empty', () => ({ socket: proxy, headers: { 'client-cert': '' } }), '401'],
    [
      'in a header of another name',
      () => ({ socket: proxy, headers: { 'x-forwarded-client-cert': header(own)['client-cert'] } }),
      'nobody',
    ],
    [
      'with a token of the same participant',
      () => ({ ...onConnection(own), headers: { authorization: `Bearer ${token({ client_id: 'austrian' })}` } }),
      'issuer:austrian',
    ],
    [
      'with a token of another party',
      () => ({ ...onConnection(german), headers: { authorization: `Bearer ${token({ client_id: 'austrian' })}` } }),
      '401',
    ],
    [
      'with a token of nobody known',
      () => ({ ...onConnection(own), headers: { authorization: `Bearer ${token({})}` } }),
      '401',
    ],
    [
      'with a token that does not hold',
      () => ({ ...onConnection(own), headers: { authorization: 'Bearer x' } }),
      '401',
    ],
    ['to which the token is bound', () => ({ ...onConnection(stranger), headers: bound(stranger) }), 'issuer:moh'],
    ['to which another token is bound', () => ({ ...onConnection(own), headers: bound(stranger) }), '401'],
    [
      'in a header of a stranger to which the token is bound',
      () => ({ headers: { ...bound(stranger), ...header(stranger) } }),
      '401',
    ],
    [
      'of a browser, used by this site',
      () => ({ ...onConnection(own), headers: { origin: baseUrl, 'sec-fetch-site': 'same-origin' } }),
      aut,
    ],
    [
      'of a browser, used by a page of another site',
      () => ({ ...onConnection(own), method: 'POST', headers: { origin: 'https://evil.org' } }),
      '401',
    ],
    [
      'of a browser, used by a page without origin',
      () => ({ ...onConnection(own), method: 'POST', headers: { origin: 'null' } }),
      '401',
    ],
    [
      'of a browser, used across sites',
      () => ({ ...onConnection(own), method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }),
      '401',
    ],
    [
      'of a browser, to read',
      () => ({ ...onConnection(own), method: 'GET', headers: { origin: 'https://b.org' } }),
      aut,
    ],
  ]
  for (const [name, sent, outcome] of cases)
    it(`${name}: ${outcome}`, async () => assert.equal(await bed.outcome(sent()), outcome))

  it('counts within its period alone, on one connection too', async () => {
    const connection = onConnection(own)
    for (const [seconds, outcome] of [
      [clock + 1800, aut],
      [clock + 1801, '401'],
      [clock - 1801, '401'],
      [clock, aut],
    ] as const) {
      bed.at.seconds = seconds
      assert.equal(await bed.outcome(connection), outcome)
      assert.equal(await bed.outcome({ socket: proxy, headers: header(own) }), outcome)
    }
  })

  it('in a header counts for nothing where proxies do not tell certificates', async () => {
    const other = await openBed({ participants, parts: { isFromProxy: () => true } })
    try {
      assert.equal(await other.outcome({ socket: proxy, headers: header(own) }), 'nobody')
    } finally {
      await other.close()
    }
  })

  it('is no proof where no participant has one', async () => {
    const other = await openBed({ developmentToken: 'd' })
    try {
      assert.equal(await other.outcome(onConnection(own)), 'nobody')
      assert.equal(await other.outcome({ ...onConnection(own), headers: { authorization: 'Bearer d' } }), 'token')
    } finally {
      await other.close()
    }
  })
})
