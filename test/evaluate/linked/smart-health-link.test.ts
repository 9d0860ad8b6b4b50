import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { sealUnder } from '../../../src/demo/issue-health-link.ts'
import { sampleSummary } from '../../../src/demo/sample-summary.ts'
import type { Answer } from '../../support/sharer.ts'
import { type LinkWorld, openLinkWorld, type Reply } from './support.ts'

const CARD = 'application/smart-health-card'
const FHIR = 'application/fhir+json'
let world: LinkWorld
before(async () => {
  world = await openLinkWorld()
})
beforeEach(() => world.sharer.reset())
after(() => world.close())

const offer = (route: string, answer: Answer) => world.sharer.offers.set(route, () => answer)
const manifest = (...files: JsonObject[]) => offer('POST /m', { body: { files } })
const embedded = (text: string, contentType = CARD): JsonObject => ({ contentType, embedded: text })
const passcode = (text: string) => [{ name: 'passcode', valueString: text }]
const heard = () => world.sharer.received.map(({ method, url }) => `${method} ${url.pathname}`)

/** That nothing was verified, and nothing of anybody is shown. */
function unverified(reply: Reply, status: string, check: string, detail: RegExp) {
  assert.deepEqual([reply.decision, reply.status, reply.check(check).outcome], ['unverified', status, 'fail'])
  assert.match(reply.check(check).detail, detail)
  assert.equal(reply.subject, undefined)
  assert.doesNotMatch(reply.text, /Specimen|sharer\.example|127\.0\.0\.1/)
}

describe('a SMART Health Link that is not followed', () => {
  it('says what is behind it, and nothing is asked', async () => {
    const link = world.link('/m', { flag: 'LP', label: 'Adas Dosen' })
    const reply = await world.ask(link, [{ name: 'recipient', valueString: 'x' }])
    unverified(reply, 'UNSUPPORTED_CONTENT', 'payload', /a passcode is needed/)
    assert.doesNotMatch(reply.text, /Adas/)
    assert.deepEqual(heard(), [])
  })
  it('has expired', async () => {
    for (const exp of [1, Math.floor(Date.now() / 1000) - 1]) {
      unverified(await world.ask(world.link('/m', { exp })), 'EXPIRED', 'validity-period', /expired/)
      unverified(await world.ask(world.certificate(world.link('/m', { exp }))), 'EXPIRED', 'validity-period', /expired/)
    }
    assert.deepEqual(heard(), [])
  })
  it('is of a later version', async () => {
    unverified(await world.ask(world.link('/m', { v: 2 })), 'UNSUPPORTED_CONTENT', 'payload', /later version/)
    assert.deepEqual(heard(), [])
  })
  it('contradicts itself', async () => {
    const reply = await world.ask(world.link('/m', { flag: 'PU' }), passcode('1'))
    unverified(reply, 'UNSUPPORTED_CONTENT', 'payload', /flags/)
  })
  const elsewhere = {
    'is of another port': 'https://sharer.example/m',
    'is of a private address': 'https://169.254.169.254/m',
    'is of a loopback address': 'https://[::1]:8443/m',
    'is of this machine': 'https://localhost/m',
    'has a user': 'https://user@sharer.example/m',
  }
  for (const [what, url] of Object.entries(elsewhere))
    it(what, async () => {
      const reply = await world.ask(world.link('/m', { url }))
      unverified(reply, 'UNSUPPORTED_CONTENT', 'payload', /health link: /)
    })
})

