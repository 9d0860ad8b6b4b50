/** Trust lists of a gateway: which rows count, and whose word for them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { listKeys } from '../../../../src/trust/explain.ts'
import { explainKey } from '../../../../src/trust/explain-key.ts'
import type { GatewayDownloads } from '../../../../src/trust/lists/gateway-source.ts'
import type { TrustSource } from '../../../../src/trust/lists/trust-source.ts'
import { cmsText } from '../../../support/pki/cms.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { fakeGateway, gatewaySource, loadNetwork, row, rowsOf } from '../../../support/trust-network/gateway-list.ts'

const pki = testPki()
const other = testPki({ countries: ['XB', 'XC'] })
const [xa, xb] = [pki.of('XA'), pki.of('XB')]
const good = () => pki.countries.flatMap((country) => rowsOf(pki, country))
const day = 86_400_000

const load = (rows: unknown, source: Partial<TrustSource> = {}, files: Record<string, Buffer> = {}) =>
  loadNetwork([gatewaySource(source)], {
    gateways: { main: fakeGateway(pki, { certificates: async () => rows as JsonObject[] }) },
    files,
  })

const summary = (keys: ReturnType<typeof listKeys>) =>
  keys.map(({ participant, usage }) => `${usage} of ${participant}`)
const all = ['TLS', 'UP', 'SCA', 'DECA', 'DSC', 'DESC']
const everything = ['XXA', 'XXB'].flatMap((country) => all.map((usage) => `${usage} of ${country}`))

describe('a gateway’s trust list', () => {
  it('gives the keys of all groups, each for its usage', async () => {
    const trust = await load(good())
    assert.deepEqual(summary(listKeys(trust.keys(), {}, new Date())).sort(), everything.sort())
    assert.deepEqual(trust.status()[0]?.warnings, [])
    assert.deepEqual([trust.status()[0]?.failure, trust.status()[0]?.leftOut], [undefined, undefined])
    const [signer] = trust.keys().find({ keyId: xa.dsc('all').keyId, issuer: 'XA' })
    assert.deepEqual(
      signer?.chain.map(({ raw }) => raw),
      [xa.sca.certificate.raw],
    )
    assert.equal(signer?.domain, 'DCC')
  })

  it('tells who may sign uploads of a participant', async () => {
    const trust = await load(good())
    const uploads = trust.keys().find({ issuer: 'XB', usage: ['UP'] })
    assert.deepEqual(
      uploads.map(({ thumbprint }) => thumbprint),
      [xb.up.thumbprint],
    )
  })

  it('may be narrowed to what the source is about, whoever had to sign it', async () => {
    const trust = await load(good(), { usage: 'DSC', participant: 'XA' })
    assert.deepEqual(summary(listKeys(trust.keys(), {}, new Date())), ['DSC of XXA'])
  })

  it('is read under the other names of its members as well', async () => {
    const renamed = good().map(({ certificate = '', group = '', ...rest }) => ({
      ...rest,
      rawData: certificate,
      certificateType: group,
    }))
    const trust = await load(renamed)
    assert.equal(trust.keys().keys.length, everything.length)
  })
})

const dsc = xa.dsc('all')
const signed = (members: JsonObject) => ({ ...row(dsc, 'DSC', xa.up), ...members })
const expiredUp = pki.make({
  name: 'XA_UP2',
  subject: { country: 'XA', commonName: 'second upload' },
  notBefore: new Date(Date.now() - 20 * day),
  notAfter: new Date(Date.now() - 10 * day),
})
const leaf = pki.make({ name: 'XA_LEAF', subject: { country: 'XA', commonName: 'no authority' } })
const stranger = pki.make({ name: 'XB_STRANGE', subject: { country: 'XB', commonName: 'of another' } })
const countryless = pki.make({ name: 'XA_NOBODY', subject: { commonName: 'of nobody' } })
const later = () => new Date(Date.now() - 15 * day)

/** One row that must not count, and what is said of it; the first rows are what it could lean on. */
const refused: [what: string, row: unknown, reason: RegExp, besides?: JsonObject[]][] = [
  [
    'an anchor signature over another row',
    { ...row(xa.sca, 'CSCA', pki.anchor), signature: row(xb.sca, 'CSCA', pki.anchor).signature ?? '' },
    /content inside the message is another/,
  ],
  [
    'a detached signature over another row',
    {
      ...row(xa.sca, 'CSCA', pki.anchor),
      signature: cmsText(xb.sca.certificate.raw, pki.anchor, { isDetached: true }),
    },
    /digest is that of another content/,
  ],
  ['an authority that signs itself in', row(xa.sca, 'CSCA', xa.sca), /another certificate than those that may sign/],
  [
    'an authority signed by an upload certificate',
    row(xa.sca, 'CSCA', xa.up),
    /another certificate than those that may sign/,
  ],
  [
    'an authority signed by an anchor of the same name',
    row(xa.sca, 'CSCA', other.anchor),
    /another certificate than those that may sign/,
  ],
  [
    'a document signer signed by the anchor',
    row(dsc, 'DSC', pki.anchor),
    /another certificate than those that may sign/,
  ],
  [
    'a document signer signed by another country',
    row(dsc, 'DSC', xb.up),
    /another certificate than those that may sign/,
  ],
  [
    'a document signer signed by its authority',
    row(dsc, 'DSC', xa.sca),
    /another certificate than those that may sign/,
  ],
  [
    'a document signer of a namesake of its authority',
    row(xa.foreignDsc, 'DSC', xa.up),
    /authority key id|not signed by the listed SCA/,
  ],
  [
    'a document signer without a listed authority',
    row(pki.make({ name: 'XA_ALONE', subject: { country: 'XA', commonName: 'alone' } }), 'DSC', xa.up),
    /no SCA of the name of its issuer/,
  ],
  [
    'a data exchange certificate under the authority of document signers',
    row(pki.make({ name: 'XA_DX', subject: { country: 'XA', commonName: 'dx' }, issuer: xa.sca }), 'DESC', xa.up),
    /no DECA of the name/,
  ],
  [
    'a document signer under the authority of data exchange',
    row(pki.make({ name: 'XA_DS', subject: { country: 'XA', commonName: 'ds' }, issuer: xa.deca }), 'DSC', xa.up),
    /no SCA of the name/,
  ],
  [
    'an upload certificate that had ended when it signed',
    row(dsc, 'DSC', expiredUp),
    /outside the period/,
    [row(expiredUp, 'UPLOAD', pki.anchor)],
  ],
  [
    'one that has ended, and no time of signing',
    row(dsc, 'DSC', expiredUp, { at: null }),
    /does not say when/,
    [row(expiredUp, 'UPLOAD', pki.anchor)],
  ],
  [
    'no authority in the group of authorities',
    row(leaf, 'CSCA', pki.anchor),
    /listed as SCA and is no certificate authority/,
  ],
  [
    'a subject of another country',
    { ...row(stranger, 'UPLOAD', pki.anchor), country: 'XA' },
    /listed for XA, and the country of its subject is XB/,
  ],
  ['a subject without country', row(countryless, 'UPLOAD', pki.anchor), /country of its subject is not there/],
  [
    'another country than signed for',
    { ...row(xa.sca, 'CSCA', pki.anchor), country: 'XB' },
    /listed for XB, and the country of its subject is XA/,
  ],
  ['a country in small letters', signed({ country: 'xa' }), /two capital letters/],
  ['another thumbprint', signed({ thumbprint: xb.up.thumbprint }), /thumbprint is that of another/],
  ['a group that is not used', signed({ group: 'TRUSTANCHOR' }), /group are not used/],
  ['a member of objects as group', signed({ group: 'constructor' }), /group are not used/],
  ['two groups', signed({ certificateType: 'CSCA' }), /no group/],
  [
    'two signers',
    { ...row(dsc, 'DSC', xa.up), signature: cmsText(dsc.certificate.raw, xa.up, { furtherSigners: [xb.up] }) },
    /exactly one signer/,
  ],
  [
    'no signer',
    { ...row(dsc, 'DSC', xa.up), signature: cmsText(dsc.certificate.raw, xa.up, { isUnsigned: true }) },
    /exactly one signer/,
  ],
  [
    'two certificates',
    {
      ...row(dsc, 'DSC', xa.up),
      signature: cmsText(dsc.certificate.raw, xa.up, { certificates: [xa.up.certificate, xb.up.certificate] }),
    },
    /more than one certificate/,
  ],
  [
    'another content inside than what was signed',
    {
      ...row(dsc, 'DSC', xa.up),
      signature: cmsText(dsc.certificate.raw, xa.up, { contentInside: xb.sca.certificate.raw }),
    },
    /content inside|digest/,
  ],
  ['garbage for a signature', signed({ signature: 'AAAA' }), /./],
  [
    'a signature over several lines',
    signed({ signature: `${row(dsc, 'DSC', xa.up).signature}\n` }),
    /base64 on one line/,
  ],
  ['a signature that is no text', signed({ signature: 7 }), /no signature/],
  ['an endless signature', signed({ signature: 'A'.repeat(70_000) }), /no signature/],
  ['garbage for a certificate', signed({ certificate: '*' }), /not base64/],
  [
    'another spelling of base64',
    signed({ certificate: dsc.certificate.raw.toString('base64').replace('M', 'M\n') }),
    /not base64/,
  ],
  [
    'bytes after the certificate',
    signed({ certificate: Buffer.concat([dsc.certificate.raw, Buffer.alloc(3)]).toString('base64') }),
    /cannot be read/,
  ],
  ['a certificate that is none', signed({ certificate: Buffer.from('none').toString('base64') }), /cannot be read/],
  ['a key id that is no text', signed({ kid: 12 }), /no short text/],
  ['a row that is null', null, /no object/],
  ['a row that is a list', [], /no object/],
  ['a federated row', signed({ sourceGateway: 'other' }), /withFederation is not set/],
]

