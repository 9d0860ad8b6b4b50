import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { linkClaims } from '../../../src/demo/issue-health-link.ts'
import { sampleSummary } from '../../../src/demo/sample-summary.ts'
import type { Parameter } from '../../../src/fhir/types.ts'
import { testIssuer } from '../../support/issuer.ts'
import { type Answer, type Received, serverKey, signatureFault } from '../../support/sharer.ts'
import { type LinkWorld, openLinkWorld, type Reply } from './support.ts'

const FHIR = 'application/fhir+json'
const CARD = 'application/smart-health-card'
const patient = 'urn:oid:1.2.3|PATIENT-4711'
const search = `/fhir/List?_id=folder1&code=folder&status=current&patient.identifier=${encodeURIComponent(patient)}`
let world: LinkWorld
before(async () => {
  world = await openLinkWorld()
})
beforeEach(() => world.sharer.reset())
after(() => world.close())

const vhl = (more: object = {}, path = search) => world.link(path, { flag: 'L', ...more }, 'vhlink')
const passcode = (text: string): Parameter[] => [{ name: 'passcode', valueString: text }]
const heard = () => world.sharer.received.map(({ method, url }) => `${method} ${url.pathname}`)
const summary = () => sampleSummary({ issuedAt: new Date(Date.now() - 86_400_000) })

const list = (items: string[], more: object = {}): JsonObject => ({
  resourceType: 'List',
  id: 'folder1',
  status: 'current',
  mode: 'working',
  entry: items.map((reference) => ({ item: { reference } })),
  ...more,
})
const document = (id: string, attachment: object, more: object = {}): JsonObject => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  content: [{ attachment: { contentType: FHIR, ...attachment } }],
  ...more,
})
const searchset = (resources: JsonObject[], more: object = {}): JsonObject => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: resources.map((resource) => ({
    fullUrl: `${world.sharer.peer.origin}/fhir/${resource.resourceType}/${resource.id}`,
    resource,
    search: { mode: resource.resourceType === 'List' ? 'match' : 'include' },
  })),
  ...more,
})

/** Offers an answer to whoever signs his request with the key of the server. */
const offer = (route: string, answer: (received: Received) => Answer) =>
  world.sharer.offers.set(route, (received) => {
    const fault = signatureFault(received, serverKey(world.dataDir))
    return fault === undefined ? answer(received) : { status: 401, body: fault }
  })
const offerSearch = (bundle: JsonObject) =>
  offer('POST /fhir/List/_search', () => ({ body: bundle, headers: { 'Content-Type': FHIR } }))
const offerFile = (name: string, content: JsonObject | Buffer, type = FHIR) =>
  offer(`GET /fhir/Binary/${name}`, () => ({ body: world.sharer.seal(content, type, { isCompressed: true }) }))

function unverified(reply: Reply, status: string, check: string, detail: RegExp) {
  assert.deepEqual([reply.decision, reply.status, reply.check(check).outcome], ['unverified', status, 'fail'])
  assert.match(reply.check(check).detail, detail)
  assert.equal(reply.subject, undefined)
  assert.doesNotMatch(reply.text, /Specimen|sharer\.example|127\.0\.0\.1|4711/)
}

/** That the certificate is genuine and nobody can say more. */
function undetermined(reply: Reply, told: RegExp) {
  assert.deepEqual([reply.decision, reply.status], ['undetermined', 'VERIFIED'])
  assert.ok(
    reply.issues.some((text) => told.test(text)),
    reply.issues.join('\n'),
  )
  assert.doesNotMatch(reply.text, /sharer\.example|127\.0\.0\.1|4711/)
}

