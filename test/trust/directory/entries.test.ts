/** Which keys are published, and the sentence for each that is not. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { type DirectorySource, selectEntries } from '../../../src/trust/directory/entries.ts'
import { createKeyIndex, type IndexRules } from '../../../src/trust/keys/key-index.ts'
import { publicKeyThumbprint, type TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { country, freshKey } from '../../support/directory.ts'

const a = country('XA', 'XXA')
const b = country('XB', 'XXB')
const now = new Date('2022-06-01T12:00:00Z')
const did = 'did:web:directory.example:v2:trustlist'
const sources: DirectorySource[] = [
  { name: 'local', kind: 'certificates' },
  { name: 'who', kind: 'did-v2', did: 'did:web:tng-cdn.who.int:v2:trustlist' },
  { name: 'tng', kind: 'gateway' },
  { name: 'own', kind: 'did-v2', did },
]

async function select(keys: TrustedKey[], rules: IndexRules = {}) {
  return selectEntries(createKeyIndex([keys], rules), { now, sources, did, environment: 'prod' })
}

const early = { notBefore: new Date('2021-01-01T00:00:00Z'), notAfter: new Date('2022-01-01T00:00:00Z') }
const late = { notBefore: new Date('2023-01-01T00:00:00Z') }
const uploads = a.under()
const raw = a.under({ extendedKeyUsage: ['1.3.6.1.4.1.1847.2022.1.21'] })
const bare = (members: Partial<TrustedKey> = {}): TrustedKey => {
  const publicKey = freshKey()
  const thumbprint = publicKeyThumbprint(publicKey)
  const { certificate: _, validFrom: __, validTo: ___, ...key } = a.key(a.dsc)
  return { ...key, publicKey, thumbprint, publicKeyThumbprint: thumbprint, keyId: 'bare', ...members }
}

/** What is not published, beside an authority and a signer that are; and the words that say why. */
const refused: Record<string, { key: TrustedKey; reason: RegExp; with?: TrustedKey[] }> = {
  'a bare JWK': {
    key: bare(),
    reason:
      /^a bare JWK is refused: raw keys only inside a certificate under an SCA of the participant with usage 2022/,
  },
  'a signer that is expired': { key: a.key(a.under(early)), reason: /^it is expired$/ },
  'a signer that its list ended': {
    key: a.key(a.under(), { validTo: new Date('2022-05-31T00:00:00Z') }),
    reason: /^it is expired$/,
  },
  'a signer that its list begins later': {
    key: a.key(a.under(), { validFrom: new Date('2022-07-01T00:00:00Z') }),
    reason: /begin later/,
  },
  'a signer that is revoked': { key: a.key(a.under(), { status: 'revoked' }), reason: /^it is revoked$/ },
  'a signer that is terminated': { key: a.key(a.under(), { status: 'terminated' }), reason: /^it is terminated$/ },
  'a signer whose list says expired': { key: a.key(a.under(), { status: 'expired' }), reason: /^it is expired$/ },
  'a signer without authority': { key: b.key(b.under()), reason: /no SCA of the name of its issuer/ },
  'a signer under the authority of another participant': {
    key: a.key(b.under()),
    with: [b.scaKey],
    reason: /no SCA of the name of its issuer/,
  },
  'a signer that only has the name of its issuer': {
    key: a.key(country('XA', 'XXA').under()),
    reason: /authority key id|not signed by the listed SCA/,
  },
  'a signer whose authority is expired': {
    key: b.key(b.under()),
    with: [{ ...b.scaKey, validTo: new Date('2022-01-01T00:00:00Z') }],
    reason: /no SCA of the name of its issuer/,
  },
  'an authority that is no authority': { key: a.key(a.under(), { usage: 'SCA' }), reason: /no certificate authority/ },
  'an authority of another country': { key: { ...b.scaKey, participant: 'XXA' }, reason: /country of its subject/ },
  'an authority listed as a signer': { key: a.key(a.sca, { usage: 'DSC' }), reason: /authority, listed as a signer/ },
  'a data exchange signer without its authority': { key: a.key(a.under(), { usage: 'DESC' }), reason: /no DECA/ },
  'a key of no domain': { key: a.key(a.under(), { domain: '' }), reason: /names no domain/ },
  'a key of no usage': { key: a.key(a.under(), { usage: '' }), reason: /names no usage/ },
  'a key of nobody': { key: a.key(a.under(), { participant: '' }), reason: /names no participant/ },
  'a key bound to an address': {
    key: a.key(a.under(), { issuer: 'https://example.org' }),
    reason: /address of an issuer/,
  },
  'a client certificate': {
    key: a.key(a.under(), { usage: 'TLS', lists: ['tng'] }),
    reason: /usage TLS are not published/,
  },
  'an upload key of a file': { key: a.key(uploads, { usage: 'UP' }), reason: /from a gateway alone/ },
  'an upload key of another directory': {
    key: a.key(uploads, { usage: 'UP', lists: ['who'] }),
    reason: /gateway alone/,
  },
  'a domain that is the wildcard': { key: a.key(a.under(), { domain: '-' }), reason: /its domain is no code/ },
  'a domain that leaves its folder': { key: a.key(a.under(), { domain: '..' }), reason: /its domain is no code/ },
  'a domain with a slash': { key: a.key(a.under(), { domain: 'A/B' }), reason: /its domain is no code/ },
  'a key id without end': { key: a.key(a.under(), { keyId: 'k'.repeat(257) }), reason: /key id is empty or too long/ },
  'a key id of half a character': { key: a.key(a.under(), { keyId: '\ud800' }), reason: /key id/ },
  'a key on Ed25519': {
    key: a.key(a.under({ publicKey: generateKeyPairSync('ed25519').publicKey })),
    reason: /elliptic curves and RSA/,
  },
  'a key that comes from this directory alone': {
    key: a.key(a.under(), { lists: ['own'] }),
    reason: /only hand on what this directory says/,
  },
}