describe('a row that does not count', () => {
  for (const [what, bad, reason, besides = []] of refused)
    it(`${what}`, async () => {
      const own = [row(xa.up, 'UPLOAD', pki.anchor), row(xa.sca, 'CSCA', pki.anchor), row(xa.deca, 'DECA', pki.anchor)]
      const usual = [...own, ...rowsOf(pki, 'XB'), ...besides]
      const trust = await load([...usual.filter((each) => JSON.stringify(each) !== JSON.stringify(bad)), bad])
      const [status] = trust.status()
      assert.equal(status?.failure, undefined)
      assert.equal(status?.leftOut?.length, 1, JSON.stringify(status?.leftOut))
      assert.match(status?.leftOut?.[0]?.reason ?? '', reason)
      assert.equal(trust.keys().keys.length, usual.length)
    })

  it('takes along what leans on it: without its upload certificate no signer counts, and without authority neither', async () => {
    const rows = rowsOf(pki, 'XA').filter(({ group }) => group !== 'UPLOAD')
    const trust = await load(rows)
    assert.deepEqual(summary(listKeys(trust.keys(), {}, new Date())), ['TLS of XXA', 'SCA of XXA', 'DECA of XXA'])
    const forged = [row(xa.up, 'UPLOAD', xa.up), ...rows]
    assert.equal((await load(forged)).keys().keys.length, 3)
    const orphan = rowsOf(pki, 'XA').filter(({ group }) => group !== 'CSCA')
    assert.equal((await load(orphan)).keys().find({ usage: ['DSC'] }).length, 0)
  })

  it('but an authority of data exchange that is none by its certificate is listed, and vouches for nobody', async () => {
    const weak = pki.make({ name: 'XA_WEAK', subject: { country: 'XA', commonName: 'weak' } })
    const below = pki.make({ name: 'XA_BELOW', subject: { country: 'XA', commonName: 'below' }, issuer: weak })
    const trust = await load([
      row(xa.up, 'UPLOAD', pki.anchor),
      row(weak, 'DECA', pki.anchor),
      row(below, 'DESC', xa.up),
    ])
    assert.deepEqual(summary(listKeys(trust.keys(), {}, new Date())), ['UP of XXA', 'DECA of XXA'])
    assert.match(trust.status()[0]?.warnings.join() ?? '', /listed as DECA and is no certificate authority/)
  })

  it('was signed in time: an upload certificate that has ended since still vouches', async () => {
    const at = later()
    const rows = [
      ...rowsOf(pki, 'XA').filter(({ group }) => group !== 'DSC'),
      row(expiredUp, 'UPLOAD', pki.anchor),
      row(dsc, 'DSC', expiredUp, { at }),
    ]
    assert.equal((await load(rows)).keys().find({ usage: ['DSC'] }).length, 1)
  })
})