describe('a manifest', () => {
  it('is asked for once, though the verdict is made again because lists are read meanwhile', async () => {
    const files = [embedded(world.cards(world.card()))]
    world.sharer.offers.set('POST /m', async () => {
      await world.reload()
      return { body: { files } }
    })
    const reply = await world.ask(world.certificate(world.link('/m', { flag: 'P' })), passcode('1'))
    assert.deepEqual([reply.decision, heard()], ['accepted', ['POST /m']])
  })
  it('with embedded and located files is judged as the cards in them', async () => {
    const located = world.cards(world.card())
    offer('GET /files/1', { body: located })
    manifest(embedded(world.cards(world.card())), {
      contentType: CARD,
      location: `${world.sharer.peer.origin}/files/1`,
    })
    const reply = await world.ask(world.link('/m', { label: 'x', v: 1 }))
    assert.deepEqual([reply.decision, reply.status], ['accepted', 'VERIFIED'])
    assert.deepEqual(
      reply.linked.map(({ contentType, evaluation }) => [contentType, evaluation?.decision, evaluation?.status]),
      [
        [CARD, 'accepted', 'VERIFIED'],
        [CARD, 'accepted', 'VERIFIED'],
      ],
    )
    assert.equal(reply.subject?.name, 'Ada Specimen')
    assert.deepEqual(heard(), ['POST /m', 'GET /files/1'])
    const [asked, fetched] = world.sharer.received
    assert.equal(asked?.headers['content-type'], 'application/json')
    const body = JSON.parse(asked?.body ?? '')
    assert.equal(body.recipient, 'vidimus')
    assert.equal('passcode' in body, false)
    // Who is asked by a link of nobody's learns no name of this server.
    for (const each of [asked, fetched]) assert.equal(each?.headers.signature, undefined)
  })
  it('behind the address of a viewer is found', async () => {
    manifest(embedded(world.cards(world.card())))
    const reply = await world.ask(`https://viewer.example/app?a=b#${world.link('/m')}`)
    assert.equal(reply.decision, 'accepted')
  })
  it('tells the sharer who receives it', async () => {
    manifest(embedded(world.cards(world.card())))
    await world.ask(world.link('/m'), [{ name: 'recipient', valueString: 'Border post 7' }])
    assert.equal(JSON.parse(world.sharer.received[0]?.body ?? '').recipient, 'Border post 7')
  })
  it('comes to what the least favourable file says', async () => {
    const cases: [cards: JsonObject[], decision: string, status: string][] = [
      [[world.card({ doses: 1 }), world.card()], 'rejected', 'VERIFIED'],
      [[world.card(), world.card({ forged: true })], 'unverified', 'INVALID_SIGNATURE'],
      [[world.card({ forged: true }), world.card({ doses: 1 })], 'unverified', 'INVALID_SIGNATURE'],
    ]
    for (const [cards, decision, status] of cases) {
      manifest(...cards.map((each) => embedded(world.cards(each))))
      const apart = await world.ask(world.link('/m'))
      manifest(embedded(world.cards(...cards)))
      const together = await world.ask(world.link('/m'))
      for (const reply of [apart, together]) {
        assert.deepEqual([reply.decision, reply.status, reply.linked.length], [decision, status, 2])
        assert.equal(reply.subject === undefined, decision === 'unverified')
      }
    }
  })
  const many = (count: number) => embedded(world.cards(...Array(count).fill(world.card())))
  it('judges no more credentials than one question may have', async () => {
    const ask = async (...files: JsonObject[]) => {
      world.sharer.offers.set('POST /m', () => ({ body: { files } }))
      return Promise.all([world.link('/m'), world.certificate(world.link('/m'))].map((text) => world.ask(text)))
    }
    for (const most of await ask(many(10), many(10)))
      assert.deepEqual([most.decision, most.linked.length], ['accepted', 20])
    const [bare, signed] = await ask(many(10), many(10), many(10))
    assert.deepEqual([bare?.decision, bare?.status, bare?.linked.length], ['unverified', 'UNSUPPORTED_CONTENT', 21])
    assert.deepEqual([signed?.decision, signed?.status, signed?.linked.length], ['undetermined', 'VERIFIED', 21])
    assert.ok(signed?.issues.some((text) => /more credentials behind the link/.test(text)))
  })
  it('shares that number among all links of a question', async () => {
    offer('POST /m', { body: { files: [many(10)] } })
    const further = world.link('/m')
    const part = [{ name: 'credential', valueString: further }]
    const reply = await world.ask(
      further.replace('shlink', 'vhlink'),
      Array.from({ length: 2 }, (_, at) => ({
        name: 'furtherCredential',
        part: at === 0 ? part : [{ name: 'credential', valueString: world.certificate(further) }],
      })),
    )
    assert.equal(reply.decision, 'undetermined')
    assert.ok(
      reply.issues.some((text) => /more credentials behind the link/.test(text)),
      reply.text,
    )
  })
  it('with cards of two people is nobody’s yes', async () => {
    manifest(embedded(world.cards(world.card(), world.card({ family: 'Other' }))))
    const reply = await world.ask(world.link('/m'))
    assert.deepEqual([reply.decision, reply.status, reply.subject], ['undetermined', 'VERIFIED', undefined])
    assert.ok(reply.issues.some((text) => /not about one person/.test(text)))
  })
  const nothing: [what: string, answer: Answer, status: string, check: string, told: RegExp][] = [
    ['without files', { body: { files: [] } }, 'UNSUPPORTED_CONTENT', 'payload', /no file behind it yet/],
    [
      'without files yet',
      { body: { status: 'can-change', files: [] }, headers: { 'Retry-After': '30' } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /ask again after 30 seconds/,
    ],
    [
      'that is no longer valid',
      { body: { status: 'no-longer-valid', files: [] } },
      'EXPIRED',
      'validity-period',
      /no longer valid/,
    ],
    ['of no list', { body: { files: 'x' } }, 'UNSUPPORTED_CONTENT', 'payload', /no list of files/],
    ['of no JSON', { body: 'sharer.example' }, 'UNSUPPORTED_CONTENT', 'payload', /no list of files/],
    [
      'with a member twice',
      { body: '{"files":[],"files":[{}]}' },
      'UNSUPPORTED_CONTENT',
      'payload',
      /no list of files/,
    ],
    [
      'with an entry that is no file',
      { body: { files: [{ contentType: CARD }] } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /no file/,
    ],
    [
      'with an entry without type',
      { body: { files: [{ embedded: 'x' }] } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /no file/,
    ],
    [
      'of too many files',
      { body: { files: Array.from({ length: 11 }, () => embedded('x')) } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /more than 10 files/,
    ],
    [
      'that is too large',
      { body: { files: [], x: 'x'.repeat(1_600_000) } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /larger than is read/,
    ],
    ['that does not exist', { status: 404 }, 'UNSUPPORTED_CONTENT', 'payload', /no such link/],
    ['that is gone', { status: 410 }, 'EXPIRED', 'validity-period', /has ended/],
    [
      'asked too often',
      { status: 429, headers: { 'Retry-After': '5' } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /too often; ask again after 5 seconds/,
    ],
    ['of a server that is down', { status: 503 }, 'UNSUPPORTED_CONTENT', 'payload', /status 503/],
    [
      'that says that it was made',
      { status: 201, body: { files: [] } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /status 201/,
    ],
    [
      'that sends elsewhere',
      { status: 302, headers: { Location: 'https://127.0.0.1/' } },
      'UNSUPPORTED_CONTENT',
      'payload',
      /not followed/,
    ],
  ]
  for (const [what, answer, status, check, told] of nothing)
    it(`${what} is told`, async () => {
      offer('POST /m', answer)
      unverified(await world.ask(world.link('/m')), status, check, told)
    })
})

describe('a passcode', () => {
  const guarded = (right: string) =>
    world.sharer.offers.set('POST /m', ({ body }) =>
      JSON.parse(body).passcode === right
        ? { body: { files: [embedded(world.cards(world.card()))] } }
        : { status: 401, body: { remainingAttempts: 3 } },
    )
  it('that is right opens the link', async () => {
    guarded('12 34')
    const reply = await world.ask(world.link('/m', { flag: 'P' }), passcode('12 34'))
    assert.equal(reply.decision, 'accepted')
    assert.doesNotMatch(reply.text, /12 34/)
  })
  it('that is wrong is told with the attempts that are left', async () => {
    guarded('1234')
    const reply = await world.ask(world.link('/m', { flag: 'P' }), passcode('999913'))
    unverified(reply, 'UNSUPPORTED_CONTENT', 'payload', /passcode is wrong; 3 more attempts are left/)
    assert.doesNotMatch(reply.text, /999913/)
  })
  it('that is missing is not tried', async () => {
    guarded('1234')
    unverified(await world.ask(world.link('/m', { flag: 'P' })), 'UNSUPPORTED_CONTENT', 'payload', /passcode is needed/)
    assert.deepEqual(heard(), [])
  })
  it('that the link did not announce is asked for', async () => {
    guarded('1234')
    unverified(await world.ask(world.link('/m')), 'UNSUPPORTED_CONTENT', 'payload', /a passcode is needed/)
  })
})

describe('a link to one file', () => {
  it('is read with the recipient in the query', async () => {
    offer('GET /direct', { body: world.cards(world.card()) })
    const link = world.link('/direct?a=b', { flag: 'U' })
    const reply = await world.ask(link, [{ name: 'recipient', valueString: 'Post & co' }])
    assert.equal(reply.decision, 'accepted')
    assert.equal(world.sharer.received[0]?.url.search, '?a=b&recipient=Post%20%26%20co')
  })
  it('that does not say what it is, is not judged', async () => {
    const { key } = world.sharer
    const sealed = sealUnder({ alg: 'dir', enc: 'A256GCM' }, Buffer.from('{}'), { key, nonce: randomBytes(12) })
    offer('GET /direct', { body: sealed })
    const reply = await world.ask(world.link('/direct', { flag: 'U' }))
    unverified(reply, 'UNSUPPORTED_CONTENT', 'payload', /does not say what it is/)
  })
})

describe('a file', () => {
  const forge = (header: JsonObject, other: { key?: Buffer; nonce?: Buffer } = {}) =>
    sealUnder({ alg: 'dir', enc: 'A256GCM', cty: CARD, ...header }, Buffer.from('{"verifiableCredential":[]}'), {
      key: world.sharer.key,
      nonce: randomBytes(12),
      ...other,
    })
  const changed = (text: string, part: number) => {
    const parts = text.split('.')
    const bytes = Buffer.from(parts[part] ?? '', 'base64url')
    bytes[0] = (bytes[0] ?? 0) ^ 1
    parts[part] = bytes.toString('base64url')
    return parts.join('.')
  }
  const files: [what: string, file: () => JsonObject, status: string, check: string, told: RegExp][] = [
    [
      'that was changed',
      () => embedded(changed(world.cards(world.card()), 3)),
      'INVALID_SIGNATURE',
      'signature',
      /was changed/,
    ],
    [
      'whose tag was changed',
      () => embedded(changed(world.cards(world.card()), 4)),
      'INVALID_SIGNATURE',
      'signature',
      /was changed/,
    ],
    [
      'whose header was changed',
      () =>
        embedded(
          world
            .cards(world.card())
            .replace(
              /^[^.]+/,
              Buffer.from(JSON.stringify({ enc: 'A256GCM', alg: 'dir', cty: CARD, zip: 'DEF' })).toString('base64url'),
            ),
        ),
      'INVALID_SIGNATURE',
      'signature',
      /was changed/,
    ],
    [
      'under another key',
      () => embedded(forge({}, { key: randomBytes(32) })),
      'INVALID_SIGNATURE',
      'signature',
      /key of the link/,
    ],
    ['with alg A256KW', () => embedded(forge({ alg: 'A256KW' })), 'INVALID_SIGNING_FORMAT', 'envelope', /alg and enc/],
    ['with alg none', () => embedded(forge({ alg: 'none' })), 'INVALID_SIGNING_FORMAT', 'envelope', /alg and enc/],
    [
      'with enc A128GCM',
      () => embedded(forge({ enc: 'A128GCM' })),
      'INVALID_SIGNING_FORMAT',
      'envelope',
      /alg and enc/,
    ],
    [
      'with a critical header',
      () => embedded(forge({ crit: ['x'], x: 1 })),
      'INVALID_SIGNING_FORMAT',
      'envelope',
      /critical/,
    ],
    ['with zip of another kind', () => embedded(forge({ zip: 'GZ' })), 'INVALID_SIGNING_FORMAT', 'envelope', /zip/],
    [
      'with a nonce of 16 bytes',
      () => embedded(forge({}, { nonce: randomBytes(16) })),
      'INVALID_SIGNING_FORMAT',
      'envelope',
      /length/,
    ],
    ['that is no JWE', () => embedded('secret'), 'INVALID_SIGNING_FORMAT', 'envelope', /five parts/],
    ['that is no deflate', () => embedded(forge({ zip: 'DEF' })), 'INVALID_COMPRESSION', 'compression', /deflate/],
    [
      'that grows without end',
      () => embedded(world.sharer.seal(Buffer.alloc(260_000, 32), CARD, { isCompressed: true })),
      'INVALID_COMPRESSION',
      'compression',
      /250000/,
    ],
    [
      'of another type than announced',
      () => embedded(world.cards(world.card()), FHIR),
      'UNSUPPORTED_CONTENT',
      'payload',
      /another type/,
    ],
    [
      'of another type than it says',
      () => embedded(world.sharer.seal(Buffer.from('%PDF-1.7'), FHIR), FHIR),
      'UNSUPPORTED_CONTENT',
      'payload',
      /another type/,
    ],
    [
      'that says to be a picture and is none',
      () => embedded(world.sharer.seal(Buffer.from('{}'), 'image/png'), 'image/png'),
      'UNSUPPORTED_CONTENT',
      'payload',
      /another type/,
    ],
    [
      'that holds no cards',
      () => embedded(world.sharer.seal({ verifiableCredential: [] }, CARD)),
      'UNSUPPORTED_CONTENT',
      'payload',
      /no SMART Health Cards/,
    ],
    [
      'that holds too many cards',
      () => embedded(world.sharer.seal({ verifiableCredential: Array.from({ length: 11 }, () => 'x') }, CARD)),
      'UNSUPPORTED_CONTENT',
      'payload',
      /too many/,
    ],
    [
      'that holds no card but another thing',
      () => embedded(world.sharer.seal({ verifiableCredential: [{ a: 1 }] }, CARD)),
      'INVALID_ENCODING',
      'encoding',
      /./,
    ],
    [
      'that is not there',
      () => ({ contentType: CARD, location: `${world.sharer.peer.origin}/none` }),
      'UNSUPPORTED_CONTENT',
      'payload',
      /no such link/,
    ],
    [
      'at a private address',
      () => ({ contentType: CARD, location: 'https://10.0.0.1/x' }),
      'UNSUPPORTED_CONTENT',
      'payload',
      /health link: /,
    ],
    [
      'at an address without TLS',
      () => ({ contentType: CARD, location: 'http://sharer.example/x' }),
      'UNSUPPORTED_CONTENT',
      'payload',
      /health link: /,
    ],
    ['at no address', () => ({ contentType: CARD, location: 'https://' }), 'UNSUPPORTED_CONTENT', 'payload', /no file/],
    [
      'that nobody signed',
      () => embedded(world.sharer.seal(sampleSummary({ issuedAt: new Date() }), FHIR), FHIR),
      'UNSIGNED_CONTENT',
      'signature',
      /nobody signed/,
    ],
    [
      'that is a picture of nobody’s',
      () => embedded(world.sharer.seal(Buffer.from('%PDF-1.7'), 'application/pdf'), 'application/pdf'),
      'UNSIGNED_CONTENT',
      'signature',
      /nobody signed/,
    ],
    [
      'of a type that nobody knows',
      () => embedded(world.sharer.seal(Buffer.from('x'), 'application/x-y'), 'application/x-y'),
      'UNSIGNED_CONTENT',
      'signature',
      /nobody signed/,
    ],
    [
      'with access to more',
      () =>
        embedded(
          world.sharer.seal({ aud: 'x', access_token: 'secret' }, 'application/smart-api-access'),
          'application/smart-api-access',
        ),
      'UNSIGNED_CONTENT',
      'signature',
      /nobody signed/,
    ],
    [
      'that is another link',
      () => embedded(world.sharer.seal(Buffer.from(world.link('/m')), 'text/plain'), 'text/plain'),
      'UNSUPPORTED_CONTENT',
      'payload',
      /not followed/,
    ],
  ]
  for (const [what, file, status, check, told] of files)
    it(`${what} is ${status}, also beside a good one`, async () => {
      manifest(file())
      unverified(await world.ask(world.link('/m')), status, check, told)
      manifest(embedded(world.cards(world.card())), file())
      const beside = await world.ask(world.link('/m'))
      assert.deepEqual([beside.decision, beside.status, beside.subject], ['unverified', status, undefined])
    })
  it('of too many bytes is not read to its end', async () => {
    offer('GET /large', { body: Buffer.alloc(5_000_001, 65) })
    manifest({ contentType: CARD, location: `${world.sharer.peer.origin}/large` })
    unverified(await world.ask(world.link('/m')), 'UNSUPPORTED_CONTENT', 'payload', /larger than is read/)
  })
  it('may be a certificate in text', async () => {
    const text = world.certificate(world.link('/other'))
    manifest(embedded(world.sharer.seal(Buffer.from(`${text}\r\n`), 'text/plain'), 'text/plain'))
    const reply = await world.ask(world.link('/m'))
    // A link in a file is not followed again, so that no chain of them leads on and on.
    assert.deepEqual([reply.decision, reply.status], ['undetermined', 'VERIFIED'])
    assert.deepEqual(heard(), ['POST /m'])
  })
})

describe('a server without network', () => {
  it('refuses to follow with a sentence', async () => {
    const off = await openLinkWorld({ NETWORK: 'off' })
    try {
      await assert.rejects(off.ask(off.link('/m')), { status: 400, message: /NETWORK=off/ })
      assert.deepEqual(off.sharer.received, [])
    } finally {
      await off.close()
    }
  })
})