describe('a key that is not published', () => {
  for (const [name, { key, reason, with: more = [] }] of Object.entries(refused)) {
    it(name, async () => {
      const { entries, notPublished } = await select([a.scaKey, a.dscKey, ...more, key])
      assert.ok(entries.some(({ thumbprint }) => thumbprint === a.dscKey.thumbprint))
      const isIn = entries.some(
        (each) =>
          each.thumbprint === key.thumbprint &&
          each.usage === key.usage &&
          each.domain === key.domain &&
          each.participant === key.participant,
      )
      assert.equal(isIn, false)
      assert.ok(
        notPublished.some((each) => reason.test(each.reason)),
        JSON.stringify(notPublished),
      )
    })
  }

  it('nor one that is distrusted, with all that it signed', async () => {
    const distrust = [{ list: 'bad', participants: [], thumbprints: [a.scaKey.thumbprint], keyIds: [] }]
    const { entries, notPublished } = await select([a.scaKey, a.dscKey, b.scaKey, b.dscKey], { distrust })
    assert.deepEqual(new Set(entries.map(({ participant }) => participant)), new Set(['XXB']))
    assert.equal(notPublished.filter(({ reason }) => /distrusted by bad/.test(reason)).length, 2)
  })

  it('nor any while none counts', async () => {
    const { entries, notPublished } = await select([a.scaKey, a.dscKey], { unavailable: 'bad cannot be read' })
    assert.deepEqual(entries, [])
    assert.equal(notPublished.length, 2)
  })
})