describe('rows that repeat', () => {
  it('are one key', async () => {
    const trust = await load([...good(), ...good()])
    assert.equal(trust.keys().keys.length, everything.length)
  })

  it('with one key id for two certificates are two keys, and both are tried', async () => {
    const kid = dsc.keyId
    const second = { ...row(xa.dsc('vaccination'), 'DSC', xa.up), kid }
    const trust = await load([...good(), second])
    assert.equal(trust.keys().find({ keyId: kid }).length, 2)
    assert.match(trust.status()[0]?.warnings.join() ?? '', /is not derived from the certificate/)
  })
})

describe('rows of other gateways', () => {
  const federated = (country: string, signers = other) =>
    rowsOf(signers, country).map((each) => ({ ...each, sourceGateway: 'second' }))
  const files = { '/second.pem': Buffer.from(other.anchor.pem) }
  const asked: Partial<TrustSource> = { withFederation: true, anchors: { second: ['/second.pem'] } }

  it('count with the anchor of that gateway, and tell where they come from', async () => {
    const trust = await load([...good(), ...federated('XC')], asked, files)
    const keys = listKeys(trust.keys(), { participant: 'XC' }, new Date())
    assert.equal(keys.length, 6)
    assert.ok(keys.every(({ sourceGateways }) => sourceGateways?.join() === 'second'))
    assert.ok(listKeys(trust.keys(), { participant: 'XA' }, new Date()).every(({ sourceGateways }) => !sourceGateways))
    assert.deepEqual(trust.status()[0]?.sourceGateways, { second: 6 })
    const { entries } = await explainKey(trust, other.of('XC').dsc('all').keyId, {
      at: new Date(),
      readers: { readFile: async () => Buffer.alloc(0) },
    })
    assert.deepEqual(
      entries.map(({ sourceGateways, counts, chain }) => [sourceGateways, counts, chain.state]),
      [[['second'], true, 'verified']],
    )
  })

  const none: [what: string, rows: JsonObject[], source: Partial<TrustSource>][] = [
    ['without its anchor', federated('XC'), { withFederation: true }],
    ['with the anchor of a third', federated('XC').map((each) => ({ ...each, sourceGateway: 'third' })), asked],
    ['when they do not say where they come from', rowsOf(other, 'XC'), asked],
    ['when our own anchor signed them', federated('XB', pki), asked],
  ]
  for (const [what, rows, source] of none)
    it(`do not count ${what}`, async () => {
      const trust = await load([...rowsOf(pki, 'XA'), ...rows], source, files)
      assert.equal(trust.keys().keys.length, 6)
    })

  it('vouch at their own gateway alone: its upload certificate signs nothing of ours', async () => {
    const up = other.of('XB').up
    const mixed = [...good(), ...federated('XB'), row(xb.dsc('test'), 'DSC', up)]
    const trust = await load(mixed, asked, files)
    assert.deepEqual(trust.keys().find({ keyId: xb.dsc('test').keyId }), [])
  })

  it('are asked for only if they are wanted', async () => {
    const wanted: unknown[] = []
    const certificates: GatewayDownloads['certificates'] = async (options) => {
      wanted.push(options?.withFederation)
      return good()
    }
    for (const source of [gatewaySource(), gatewaySource({ withFederation: true })])
      await loadNetwork([source], { gateways: { main: fakeGateway(pki, { certificates }) } })
    assert.deepEqual(wanted, [false, true])
  })

  it('with an anchor that cannot be read: nothing is believed', async () => {
    const trust = await load(good(), asked, { '/second.pem': Buffer.from('none') })
    assert.match(trust.status()[0]?.failure ?? '', /second\.pem must hold certificates/)
    assert.equal(trust.keys().keys.length, 0)
  })
})

