import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type CmsOptions, makeCms } from '../pki/cms.ts'
import { type PkiKey, testPki } from '../pki/pki.ts'
import { walkSections } from '../sections.ts'
import { overShared, sharedPath } from '../shared.ts'
import { type AskOptions, ask, type Told } from './client.ts'
import { type StandIn, startGateway } from './gateway.ts'

const pki = testPki({ countries: ['XA', 'XB', 'XC'] })
const further = new Map<string, PkiKey>([
  ['stranger', pki.make({ name: 'stranger', subject: { country: 'XA', commonName: 'nobody knows it' } })],
  ['stateless', pki.make({ name: 'stateless', subject: { commonName: 'no country' } })],
  ['XA_RSA', pki.make({ name: 'XA_RSA', subject: { country: 'XA', commonName: 'UP by RSA' }, algorithm: 'RSA-3072' })],
])

function keyOf(name: string): PkiKey {
  const found = further.get(name) ?? pki.all().find((each) => each.name === name)
  assert.ok(found, name)
  return found
}

const [A, B] = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002']
const usual = {
  url: 'https://a.example/1',
  country: 'XA',
  type: 'FHIR',
  service: 'ValueSet',
  thumbprint: 'ab',
  name: 'n',
  sslPublicKey: 'k',
  contentType: 'application/jose',
  signatureType: 'JWS',
  referenceVersion: '1',
  domain: 'DCC',
}

/** A signed body, and how it differs from the usual one. */
interface Upload {
  signer?: string
  type?: string
  body?: string
  content?: string
  set?: Record<string, unknown>
  without?: string[]
  long?: Record<string, number>
  /** Text put in front of the members. */
  prefix?: string
  form?: keyof typeof forms
  cms?: Record<string, unknown>
}

const forms = {
  lines: (der: Buffer) => der.toString('base64').replace(/.{64}/g, '$&\n'),
  newline: (der: Buffer) => `${der.toString('base64')}\n`,
  pem: (der: Buffer) => `-----BEGIN CMS-----\n${der.toString('base64')}\n-----END CMS-----\n`,
  base64url: (der: Buffer) => Buffer.concat([der, Buffer.from([0xfb, 0xff])]).toString('base64url'),
  der: (der: Buffer) => der,
  unpadded: (der: Buffer) => der.toString('base64').replace(/=+$/, ''),
}

function bodyOf(upload: Upload): string | Buffer {
  if (upload.body !== undefined) return upload.body
  const long = Object.entries(upload.long ?? {}).map(([name, length]) => [name, 'x'.repeat(length)])
  const members: Record<string, unknown> = { ...usual, ...upload.set, ...Object.fromEntries(long) }
  for (const name of upload.without ?? []) delete members[name]
  const content = upload.content ?? JSON.stringify(members).replace('{', `{${upload.prefix ?? ''}`)
  const der = makeCms(Buffer.from(content), keyOf(upload.signer ?? 'XA_UP'), cmsOptions(upload.cms ?? {}))
  return upload.form ? forms[upload.form](der) : der.toString('base64')
}

function cmsOptions(given: Record<string, unknown>): CmsOptions {
  const names = (list: unknown) => (list as string[]).map(keyOf)
  return {
    ...given,
    ...(typeof given.at === 'string' ? { at: new Date(given.at) } : {}),
    ...(given.certificates ? { certificates: names(given.certificates).map((each) => each.certificate) } : {}),
    ...(given.furtherSigners ? { furtherSigners: names(given.furtherSigners) } : {}),
    ...(given.contentInside ? { contentInside: Buffer.from(String(given.contentInside)) } : {}),
  }
}

interface Case {
  mode?: 'mutual-tls' | 'headers'
  as?: string
  method?: string
  path?: string
  headers?: Record<string, string>
  upload?: Upload
  shown?: { hash?: 'hex' | 'base64'; name?: string; certificate?: true }
  /** Status, then shape (P, R, empty) with code and problem, or the text. */
  answer: string
  details?: string
  /** Members of the newest row. */
  row?: Record<string, unknown>
  count?: number
}

