import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listKeys } from '../../src/trust/explain.ts'
import { parseTrustLists } from '../../src/trust/lists/trust-list-settings.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'
import { frameworks } from '../support/frameworks.ts'
import { keyPairFor, testIssuer } from '../support/issuer.ts'
import { memoryReaders as memory } from '../support/memory-readers.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer({ country: 'XA' })
const stranger = testIssuer({ country: 'XA' })
const folder = (name: string): TrustSource => ({ name, kind: 'certificates', location: `/${name}` })

describe('certificate folders', () => {
  it('need no sidecar: country of the subject, DSC or SCA', async () => {
    const readers = memory({ '/a/sca.pem': issuer.sca.toString(), '/a/dsc.der': issuer.dsc.raw, '/a/notes.txt': 'x' })
    const trust = await loadTrustLists([folder('a')], { readers, now })
    assert.deepEqual(
      listKeys(trust.keys(), {}, now()).map(({ participant, usage, algorithm, lists }) => ({
        participant,
        usage,
        algorithm,
        lists,
      })),
      [
        { participant: 'XXA', usage: 'DSC', algorithm: 'P-256', lists: ['a'] },
        { participant: 'XXA', usage: 'SCA', algorithm: 'P-256', lists: ['a'] },
      ],
    )
    assert.deepEqual(trust.status()[0]?.warnings, [])
  })

  it('are described by trust.json', async () => {
    const entry = {
      file: 'dsc.pem',
      keyId: 'AQID',
      participant: 'URY',
      domain: 'PH4H',
      usage: 'DSC',
      status: 'revoked',
      until: '2021-06-01',
    }
    const readers = memory({
      '/a/dsc.pem': issuer.dsc.toString(),
      '/a/trust.json': JSON.stringify([entry, { file: 'gone.pem' }]),
    })
    const trust = await loadTrustLists([folder('a')], { readers, now })
    const [key] = trust.keys().find({ keyId: 'AQID', issuer: 'uy' })
    assert.deepEqual([key?.participant, key?.domain, key?.status], ['URY', 'PH4H', 'revoked'])
    assert.deepEqual(trust.status()[0], {
      name: 'a',
      kind: 'certificates',
      location: '/a',
      usable: true,
      state: 'ok',
      keys: 1,
      expired: 1,
      readAt: '2022-06-01T00:00:00.000Z',
      warnings: ['gone.pem is missing', 'the list has no SCA of the name of its issuer'],
    })
  })

  it('leave out a DSC that the SCA of its issuer’s name did not sign', async () => {
    const readers = memory({
      '/a/sca.pem': issuer.sca.toString(),
      '/a/foreign.pem': stranger.dsc.toString(),
      '/a/bad.pem': 'x',
    })
    const trust = await loadTrustLists([folder('a')], { readers, now })
    assert.equal(trust.keys().keys.length, 1)
    assert.equal(trust.status()[0]?.warnings.length, 2)
  })
})