describe('a download that is none', () => {
  const failing = async () => {
    throw Object.assign(new Error('it cannot be reached'), { name: 'GatewayError', state: 'unreachable' })
  }
  const downloads: [what: string, certificates: GatewayDownloads['certificates'], told: RegExp][] = [
    ['fails', failing, /cannot be reached/],
    ['is a page for people', async () => '<html></html>' as never, /did not answer with a list/],
    ['is an object', async () => ({}) as never, /did not answer with a list/],
    ['is empty', async () => [], /lists nothing/],
    ['is endless', async () => Array.from({ length: 100_000 }, () => ({})), /100000 rows, more than/],
  ]
  for (const [what, certificates, told] of downloads)
    it(`${what}: the keys of the last one stay`, async () => {
      let answer: GatewayDownloads['certificates'] = async () => good()
      const gateway = fakeGateway(pki, { certificates: (options) => answer(options) })
      const trust = await loadNetwork([gatewaySource()], { gateways: { main: gateway } })
      answer = certificates
      await trust.reload()
      const [status] = trust.status()
      assert.match(status?.failure ?? '', told)
      assert.equal(status?.keys, everything.length)
    })

  it('has a row that is deeper than any stack: what counts of it is read, and the others are', async () => {
    let deep: unknown = 0
    for (let depth = 0; depth < 200_000; depth++) deep = [deep]
    const rows = good().map((each, at) => (at === 0 ? { ...each, properties: deep } : each)) as JsonObject[]
    const more = [deep, { ...good()[0], sourceGateway: deep }] as JsonObject[]
    const gateway = fakeGateway(pki, { certificates: async () => [...rows, ...more] })
    const [status] = (await loadNetwork([gatewaySource()], { gateways: { main: gateway } })).status()
    assert.equal(status?.failure, undefined)
    assert.equal(status?.keys, everything.length)
    assert.equal(status?.leftOut?.length, 2)
  })

  it('has no anchor, or no gateway', async () => {
    const withoutAnchor = await loadNetwork([gatewaySource()], {
      gateways: { main: fakeGateway(pki, { anchors: [] }) },
    })
    assert.match(withoutAnchor.status()[0]?.failure ?? '', /no trust anchor/)
    const without = await loadNetwork([gatewaySource()], {})
    assert.match(without.status()[0]?.failure ?? '', /no gateway main is configured/)
  })

  it('is a bug of the client: it is not taken for an outage', async () => {
    const broken = async () => {
      throw new TypeError('x is not a function')
    }
    await assert.rejects(
      loadNetwork([gatewaySource()], { gateways: { main: fakeGateway(pki, { certificates: broken }) } }),
    )
  })
})