function headersOf({ headers = {}, upload, shown }: Case): Record<string, string> {
  const type = upload?.type ?? 'application/cms-text'
  const { thumbprint, pem } = pki.of('XA').tls
  const hash = shown?.hash === 'hex' ? thumbprint : Buffer.from(thumbprint, 'hex').toString('base64')
  return {
    ...headers,
    ...(upload && type ? { 'Content-Type': type } : {}),
    ...(shown?.hash ? { 'X-SSL-Client-SHA256': hash } : {}),
    ...(shown?.name ? { 'X-SSL-Client-DN': shown.name } : {}),
    ...(shown?.certificate ? { 'X-SSL-Client-Cert': encodeURIComponent(pem) } : {}),
  }
}

function check({ status, headers, text }: Told, { answer, details, count }: Case): void {
  const [wanted, shape, code, ...rest] = answer.split(' ')
  assert.equal(String(status), wanted, text)
  if (shape === 'P') {
    const body = JSON.parse(text)
    assert.match(String(headers['content-type']), /^application\/json/)
    assert.deepEqual(Object.keys(body), ['code', 'problem', 'sendValue', 'details'])
    assert.equal(body.code, code ?? '')
    if (rest.length > 0) assert.equal(body.problem, rest.join(' '))
    if (details) assert.ok(body.details.includes(details), body.details)
  } else if (shape === 'R') {
    const body = JSON.parse(text)
    assert.match(String(headers['content-type']), /^application\/problem\+json/)
    assert.deepEqual(Object.keys(body), ['type', 'title', 'status', 'detail', 'instance'])
  } else if (shape === 'empty') {
    assert.equal(text, '')
    if (status === 201) assert.equal(headers['content-length'], '0')
    assert.equal(headers.location, undefined)
  } else if (shape) assert.equal(text, shape)
  if (count !== undefined) assert.equal(JSON.parse(text).length, count)
}

describe('The order of the gateway', () => {
  const standIns = new Map<string, StandIn>()
  const options = { pki, countries: ['XA', 'XB'], roles: { XB: [] } }
  before(async () => {
    for (const mode of ['mutual-tls', 'headers'] as const) {
      const gateway = await startGateway({ ...options, mode })
      gateway.addCertificate('UPLOAD', keyOf('XA_RSA'))
      gateway.addIssuer({ url: 'https://issuer.example', country: 'XA', name: 'an issuer' })
      standIns.set(mode, gateway)
    }
  })
  after(() => Promise.all([...standIns.values()].map((each) => each.close())))

  walkSections<Case>('order.json', import.meta.url, async (each) => {
    const { as = 'XA_TLS', mode = 'mutual-tls', upload, method = upload ? 'POST' : 'GET' } = each
    const gateway = standIns.get(mode)
    assert.ok(gateway)
    gateway.references.length = 0
    gateway.addReference({ uuid: A, url: 'https://a.example/0', country: 'XA' })
    gateway.addReference({ uuid: B, url: 'https://b.example/0', country: 'XB' })
    gateway.addReference({ url: 'https://c.example', country: 'XD', sourceGateway: gateway.id })
    const asked: AskOptions = { method, path: each.path ?? '/trust/reference', headers: headersOf(each) }
    if (as !== 'none') asked.as = keyOf(as)
    if (upload) asked.body = bodyOf(upload)
    check(await ask(gateway, asked), each)
    const newest = gateway.references.at(-1)
    assert.deepEqual({ ...newest, ...each.row }, newest)
    if (upload && !each.answer.startsWith('20')) assert.equal(gateway.references.length, 3)
  })
})

