import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../../src/base/json-value.ts'
import { type Followed, followLink } from '../../../src/credentials/health-link/follow.ts'
import type { HealthLink } from '../../../src/credentials/health-link/health-link.ts'
import { sealFile } from '../../../src/demo/issue-health-link.ts'
import { NetworkError } from '../../../src/network/network-error.ts'
import type { NetworkReply, NetworkRequest } from '../../../src/network/network-request.ts'

const clock = new Date('2026-01-01T00:00:00Z')
const key = Buffer.alloc(32, 7)
const manifest: HealthLink = { scheme: 'shlink', url: 'https://sharer.example/m', key, flags: '' }
const search: HealthLink = {
  scheme: 'vhlink',
  url: 'https://sharer.example/fhir/List?_id=1&code=folder',
  key,
  flags: '',
}
const seal = (content: Json, contentType = 'application/fhir+json') =>
  sealFile(Buffer.from(JSON.stringify(content)), { key, nonce: Buffer.alloc(12, 1), contentType })

/** What is asked of a sharer who answers as he likes. */
async function follow(
  link: HealthLink,
  answer: (request: NetworkRequest) => Partial<NetworkReply> | NetworkError,
  { listed = [], recipient }: { listed?: string[]; recipient?: string } = {},
): Promise<{ followed: Followed; asked: NetworkRequest[]; signed: string[] }> {
  const asked: NetworkRequest[] = []
  const signed: string[] = []
  const followed = await followLink(
    link,
    { clock, client: 'client', ...(recipient === undefined ? {} : { recipient }) },
    {
      async request(request) {
        asked.push(request)
        const reply = answer(request)
        if (reply instanceof NetworkError) throw reply
        return { status: 200, headers: {}, body: Buffer.alloc(0), ...reply }
      },
      sign(message) {
        signed.push(message.url)
        return { Signature: 'x' }
      },
      isListed: (url) => listed.some((each) => url.startsWith(each)),
    },
  )
  return { followed, asked, signed }
}

const json = (value: Json): Partial<NetworkReply> => ({ body: Buffer.from(JSON.stringify(value)) })
const folder = (...urls: string[]): Partial<NetworkReply> =>
  json({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [
      { resource: { resourceType: 'List', status: 'current' } },
      ...urls.map((url, at) => ({
        resource: {
          resourceType: 'DocumentReference',
          id: `d${at}`,
          status: 'current',
          content: [{ attachment: { contentType: 'application/fhir+json', url } }],
        },
      })),
    ],
  })