describe('a directory that hands on what others say', () => {
  const who = 'did:web:tng-cdn.who.int:v2:trustlist'
  const neighbour = 'did:web:neighbour.example:v2:trustlist'
  const taken = (origin: string): DirectorySource => ({
    name: 'neighbour',
    kind: 'did-v2',
    did: neighbour,
    origins: new Map([a.scaKey, a.dscKey].map(({ thumbprint }) => [thumbprint, [origin]])),
  })
  const published = async (source: DirectorySource, more: DirectorySource[], lists = ['neighbour']) => {
    const index = createKeyIndex([[a.scaKey, a.dscKey].map((key) => ({ ...key, lists }))])
    const { entries } = await selectEntries(index, { now, sources: [source, ...more], did, environment: 'prod' })
    return entries.map((entry) => entry.source)
  }

  it('vouches for what is its own, or comes from a list that is not read here', async () => {
    assert.deepEqual(await published(taken(neighbour), []), [neighbour, neighbour])
    assert.deepEqual(await published(taken(who), []), [who, who])
  })

  it('vouches for no key of a test network in a directory of the network itself', async () => {
    const test = { ...taken(neighbour), environment: 'dev' as const }
    assert.deepEqual(await published(test, []), [])
    assert.deepEqual(await published({ ...test, environment: 'prod' }, []), [neighbour, neighbour])
    // What another list vouches for as well is published, as that list's.
    const here: DirectorySource = { name: 'here', kind: 'certificates' }
    assert.equal((await published(test, [here], ['neighbour', 'here'])).length, 2)
    const index = createKeyIndex([[a.scaKey].map((key) => ({ ...key, lists: ['neighbour'] }))])
    const { notPublished } = await selectEntries(index, { now, sources: [test], did, environment: 'prod' })
    assert.match(notPublished[0]?.reason ?? '', /of the environment dev alone, and the directory is of prod/)
  })

  it('does not vouch for what it took from this directory', async () => {
    assert.deepEqual(await published(taken(did), []), [])
    assert.deepEqual(await published(taken(`${did}:DCC`), []), [])
  })

  it('does not vouch for what it took from a list that is read here: that one decides', async () => {
    const here: DirectorySource = { name: 'who', kind: 'did-v2', did: who }
    assert.deepEqual(await published(taken(who), [here]), [])
    assert.deepEqual(await published(taken(who), [here], ['neighbour', 'who']), [who, who])
  })
})

describe('a key that is published', () => {
  it('is a signer with its authority, and a data exchange signer with its own', async () => {
    const signer = { ...a.authority, name: { commonName: 'DECA', country: 'XA' } }
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const own = a.under({ isAuthority: true, subject: signer.name, publicKey: pair.publicKey })
    const { certificateUnder } = await import('../../support/trust-list.ts')
    const desc = certificateUnder({ name: signer.name, ...pair }, { publicKey: freshKey() })
    const { entries } = await select([
      a.scaKey,
      a.dscKey,
      a.key(own, { usage: 'DECA', domain: 'PH4H' }),
      a.key(desc, { usage: 'DESC', domain: 'PH4H' }),
    ])
    const chains = Object.fromEntries(
      entries.map(({ usage, certificates }) => [usage, certificates.map((each) => each.fingerprint256)]),
    )
    assert.deepEqual(chains.DSC, [a.dsc.fingerprint256, a.sca.fingerprint256])
    assert.deepEqual(chains.DESC, [desc.fingerprint256, own.fingerprint256])
    assert.deepEqual([chains.SCA?.length, chains.DECA?.length], [1, 1])
  })

  it('may begin later, when its own certificate says so', async () => {
    const { entries, changesAt } = await select([a.scaKey, a.key(a.under(late))])
    assert.equal(entries.length, 2)
    assert.equal(changesAt?.toISOString(), '2023-01-01T00:00:00.000Z')
  })

  it('may have its authority in another domain', async () => {
    const { entries } = await select([a.scaKey, { ...a.dscKey, domain: 'PH4H' }])
    assert.deepEqual(entries.find(({ usage }) => usage === 'DSC')?.certificates.length, 2)
  })

  it('may wrap a raw key', async () => {
    const { entries } = await select([a.scaKey, a.key(raw)])
    assert.equal(entries.length, 2)
  })

  it('may be an upload key of a gateway', async () => {
    const { entries } = await select([a.scaKey, a.key(uploads, { usage: 'UP', lists: ['tng'] })])
    assert.deepEqual(entries.map(({ usage }) => usage).sort(), ['SCA', 'UP'])
  })

  it('names the DID of its list, where that is known', async () => {
    const { entries } = await select([{ ...a.scaKey, lists: ['local', 'who'] }, a.dscKey])
    assert.equal(entries.find(({ usage }) => usage === 'SCA')?.source, 'did:web:tng-cdn.who.int:v2:trustlist')
    assert.equal(entries.find(({ usage }) => usage === 'DSC')?.source, undefined)
  })
})