describe('What the gateway does with references', () => {
  let gateway: StandIn
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'] })
  })
  after(() => gateway.close())
  const send = (method: string, country: string, content: object) =>
    ask(gateway, {
      method,
      path: '/trust/reference',
      headers: { 'Content-Type': 'application/cms' },
      body: makeCms(Buffer.from(JSON.stringify(content)), pki.of(country).up).toString('base64'),
      as: pki.of(country).tls,
    })
  const list = async () =>
    JSON.parse((await ask(gateway, { path: '/trustList/references', as: pki.of('XB').tls })).text)

  it('makes as many rows as identical POSTs, tells no uuid, and moves an updated row to the end', async () => {
    for (let i = 0; i < 2; i++) assert.equal((await send('POST', 'XA', usual)).status, 201)
    const [first, second] = await list()
    assert.notEqual(first.uuid, second.uuid)
    assert.equal((await send('POST', 'XA', { ...usual, uuid: first.uuid, name: 'changed' })).status, 201)
    const rows = await list()
    assert.deepEqual(
      rows.map((row: { uuid: string }) => row.uuid),
      [second.uuid, first.uuid],
    )
    assert.deepEqual(rows[1], { ...usual, uuid: first.uuid, name: 'changed', version: 1 })
  })

  it('gives a row to whoever updates it, unless it is told to check', async () => {
    const [{ uuid }] = await list()
    gateway.quirks.updateChecksOwner = true
    assert.equal((await send('POST', 'XB', { ...usual, uuid, country: 'XB' })).status, 403)
    gateway.quirks.updateChecksOwner = false
    assert.equal((await send('POST', 'XB', { ...usual, uuid, country: 'XB' })).status, 201)
    assert.equal((await list()).find((row: { uuid: string }) => row.uuid === uuid).country, 'XB')
    assert.equal((await send('DELETE', 'XA', { uuid })).status, 403)
    assert.equal((await send('DELETE', 'XB', { uuid })).status, 204)
  })

  it('refuses an onboarding record that its anchor did not sign', async () => {
    const forged = testPki({ countries: ['XA'] })
    const mixed = { ...pki, of: (country: string) => (country === 'XA' ? forged.of('XA') : pki.of(country)) }
    await assert.rejects(startGateway({ pki: mixed, countries: ['XA'] }), /did not sign/)
  })

  it('federates: rows of another gateway with its id, references without thumbprint and certificate', async () => {
    const other = await startGateway({ pki: testPki({ countries: ['XD'] }) })
    other.addReference({ url: 'https://d.example', country: 'XD' })
    gateway.federate(other)
    await other.close()
    const asked = { path: '/trustList/references?withFederation=true', as: pki.of('XA').tls }
    const row = JSON.parse((await ask(gateway, asked)).text).at(-1)
    assert.deepEqual([row.sourceGateway, row.thumbprint, row.sslPublicKey], [other.id, null, null])
    assert.deepEqual(JSON.parse((await ask(gateway, { path: '/countrylist', as: pki.of('XA').tls })).text), [
      'XA',
      'XB',
    ])
  })
})

describe('A terminator before the gateway', () => {
  let gateway: StandIn
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'], quirks: { tlsAlert: true } })
  })
  after(() => gateway.close())

  it('ends connections by a TLS alert, and lets known clients pass', async () => {
    const as = (name: string) => ask(gateway, { path: '/countrylist', as: keyOf(name) })
    await assert.rejects(as('stranger'), { code: /^ERR_SSL_.*CERTIFICATE_UNKNOWN$/ })
    await assert.rejects(as('XC_TLS'), { code: /^ERR_SSL_.*CERTIFICATE_UNKNOWN$/ })
    await assert.rejects(ask(gateway, { path: '/nothing' }), { code: /^ERR_SSL_.*CERTIFICATE_REQUIRED$/ })
    assert.equal((await as('XA_TLS')).status, 200)
    assert.equal(gateway.requests.length, 1)
  })

  it('can be switched while it runs', async () => {
    gateway.quirks.tlsAlert = false
    assert.equal((await ask(gateway, { path: '/countrylist', as: keyOf('stranger') })).status, 401)
  })
})