describe('following a link', () => {
  it('asks on the account of whoever wants it, and for no more than is read', async () => {
    const { asked } = await follow(manifest, ({ url }) =>
      url.endsWith('/m')
        ? json({ files: ['a', 'b', 'c'].map((name) => ({ contentType: 'application/pdf', location: `/${name}` })) })
        : {
            body: Buffer.from(
              sealFile(Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(3_000_000)]), {
                key,
                nonce: Buffer.alloc(12),
                contentType: 'application/pdf',
              }),
            ),
          },
    )
    assert.deepEqual(new Set(asked.map(({ client }) => client)), new Set(['client']))
    const [first, second, third] = asked.slice(1).map(({ maxBytes }) => maxBytes)
    assert.deepEqual([first, second], [4_000_000, 4_000_000])
    // All files together have a limit, too.
    assert.ok(third !== undefined && third < 2_000_000)
  })
  it('tells the sharer any name of a recipient', async () => {
    const { asked } = await follow({ ...manifest, flags: 'U' }, () => ({ status: 404 }), { recipient: 'a\ud800&b' })
    assert.equal(asked[0]?.url, 'https://sharer.example/m?recipient=a%EF%BF%BD%26b')
  })
  it('goes on to another host with a signature only where the operator names it', async () => {
    const other = 'https://files.example/b'
    const answer = ({ url }: NetworkRequest) => (url === other ? { body: Buffer.from(seal({ a: 1 })) } : folder(other))
    const refused = await follow(search, answer)
    assert.ok('status' in refused.followed)
    assert.deepEqual(refused.signed, ['https://sharer.example/fhir/List/_search'])
    const allowed = await follow(search, answer, { listed: ['https://files.example/'] })
    assert.ok('files' in allowed.followed)
    assert.deepEqual(allowed.signed, ['https://sharer.example/fhir/List/_search', other])
  })
  it('signs nothing for a manifest', async () => {
    const { signed } = await follow(manifest, () =>
      json({ files: [{ contentType: 'x/y', location: 'https://a.example/' }] }),
    )
    assert.deepEqual(signed, [])
  })
  it('takes relative addresses from the base of the search', async () => {
    const { asked } = await follow(search, ({ method }) =>
      method === 'POST' ? folder('Binary/1', '/x', 'https://sharer.example/y') : { status: 404 },
    )
    assert.equal(asked[1]?.url, 'https://sharer.example/fhir/Binary/1')
    for (const url of ['/x', 'https://sharer.example/y']) {
      const { asked: others } = await follow(search, ({ method }) =>
        method === 'POST' ? folder(url) : { status: 404 },
      )
      assert.equal(others[1]?.url, `https://sharer.example${new URL(url, 'https://sharer.example').pathname}`)
    }
  })
  it('tells what the network says, and nothing else of it', async () => {
    for (const link of [manifest, search, { ...manifest, flags: 'U' }]) {
      const { followed } = await follow(link, () => new NetworkError('private'))
      assert.ok('status' in followed)
      assert.deepEqual(
        [followed.status, followed.check, followed.isUnavailable],
        ['UNSUPPORTED_CONTENT', 'payload', true],
      )
      assert.match(followed.detail, /not public/)
    }
  })
  it('does not swallow a fault of its own', async () => {
    const broken = followLink(
      manifest,
      { clock },
      {
        request: () => Promise.reject(new TypeError('a bug')),
        sign: () => ({}),
        isListed: () => false,
      },
    )
    await assert.rejects(broken, TypeError)
  })
})

describe('whatever a sharer answers', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'current',
      'List',
      'DocumentReference',
      'DocumentReference/d1',
      'Binary/1',
      'application/fhir+json',
      '/m',
      'https://10.0.0.1/',
      'https://sharer.example/x',
      seal({ a: 1 }),
    ),
  )
  const names = [
    'files',
    'contentType',
    'location',
    'embedded',
    'status',
    'resourceType',
    'type',
    'entry',
    'resource',
    'fullUrl',
    'item',
    'reference',
    'content',
    'attachment',
    'url',
    'data',
    'id',
    'link',
    'relation',
    '__proto__',
  ]
  const value = fc.letrec<{ any: Json }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.constantFrom(null, true, 1, -1, 'searchset', 'Bundle'),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 6 }),
    ),
  })).any
  const bundle = fc
    .array(value, { maxLength: 4 })
    .map((entry): Json => ({ resourceType: 'Bundle', type: 'searchset', entry }))
  const files = fc.array(value, { maxLength: 4 }).map((each): Json => ({ files: each }))
  const status = fc.oneof(
    { weight: 8, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
  )
  const body = fc.oneof(
    fc.oneof(value, bundle, files).map((each) => JSON.stringify(each)),
    fc.string({ unit: 'binary' }),
    fc.constant(seal({ a: 1 })),
  )

  it('gives files that the key opened, or says why not, in few requests', async () => {
    const answers = fc.array(fc.record({ status, body }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(answers, fc.constantFrom(manifest, search, { ...manifest, flags: 'U' }), async (all, link) => {
        let at = 0
        const { followed, asked } = await follow(link, () => {
          const next = all[at++ % all.length]
          return { status: next?.status ?? 200, body: Buffer.from(next?.body ?? '') }
        })
        assert.ok(asked.length <= 21, `${asked.length} requests`)
        for (const { url } of asked) assert.ok(link !== search || new URL(url).host === 'sharer.example')
        if ('files' in followed)
          for (const { bytes } of followed.files) assert.equal(Buffer.from(bytes).toString(), '{"a":1}')
        else assert.notEqual(followed.status, 'VERIFIED')
      }),
    )
  })
})