describe('a verifiable health link in a certificate', () => {
  it('is searched for by a signed POST, and the documents that come along are read', async () => {
    offerSearch(searchset([list(['DocumentReference/d1']), document('d1', { url: 'Binary/b1?x=1' })]))
    offerFile('b1', summary())
    const reply = await world.ask(world.certificate(vhl()))
    assert.equal(reply.status, 'VERIFIED')
    assert.notEqual(reply.decision, 'unverified')
    assert.deepEqual(heard(), ['POST /fhir/List/_search', 'GET /fhir/Binary/b1'])
    const [asked, fetched] = world.sharer.received
    assert.deepEqual(Object.fromEntries(new URLSearchParams(asked?.body)), {
      _id: 'folder1',
      code: 'folder',
      status: 'current',
      'patient.identifier': patient,
      recipient: 'vidimus',
      embeddedLengthMax: '100000',
    })
    assert.equal(asked?.url.search, '')
    assert.equal(asked?.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(fetched?.headers.accept, 'application/jose')
    assert.equal(reply.linked.length, 1)
    const [file] = reply.linked
    assert.equal(file?.contentType, FHIR)
    assert.equal(file?.content?.resourceType, 'Bundle')
    assert.equal(file?.evaluation?.status, 'VERIFIED')
    assert.equal(reply.subject?.name, 'Ada Specimen')
    assert.ok(!reply.issues.some((text) => /not followed/.test(text)))
  })
  it('has its summary judged by the rules about summaries', async () => {
    offerSearch(searchset([list(['DocumentReference/d1']), document('d1', { url: 'Binary/b1' })]))
    offerFile('b1', summary())
    const reply = await world.ask(world.certificate(vhl()), [{ name: 'jurisdiction', valueCode: 'SA' }])
    // The summary shows no meningococcal vaccination.
    assert.deepEqual([reply.decision, reply.status], ['rejected', 'VERIFIED'])
    const inner = reply.linked[0]?.evaluation
    assert.equal(inner?.decision, 'rejected')
    for (const name of ['subject', 'coreDataSet', 'content', 'rule']) assert.ok(inner?.names.includes(name), name)
    assert.match(inner?.text ?? '', /PlanDefinition\/pilgrimage/)
  })
  it('whose answer holds the folder alone has its documents read one by one', async () => {
    offerSearch(searchset([list(['DocumentReference/d1', `${world.sharer.peer.origin}/fhir/DocumentReference/d2`])]))
    for (const id of ['d1', 'd2']) {
      offer(`GET /fhir/DocumentReference/${id}`, () => ({ body: document(id, { url: `Binary/${id}` }) }))
      offerFile(id, summary())
    }
    const reply = await world.ask(world.certificate(vhl({}, search.replace('List?', 'List/_search?'))))
    assert.equal(reply.status, 'VERIFIED')
    assert.equal(reply.linked.length, 2)
    assert.deepEqual(heard().slice(0, 3), [
      'POST /fhir/List/_search',
      'GET /fhir/DocumentReference/d1',
      'GET /fhir/DocumentReference/d2',
    ])
  })
  it('with an embedded document, and one that the folder does not name', async () => {
    const data = Buffer.from(world.sharer.seal(summary(), FHIR)).toString('base64')
    offerSearch(searchset([list(['DocumentReference/d1']), document('d1', { data }), document('d2', { data })]))
    const reply = await world.ask(world.certificate(vhl()))
    assert.deepEqual([reply.status, reply.linked.length], ['VERIFIED', 2])
  })
  it('that holds a card is judged by it, whatever came before', async () => {
    const attachment = (name: string) => ({ contentType: CARD, url: `Binary/${name}` })
    offerSearch(searchset([list([]), document('d1', attachment('b1'))]))
    offer('GET /fhir/Binary/b1', () => ({ body: world.cards(world.card()) }))
    const good = await world.ask(world.certificate(vhl()))
    assert.deepEqual([good.decision, good.status], ['accepted', 'VERIFIED'])
    offer('GET /fhir/Binary/b1', () => ({ body: world.cards(world.card({ forged: true })) }))
    const forged = await world.ask(world.certificate(vhl()))
    unverified(forged, 'INVALID_SIGNATURE', 'signature', /a file behind the link/)
  })
  it('with a document of a type that is not read stays undetermined, and says which', async () => {
    const pdf = (contentType: string) => ({ contentType, url: 'Binary/b1' })
    offerSearch(searchset([list([]), document('d1', pdf('application/pdf'))]))
    offerFile('b1', Buffer.from('%PDF-1.7 x'), 'application/pdf')
    const reply = await world.ask(world.certificate(vhl()))
    undetermined(reply, /application\/pdf.*was not judged/)
    assert.deepEqual(reply.linked, [{ contentType: 'application/pdf' }])
  })
  it('with a document that is signed itself does not pass over that signature', async () => {
    const signed = { ...summary(), signature: { type: [{ code: 'x' }], data: 'AAAA' } }
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b1' })]))
    offerFile('b1', signed)
    const reply = await world.ask(world.certificate(vhl()))
    assert.equal(reply.decision, 'undetermined')
    assert.match(JSON.stringify(reply.linked[0]?.evaluation?.issues), /that signature is not verified/)
  })
  it('with vaccinations is not believed of a signer of tests alone', async () => {
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b1' })]))
    offerFile('b1', summary())
    const linkOf = (usage: string[]) => {
      const { anchor, signer } = testIssuer({ extendedKeyUsage: usage })
      const now = Math.floor(Date.now() / 1000)
      const text = issueHcert(linkClaims([vhl()], { issuer: 'XA', issuedAt: now - 60, expires: now + 3600 }), signer)
      return world.ask(text, [{ name: 'trustAnchor', valueBase64Binary: anchor }])
    }
    for (const usage of ['1.3.6.1.4.1.1847.2021.1.1', '1.3.6.1.4.1.0.1847.2021.1.3'])
      unverified(await linkOf([usage]), 'KEY_USAGE_MISMATCH', 'key-usage', /excludes events of kind v/)
    for (const usages of [[], ['1.3.6.1.4.1.1847.2021.1.1', '1.3.6.1.4.1.1847.2021.1.2']])
      assert.equal((await linkOf(usages)).status, 'VERIFIED')
  })
  it('with a resource that is no summary is not judged', async () => {
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b1' })]))
    offerFile('b1', { resourceType: 'Patient', name: [{ text: 'Ada Specimen' }] })
    undetermined(await world.ask(world.certificate(vhl())), /was not judged/)
  })
  it('beside another kind of certificate counts with it', async () => {
    const cards = (doses: number) => () => ({
      body: { files: [{ contentType: CARD, embedded: world.cards(world.card({ doses })) }] },
    })
    const link = world.link('/m')
    const dose = {
      tg: '840539006',
      vp: '1119349007',
      mp: 'EU/1/20/1528',
      ma: 'ORG-100030215',
      dt: '2026-01-01',
      co: 'XA',
      is: 'x',
      ci: 'URN:UVCI:01:XA:1',
    }
    const dcc = (dn: number, fn = 'Specimen') => ({
      ver: '1.3.0',
      nam: { fn, fnt: 'SPECIMEN', gn: 'Ada', gnt: 'ADA' },
      dob: '1985-03-14',
      v: [{ ...dose, dn, sd: 2 }],
    })
    const ask = (...kinds: Parameters<LinkWorld['certificateOf']>) =>
      world.ask(world.certificateOf([5, link], ...kinds))
    world.sharer.offers.set('POST /m', cards(2))
    assert.equal((await ask()).decision, 'accepted')
    assert.equal((await ask([1, dcc(2)])).decision, 'accepted')
    // A dose is missing in the certificate itself.
    assert.equal((await ask([1, dcc(1)])).decision, 'rejected')
    // The card is of somebody else.
    const other = await ask([1, dcc(2, 'Other')])
    assert.deepEqual([other.decision, other.subject], ['undetermined', undefined])
    // Nobody knows what the reserved kind says.
    assert.equal((await ask([2, dcc(2)])).decision, 'undetermined')
    world.sharer.offers.set('POST /m', cards(1))
    assert.equal((await ask([1, dcc(2)])).decision, 'rejected')
  })
  it('that is not verified is not followed', async () => {
    const parts = world.certificate(vhl())
    const broken = `${parts.slice(0, 60)}${parts[60] === 'A' ? 'B' : 'A'}${parts.slice(61)}`
    const reply = await world.ask(broken)
    assert.equal(reply.decision, 'unverified')
    assert.deepEqual(heard(), [])
  })
  it('that is listed beside another is followed as all are', async () => {
    offerSearch(searchset([list([]), document('d1', { contentType: CARD, url: 'Binary/b1' })]))
    offer('GET /fhir/Binary/b1', () => ({ body: world.cards(world.card()) }))
    world.sharer.offers.set('POST /m', () => ({
      body: { files: [{ contentType: CARD, embedded: world.cards(world.card({ doses: 1 })) }] },
    }))
    const reply = await world.ask(world.certificate(vhl(), world.link('/m')))
    assert.deepEqual([reply.decision, reply.status, reply.linked.length], ['rejected', 'VERIFIED', 2])
  })
})

describe('a bare verifiable health link', () => {
  it('is worth what its files are', async () => {
    offerSearch(searchset([list([]), document('d1', { contentType: CARD, url: 'Binary/b1' })]))
    offer('GET /fhir/Binary/b1', () => ({ body: world.cards(world.card()) }))
    assert.equal((await world.ask(vhl())).decision, 'accepted')
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b2' })]))
    offerFile('b2', summary())
    unverified(await world.ask(vhl()), 'UNSIGNED_CONTENT', 'signature', /nobody signed/)
  })
})

describe('a sharer', () => {
  it('who wants a passcode gets the right one', async () => {
    offer('POST /fhir/List/_search', ({ body }) =>
      new URLSearchParams(body).get('passcode') === 'pass & word'
        ? { body: searchset([list([]), document('d1', { contentType: CARD, url: 'Binary/b1' })]) }
        : { status: 422, body: { resourceType: 'OperationOutcome' } },
    )
    offer('GET /fhir/Binary/b1', () => ({ body: world.cards(world.card()) }))
    const link = vhl({ flag: 'LP' })
    assert.equal((await world.ask(world.certificate(link), passcode('pass & word'))).decision, 'accepted')
    undetermined(await world.ask(world.certificate(link), passcode('wrong')), /passcode is wrong/)
    unverified(await world.ask(link, passcode('wrong')), 'UNSUPPORTED_CONTENT', 'payload', /passcode is wrong/)
    world.sharer.received.length = 0
    undetermined(await world.ask(world.certificate(link)), /a passcode is needed/)
    assert.deepEqual(heard(), [])
  })
  const refusals: [status: number, told: RegExp][] = [
    [401, /does not trust this server/],
    [404, /no such folder/],
    [422, /passcode/],
    [429, /too often/],
    [500, /status 500/],
  ]
  for (const [status, told] of refusals)
    it(`who answers ${status} is told`, async () => {
      world.sharer.offers.set('POST /fhir/List/_search', () => ({ status }))
      undetermined(await world.ask(world.certificate(vhl())), told)
      unverified(await world.ask(vhl()), 'UNSUPPORTED_CONTENT', 'payload', told)
    })
  it('who ends the link ends the certificate', async () => {
    world.sharer.offers.set('POST /fhir/List/_search', () => ({ status: 403 }))
    unverified(await world.ask(world.certificate(vhl())), 'EXPIRED', 'validity-period', /expired or was revoked/)
  })
  it('who checks signatures refuses another key', async () => {
    const other = await openLinkWorld()
    try {
      await other.ask(other.link(search, {}, 'vhlink'))
      const [received] = other.sharer.received
      assert.ok(received)
      assert.equal(signatureFault(received, serverKey(other.dataDir)), undefined)
      assert.equal(signatureFault(received, serverKey(world.dataDir)), 'names another key')
      const swapped = { ...serverKey(world.dataDir), keyId: serverKey(other.dataDir).keyId }
      assert.equal(signatureFault(received, swapped), 'does not match')
      const changed = { ...received, body: received.body.replace('folder1', 'folder2') }
      assert.match(String(signatureFault(changed, serverKey(other.dataDir))), /another content/)
    } finally {
      await other.close()
    }
  })
})

describe('an answer of a sharer', () => {
  const d1 = { url: 'Binary/b1' }
  const answers: [what: string, bundle: () => JsonObject, told: RegExp][] = [
    ['that is no Bundle', () => ({ resourceType: 'Patient' }), /no result of a search/],
    ['that is a Bundle of another type', () => searchset([list([])], { type: 'collection' }), /no result of a search/],
    ['that goes on', () => searchset([list([])], { link: [{ relation: 'next', url: 'x' }] }), /another page/],
    [
      'with a folder that is not current',
      () => searchset([list([], { status: 'retired' }), document('d1', d1)]),
      /not current/,
    ],
    [
      'with a document that is superseded',
      () => searchset([list([]), document('d1', d1, { status: 'superseded' })]),
      /not current/,
    ],
    [
      'with a document in error',
      () => searchset([list([]), document('d1', d1, { docStatus: 'entered-in-error' })]),
      /not current/,
    ],
    ['with a document without content', () => searchset([list([]), document('d1', d1, { content: [] })]), /no content/],
    [
      'with a document without type',
      () => searchset([list([]), document('d1', { ...d1, contentType: 1 })]),
      /no media type/,
    ],
    ['with a document that is nowhere', () => searchset([list([]), document('d1', {})]), /neither data nor address/],
    [
      'with a document elsewhere',
      () => searchset([list([]), document('d1', { url: 'https://other.example/b' })]),
      /not the sharer’s/,
    ],
    [
      'with a document on another port',
      () => searchset([list([]), document('d1', { url: 'https://sharer.example/b' })]),
      /not the sharer’s/,
    ],
    [
      'with a document at a private address',
      () => searchset([list([]), document('d1', { url: 'https://10.0.0.1/b' })]),
      /not the sharer’s/,
    ],
    [
      'with a document without TLS',
      () => searchset([list([]), document('d1', { url: world.sharer.peer.origin.replace('https', 'http') })]),
      /not the sharer’s/,
    ],
    [
      'with a reference elsewhere',
      () => searchset([list(['https://other.example/fhir/DocumentReference/d1'])]),
      /not the sharer’s/,
    ],
    ['with a reference to something else', () => searchset([list(['Patient/1'])]), /no document/],
    ['with a reference that climbs', () => searchset([list(['../../DocumentReference/..'])]), /no document/],
    [
      'with too many documents',
      () => searchset([list(Array.from({ length: 11 }, (_, at) => `DocumentReference/d${at}`))]),
      /more than 10/,
    ],
    [
      'with too many files of one document',
      () =>
        searchset([
          list([]),
          document('d1', d1, {
            content: Array.from({ length: 11 }, () => ({ attachment: { contentType: FHIR, ...d1 } })),
          }),
        ]),
      /more than 10/,
    ],
    [
      'with a document of another type than announced',
      () => searchset([list([]), document('d1', { ...d1, contentType: 'application/pdf' })]),
      /another type than announced/,
    ],
  ]
  for (const [what, bundle, told] of answers)
    it(`${what} is not believed`, async () => {
      offerSearch(bundle())
      offerFile('b1', summary())
      unverified(await world.ask(world.certificate(vhl())), 'UNSUPPORTED_CONTENT', 'payload', told)
    })
  const nothing: [what: string, bundle: () => JsonObject, told: RegExp][] = [
    ['without folder', () => searchset([]), /no folder/],
    ['with an empty folder', () => searchset([list([])]), /no document behind it/],
    [
      'with a folder whose items are gone',
      () => searchset([list([], { entry: [{ deleted: true, item: { reference: 'DocumentReference/d1' } }] })]),
      /no document behind it/,
    ],
    ['with a document that is not there', () => searchset([list(['DocumentReference/none'])]), /no such folder/],
    ['with a file that is not there', () => searchset([list([]), document('d1', { url: 'Binary/none' })]), /no such/],
  ]
  for (const [what, bundle, told] of nothing)
    it(`${what} leaves the certificate undetermined`, async () => {
      offerSearch(bundle())
      undetermined(await world.ask(world.certificate(vhl())), told)
    })
  it('with a file under another key is not believed', async () => {
    offerSearch(searchset([list([]), document('d1', d1)]))
    offer('GET /fhir/Binary/b1', () => ({ body: world.sharer.seal(summary(), FHIR, { key: Buffer.alloc(32) }) }))
    unverified(await world.ask(world.certificate(vhl())), 'INVALID_SIGNATURE', 'signature', /key of the link/)
  })
})

describe('a link without key', () => {
  const link = () => world.certificate(world.link(search, { key: undefined } as object, 'vhlink'))
  const file = (body: string, type: string) =>
    offer('GET /fhir/Binary/b1', () => ({ body: Buffer.from(body), headers: { 'Content-Type': type } }))
  it('has files as they are, of the type that is announced', async () => {
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b1', contentType: 'text/plain' })]))
    file(world.vaccination(), 'text/plain; charset=utf-8')
    const reply = await world.ask(link())
    assert.deepEqual([reply.decision, reply.status], ['accepted', 'VERIFIED'])
    file(world.vaccination(true), 'text/plain')
    unverified(await world.ask(link()), 'INVALID_SIGNATURE', 'signature', /a file behind the link/)
    file(world.vaccination(), FHIR)
    unverified(await world.ask(link()), 'UNSUPPORTED_CONTENT', 'payload', /another type/)
  })
  it('says nothing of a document: whoever holds the host writes what he likes', async () => {
    offerSearch(searchset([list([]), document('d1', { url: 'Binary/b1' })]))
    file(JSON.stringify(summary()), FHIR)
    const reply = await world.ask(link())
    unverified(reply, 'UNSIGNED_CONTENT', 'signature', /nobody signed/)
    assert.equal(reply.linked[0]?.content, undefined)
    assert.equal(reply.linked[0]?.evaluation?.status, 'UNSIGNED_CONTENT')
  })
})