describe('several lists', () => {
  it('are a union in configured order; one key of two lists is one with two names', async () => {
    const readers = memory({
      '/a/dsc.pem': issuer.dsc.toString(),
      '/b/x.pem': issuer.dsc.toString(),
      '/b/y.pem': stranger.dsc.toString(),
    })
    const trust = await loadTrustLists([folder('b'), folder('a')], { readers, now })
    assert.deepEqual(
      listKeys(trust.keys(), {}, now()).map(({ lists }) => lists),
      [['b', 'a'], ['b']],
    )
  })

  it('work without the one that is bad, which says why', async () => {
    const readers = memory({
      '/a/dsc.pem': issuer.dsc.toString(),
      '/l.json': '{',
      '/l.key.json': '{}',
      '/e/x.pem': 'no certificate',
    })
    const sources: TrustSource[] = [
      folder('a'),
      folder('gone'),
      folder('e'),
      { name: 'l', kind: 'did-v2', location: '/l.json', key: ['/l.key.json'] },
      { name: 'n', kind: 'did-v2', location: 'https://cdn.example/did.json', key: ['/l.key.json'] },
      { name: 'u', kind: 'did-v2', location: '/l.json' },
    ]
    const trust = await loadTrustLists(sources, { readers, now })
    assert.deepEqual(
      trust.status().map(({ name, usable, failure }) => [name, usable, failure]),
      [
        ['a', true, undefined],
        ['gone', false, '/gone: there is no such file or folder'],
        ['e', false, '/e holds no certificate'],
        ['l', false, '/l.key.json holds no public key: a JWK, a DID document or PEM is expected'],
        ['n', false, 'the network is off (NETWORK=off)'],
        ['u', false, 'no pinned key is configured, without which a list is not used'],
      ],
    )
    assert.equal(trust.keys().keys.length, 1)
  })

  it('are replaced as a whole, and a list that turned bad keeps its last keys', async () => {
    const readers = memory({ '/a/dsc.pem': issuer.dsc.toString() })
    const trust = await loadTrustLists([folder('a')], { readers, now })
    const before = trust.keys()
    readers.files['/a/more.pem'] = stranger.dsc.toString()
    await trust.reload()
    assert.equal(before.keys.length, 1)
    assert.equal(trust.keys().keys.length, 2)
    delete readers.files['/a/dsc.pem']
    delete readers.files['/a/more.pem']
    const [status] = await trust.reload()
    assert.equal(status?.usable, true)
    assert.match(status?.failure ?? '', /there is no such file/)
    assert.equal(trust.keys().keys.length, 2)
  })
})

describe('JWK sets', () => {
  it('bind their keys to the configured issuer', async () => {
    const jwk = { ...keyPairFor('ES256').publicKey.export({ format: 'jwk' }), kid: 'thumb' }
    const readers = memory({
      '/keys.jwks.json': JSON.stringify({ keys: [jwk, { kty: 'EC', kid: 'x' }, { ...jwk, kid: undefined }] }),
    })
    const source: TrustSource = { name: 's', kind: 'jwks', location: '/keys.jwks.json', issuer: 'https://i.example' }
    const trust = await loadTrustLists([source], { readers, now })
    const find = (issuerName: string) =>
      trust.keys().find({ framework: frameworks.shc, keyId: 'thumb', issuer: issuerName }).length
    assert.deepEqual([find('https://i.example'), find('https://i.example/'), find('https://other.example')], [1, 0, 0])
    assert.deepEqual(trust.status()[0]?.warnings, ['key 2: has no readable public key', 'key 3: lacks kid or issuer'])
  })
})