describe('several gateways', () => {
  const second = fakeGateway(other, { id: 'second' })
  const sources = (mode?: 'APPEND' | 'OVERRIDE'): TrustSource[] => [
    gatewaySource(),
    { name: 'primary', kind: 'gateway', location: 'second', ...(mode ? { mode } : {}) },
  ]
  const participants = (keys: ReturnType<typeof listKeys>) => [...new Set(keys.map(({ participant }) => participant))]

  it('stand beside each other', async () => {
    const trust = await loadNetwork(sources(), { gateways: { main: fakeGateway(pki), second } })
    assert.deepEqual(participants(listKeys(trust.keys(), {}, new Date())), ['XXA', 'XXB', 'XXC'])
  })

  it('or one takes the place of the others, but for what is our own', async () => {
    const trust = await loadNetwork(sources('OVERRIDE'), { gateways: { main: fakeGateway(pki), second } })
    const keys = listKeys(trust.keys(), {}, new Date())
    assert.deepEqual(participants(keys), ['XXA', 'XXB', 'XXC'])
    assert.deepEqual(trust.keys().find({ keyId: xb.dsc('all').keyId }), [])
    assert.match(trust.status()[0]?.leftOut?.[0]?.reason ?? '', /replaced by the rows of primary/)
  })

  it('while that one was never read, what it would replace does not count', async () => {
    const certificates = async () => {
      throw new Error('it cannot be reached')
    }
    const gateways = { main: fakeGateway(pki), second: { ...second, certificates } }
    const trust = await loadNetwork(sources('OVERRIDE'), { gateways })
    assert.deepEqual(participants(listKeys(trust.keys(), {}, new Date())), ['XXA'])
  })
})

describe('an upload certificate that is distrusted', () => {
  it('takes along the signers that it vouched for', async () => {
    const sources: TrustSource[] = [gatewaySource(), { name: 'no', kind: 'distrusted', location: '/no.json' }]
    const trust = await loadNetwork(sources, {
      gateways: { main: fakeGateway(pki) },
      files: { '/no.json': JSON.stringify({ thumbprints: [xa.up.thumbprint] }) },
    })
    assert.deepEqual(summary(listKeys(trust.keys(), { participant: 'XA' }, new Date())), [
      'TLS of XXA',
      'SCA of XXA',
      'DECA of XXA',
    ])
    assert.equal(trust.keys().find({ issuer: 'XB' }).length, 6)
  })
})