describe('Certificates at the gateway', () => {
  let gateway: StandIn
  const xa = pki.of('XA')
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'], signers: [] })
  })
  after(() => gateway.close())
  const cmsOf = (key: PkiKey, signer = xa.up) => makeCms(key.certificate.raw, signer).toString('base64')
  const post = async (body: object) => {
    const headers = { 'Content-Type': 'application/json' }
    const path = '/trustedCertificate'
    const { status, text } = await ask(gateway, {
      method: 'POST',
      path,
      headers,
      body: JSON.stringify(body),
      as: xa.tls,
    })
    return `${status} ${text === '' ? '' : (JSON.parse(text).code ?? 'R')}`
  }
  const dsc = { cms: cmsOf(xa.dsc('all')), group: 'DSC', domain: 'DCC', properties: {} }
  const { properties: _, ...withoutProperties } = dsc
  const answers: [string, object, string][] = [
    ['properties missing', withoutProperties, '500 0x008'],
    ['a domain it does not know', { ...dsc, domain: 'RACSEL-DDVC' }, '400 0x004'],
    ['no CMS', { ...dsc, cms: 'aGVsbG8=' }, '400 n/a'],
    ['signed by the SCA', { ...dsc, cms: cmsOf(xa.dsc('all'), xa.sca) }, '400 0x004'],
    ['a certificate of another country', { ...dsc, cms: cmsOf(pki.of('XB').dsc('all')) }, '400 0x004'],
    ['a certificate of a foreign authority', { ...dsc, cms: cmsOf(xa.foreignDsc) }, '400 0x004'],
    ['a good one', dsc, '201 '],
    ['the same again', dsc, '409 0x002'],
    ['a DESC under the DECA', { ...dsc, cms: cmsOf(xa.desc), group: 'DESC', domain: 'PH4H' }, '201 '],
  ]
  for (const [name, body, answer] of answers) it(`upload: ${name}`, async () => assert.equal(await post(body), answer))

  it('lists it signed by the UP, and those of onboarding signed by the anchor', async () => {
    const rows = JSON.parse((await ask(gateway, { path: '/trustList/certificate?country=XA', as: xa.tls })).text)
    assert.deepEqual(
      rows.map(({ group }: { group: string }) => group),
      ['AUTHENTICATION', 'UPLOAD', 'CSCA', 'DECA', 'DSC', 'DESC'],
    )
    assert.equal(rows[4].signature, dsc.cms)
    assert.equal(rows[2].signature, xa.record('SCA').trustAnchorSignature)
    const members = ['uuid', 'group', 'country', 'domain', 'kid', 'certificate', 'signature', 'properties', 'version']
    assert.deepEqual(Object.keys(rows[4]), members)
    const [old] = JSON.parse((await ask(gateway, { path: '/trustList/DSC/XA', as: xa.tls })).text)
    assert.equal(old.thumbprint, createHash('sha256').update(Buffer.from(old.rawData, 'base64')).digest('hex'))
  })

  it('deletes one once', async () => {
    const headers = { 'Content-Type': 'application/cms' }
    const asked = { method: 'DELETE', path: '/trustedCertificate', headers, body: dsc.cms, as: xa.tls }
    assert.equal((await ask(gateway, asked)).status, 204)
    const again = await ask(gateway, asked)
    assert.deepEqual([again.status, JSON.parse(again.text).code], [404, '0x005'])
  })
})