describe('the setting TRUST_LISTS', () => {
  const parse = (text: string, files: Record<string, string> = {}) => parseTrustLists(text, (name) => files[name] ?? '')

  it('is empty, JSON, the path of a JSON file, or paths', () => {
    assert.deepEqual(parse(''), [])
    const source = { name: 'a', kind: 'certificates', location: '/x' }
    assert.deepEqual(parse(JSON.stringify([source])), [source])
    const relative = [{ name: 'a', kind: 'did-v2', location: 'did.json', key: 'key.json' }]
    assert.deepEqual(parse('/etc/lists.json', { '/etc/lists.json': JSON.stringify(relative) }), [
      { name: 'a', kind: 'did-v2', location: '/etc/did.json', key: ['/etc/key.json'] },
    ])
    assert.deepEqual(parse('/keys, /other/keys,/d/did.json,/s.jwks.json'), [
      { name: 'keys', kind: 'certificates', location: '/keys' },
      { name: 'keys-2', kind: 'certificates', location: '/other/keys' },
      { name: 'did', kind: 'did-v2', location: '/d/did.json', key: ['/d/did.key.json'] },
      { name: 's', kind: 'jwks', location: '/s.jwks.json' },
    ])
  })

  it('names every problem at once', () => {
    const wrong = [
      { name: '', kind: 'x', location: 1, refreshSeconds: 0, colour: 'red' },
      'y',
      { name: 'a', kind: 'did-v2', location: '/l' },
    ]
    const good = { name: 'b', kind: 'certificates', location: '/x' }
    assert.throws(
      () => parse(JSON.stringify([...wrong, good, good])),
      (error: Error) => {
        assert.deepEqual(error.message.split('\n'), [
          'TRUST_LISTS, source 1: there is no member "colour" (is issuer meant?); there are name, kind, location, key, id, issuer, participant, domain, usage, required, withFederation, anchors, mode, firstCopy, maxAgeSeconds, rejectAgeSeconds, refreshSeconds',
          'TRUST_LISTS, source 1: name is missing',
          'TRUST_LISTS, source 1: location is missing',
          'TRUST_LISTS, source 1: kind must be one of did-v2, jwks, certificates, distrusted, revocation, gateway, gateway-revocation, issuers, icao-master-list, ldif',
          'TRUST_LISTS, source 1: refreshSeconds must be a positive number',
          'TRUST_LISTS, source 2: is not an object',
          'TRUST_LISTS, source 3: a did-v2 list needs the pinned signing key: key',
          'TRUST_LISTS: two sources are named b',
        ])
        return true
      },
    )
    assert.throws(() => parse('[{'), /TRUST_LISTS is not JSON/)
    assert.throws(() => parse(JSON.stringify(good)), /TRUST_LISTS: a JSON array of sources is wanted/)
    assert.throws(() => parse('[{"name":"a","name":"b"}]'), /TRUST_LISTS is not JSON: .*"name" occurs twice/)
  })

  it('refuses what would be ignored or not understood', () => {
    const problem = (source: object) => {
      try {
        return JSON.stringify(parse(JSON.stringify([{ name: 'a', location: '/x', ...source }])))
      } catch (error) {
        return error instanceof Error ? error.message.replace('TRUST_LISTS, source 1: ', '') : ''
      }
    }
    const cases: [object, string][] = [
      [{ kind: 'did-v2', key: 'k', issuer: 'DE' }, 'issuer means nothing for a source of kind did-v2'],
      [{ kind: 'jwks', id: 'did:web:a' }, 'id means nothing for a source of kind jwks'],
      [{ kind: 'distrusted', required: true }, 'required means nothing for a source of kind distrusted'],
      [{ kind: 'certificates', required: 'yes' }, 'required must be true or false'],
      [{ kind: 'certificates', participant: 'Germany' }, 'participant must be a code of two or three letters'],
      [{ kind: 'certificates', participant: '' }, 'participant must be a text'],
      [{ kind: 'jwks', issuer: 'FR', participant: 'DE' }, 'issuer and participant differ'],
      [
        { kind: 'jwks', location: 'https://a.example/jwks.json' },
        'a JWK set from the network needs the issuer or participant that its keys are bound to',
      ],
      [
        { kind: 'did-v2', key: 'k', location: 'http://a.example/did.json' },
        'location must be an https address without user, password and fragment',
      ],
      [
        { kind: 'distrusted', location: 'https://me:secret@a.example/d.json' },
        'location must be an https address without user, password and fragment',
      ],
      [
        { kind: 'certificates', location: 'https://a.example/keys' },
        'a source of kind certificates is a folder or file, and not an address',
      ],
      [
        { kind: 'did-v2', location: 'https://a.example/did.json', key: 'https://a.example/key.json' },
        'key must be a file: a key that is fetched proves nothing',
      ],
      [{ kind: 'did-v2', key: 'k', firstCopy: '/f' }, 'firstCopy means nothing for a location that is a file'],
      [
        { kind: 'did-v2', key: 'k', location: 'https://a.example/did.json', firstCopy: 'https://b.example/did.json' },
        'firstCopy must be a file',
      ],
      [{ kind: 'certificates', rejectAgeSeconds: -1 }, 'rejectAgeSeconds must be a positive number'],
    ]
    for (const [source, text] of cases) assert.equal(problem(source), text)
    const good = { name: 'd', kind: 'distrusted', location: '/d.json' }
    const required = { name: 'r', kind: 'certificates', location: '/r', required: true }
    assert.deepEqual(parse(JSON.stringify([good, required])), [good, required])
  })
})