describe('Revocation at the gateway', () => {
  let gateway: StandIn
  const xa = pki.of('XA')
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'], quirks: { revocation: true, pageSize: 2 } })
  })
  after(() => gateway.close())
  const since = (date: string) =>
    ask(gateway, { path: '/revocation-list', headers: { 'If-Modified-Since': date }, as: xa.tls })
  const send = (method: string, content: object, country = 'XA') =>
    ask(gateway, {
      method,
      path: '/revocation-list',
      headers: { 'Content-Type': 'application/cms-text' },
      body: makeCms(Buffer.from(JSON.stringify(content)), pki.of(country).up).toString('base64'),
      as: pki.of(country).tls,
    })
  const batch = {
    country: 'XA',
    expires: '2099-01-01T00:00:00Z',
    kid: 'UNKNOWN_KID',
    hashType: 'UCI',
    entries: [{ hash: Buffer.alloc(16).toString('base64') }],
  }

  it('takes a batch, gives it back as it came, and deletes it', async () => {
    const created = await send('POST', batch)
    const batchId = String(created.headers.etag)
    assert.equal(created.status, 201)
    const read = await ask(gateway, { path: `/revocation-list/${batchId}`, as: pki.of('XB').tls })
    assert.deepEqual(
      [read.status, read.headers.etag, read.headers['content-type']],
      [200, batchId, 'application/cms-text'],
    )
    assert.equal(read.text, gateway.batches[0]?.cms)
    assert.equal((await send('DELETE', { batchId }, 'XB')).status, 403)
    assert.equal((await send('DELETE', { batchId })).status, 204)
    assert.equal((await ask(gateway, { path: `/revocation-list/${batchId}`, as: xa.tls })).status, 410)
    const unknown = `/revocation-list/${A}`
    assert.equal((await ask(gateway, { path: unknown, as: xa.tls })).status, 404)
    assert.equal(JSON.parse((await since('2021-06-01T00:00:00Z')).text).batches[0].deleted, true)
  })

  it('refuses batches with invalid values', async () => {
    assert.equal((await send('POST', { ...batch, country: 'XB' })).status, 403)
    for (const wrong of [{ entries: [] }, { entries: [{ hash: 'x' }] }, { hashType: 'MD5' }, { expires: 'never' }])
      assert.equal((await send('POST', { ...batch, ...wrong })).status, 400)
  })

  it('lists by pages from a date on, oldest first', async () => {
    gateway.batches.length = 0
    for (const second of [3, 1, 2]) gateway.addBatch('XA', batch, { changed: new Date(`2026-01-01T00:00:0${second}Z`) })
    const first = JSON.parse((await since('2021-06-01T00:00:00Z')).text)
    assert.deepEqual([first.more, first.batches.length], [true, 2])
    assert.equal(first.batches[1].date, '2026-01-01T00:00:02Z')
    const second = JSON.parse((await since(first.batches[1].date)).text)
    assert.deepEqual([second.more, second.batches.length], [false, 1])
    assert.equal((await since(second.batches[0].date)).status, 204)
  })
})

describe('Rules and value sets at the gateway', () => {
  let gateway: StandIn
  const now = new Date('2026-06-01T00:00:00Z')
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'], now: () => now })
  })
  after(() => gateway.close())
  const xa = pki.of('XA')
  const rule = {
    Identifier: 'GR-XA-0001',
    Type: 'Acceptance',
    Country: 'XA',
    Version: '1.0.0',
    ValidFrom: '2026-06-05T00:00:00Z',
    ValidTo: '2027-06-05T00:00:00Z',
  }
  const send = async (method: string, content: string) => {
    const headers = { 'Content-Type': 'application/cms-text' }
    // signed within the UP's validity, whatever the gateway's clock says
    const body = makeCms(Buffer.from(content), xa.up).toString('base64')
    const { status, text } = await ask(gateway, { method, path: '/rules', headers, body, as: xa.tls })
    return `${status} ${text === '' ? '' : JSON.parse(text).code}`
  }

  it('takes versions of a rule and lists them by the rule', async () => {
    assert.equal(await send('POST', JSON.stringify(rule)), '201 ')
    assert.equal(await send('POST', JSON.stringify(rule)), '400 0x220')
    assert.equal(await send('POST', JSON.stringify({ ...rule, Version: '1.0.1' })), '201 ')
    const listed = JSON.parse((await ask(gateway, { path: '/rules/XA', as: pki.of('XB').tls })).text)
    assert.deepEqual(Object.keys(listed), ['GR-XA-0001'])
    assert.deepEqual(Object.keys(listed['GR-XA-0001'][0]), ['version', 'validFrom', 'validTo', 'cms'])
  })

  it('refuses others', async () => {
    assert.equal(await send('POST', '{'), '400 0x200')
    assert.equal(await send('POST', JSON.stringify({ ...rule, Country: 'XB' })), '403 0x210')
    assert.equal(await send('POST', JSON.stringify({ ...rule, Identifier: 'GR-XB-0001' })), '400 0x250')
    assert.equal(
      await send('POST', JSON.stringify({ ...rule, Version: '2.0.0', ValidTo: rule.ValidFrom })),
      '400 0x240',
    )
  })

  it('deletes all versions by the identifier', async () => {
    assert.equal(await send('DELETE', 'GR-XB-0001'), '403 0x210')
    assert.equal(await send('DELETE', 'nothing'), '400 0x250')
    assert.equal(await send('DELETE', 'GR-XA-0001'), '204 ')
    assert.equal(await send('DELETE', 'GR-XA-0001'), '404 0x270')
  })

  it('has value sets by id', async () => {
    gateway.valueSets.set('country-2-codes', '{"valueSetId":"country-2-codes"}')
    assert.equal((await ask(gateway, { path: '/valuesets', as: xa.tls })).text, '["country-2-codes"]')
    const read = await ask(gateway, { path: '/valuesets/country-2-codes', as: xa.tls })
    assert.equal(read.text, '{"valueSetId":"country-2-codes"}')
    assert.equal((await ask(gateway, { path: '/valuesets/x', as: xa.tls })).status, 404)
  })
})

describe('Faults of the gateway', () => {
  let gateway: StandIn
  const xa = pki.of('XA')
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA', 'XB'] })
  })
  after(() => gateway.close())
  const countries = () => ask(gateway, { path: '/countrylist', as: xa.tls })
  const create = () => {
    const body = makeCms(Buffer.from(JSON.stringify(usual)), xa.up).toString('base64')
    const headers = { 'Content-Type': 'application/cms' }
    return ask(gateway, { method: 'POST', path: '/trust/reference', headers, body, as: xa.tls })
  }

  it('a status, as often as it is told, for what matches', async () => {
    gateway.faults.push({ match: 'GET /countrylist', times: 2, status: 503 })
    assert.deepEqual([(await countries()).status, (await create()).status], [503, 201])
    assert.deepEqual([(await countries()).status, (await countries()).status], [503, 200])
  })

  it('a delay, a reset, and a reset after the work is done', async () => {
    gateway.references.length = 0
    gateway.faults.splice(0, 9, { times: 1, delaySeconds: 0.05 }, { match: /countrylist/, times: 1, reset: true })
    await assert.rejects(countries())
    await assert.rejects(async () => {
      gateway.faults.push({ match: 'POST', times: 1, resetAfterCommit: true })
      await create()
    })
    assert.equal(gateway.references.length, 1)
    assert.deepEqual(
      gateway.requests.slice(-2).map(({ status }) => status),
      [0, 0],
    )
  })

  it('half an answer, and bytes of chance', async () => {
    gateway.faults.push({ times: 1, truncate: true })
    await assert.rejects(countries())
    gateway.faults.push({ times: 1, truncate: true })
    await assert.rejects(create())
    gateway.faults.push({ times: 1, garbage: true })
    const { status, text } = await countries()
    assert.equal(status, 200)
    assert.throws(() => JSON.parse(text))
  })
})

overShared.describe('What the gateway of the network says of itself', () => {
  const description: { paths: Record<string, Record<string, unknown>> } = JSON.parse(
    readFileSync(sharedPath('corpora/trust/gateway/openapi.json'), 'utf8'),
  )
  let gateway: StandIn
  before(async () => {
    gateway = await startGateway({ pki, countries: ['XA'], quirks: { revocation: true } })
  })
  after(() => gateway.close())

  for (const [path, methods] of Object.entries(description.paths))
    for (const method of Object.keys(methods))
      it(`the stand-in has ${method.toUpperCase()} ${path}`, async () => {
        const asked = { method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, 'XA'), as: pki.of('XA').tls }
        const types = Object.keys((methods[method] as { requestBody?: { content: object } }).requestBody?.content ?? {})
        const headers = types[0] ? { 'Content-Type': types[0] } : {}
        const { status, text } = await ask(gateway, { ...asked, headers })
        // a body is wanted, or a parameter; the route and its type of content are there
        if (types[0]) assert.deepEqual([status, JSON.parse(text).detail], [400, 'Failed to read request'])
        else assert.doesNotMatch(text, /No static resource|0x403/)
      })
})
