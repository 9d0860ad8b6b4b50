/** What the directory serves verifies with the reader of lists, at every level, and holds what it must hold. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compactVerify, importJWK, type JWK } from 'jose'
import { didOfAddress, planDocuments } from '../../../src/trust/directory/documents.ts'
import { selectEntries } from '../../../src/trust/directory/entries.ts'
import { publicJwk } from '../../../src/trust/directory/public-jwk.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../../../src/trust/keys/trusted-key.ts'
import { checkTrustList, isRefused } from '../../../src/trust/lists/check-list.ts'
import { keysOfList } from '../../../src/trust/lists/did-source.ts'
import { country, directoryOf, freshKey } from '../../support/directory.ts'
import { isShared, overShared, sharedPath } from '../../support/shared.ts'

const a = country('XA', 'XXA')
const b = country('XB', 'XXB')
const dataAuthority = a.under({ isAuthority: true, subject: { commonName: 'Test DECA of XA', country: 'XA' } })
const network: TrustedKey[] = [
  a.scaKey,
  a.dscKey,
  b.scaKey,
  b.dscKey,
  a.key(a.under(), { domain: 'PH4H' }),
  b.key(b.under({ publicKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey }), { domain: 'PH4H' }),
  a.key(dataAuthority, { usage: 'DECA', domain: 'PH4H' }),
]

describe('every document of a directory', () => {
  it('verifies with the reader of lists, at every level, as what its address says', async () => {
    const directory = directoryOf(network)
    const { state, documents } = await directory.make()
    assert.equal(state, 'made')
    const planned = [...pathsOf(['DCC', 'PH4H', '-'], ['XXA', 'XXB', '-'], ['SCA', 'DSC', 'DECA'])]
    let served = 0
    for (const levels of planned) {
      const found = await directory.get(`/v2/trustlist${levels}/did.json`).catch(() => undefined)
      if (!found) continue
      served++
      for (const folder of ['trustlist', 'trustlist-ref']) {
        const { body } = await directory.get(`/v2/${folder}${levels}/did.json`)
        const checked = await checkTrustList(body, [directory.world.signer?.publicKey ?? freshKey()])
        assert.ok(!isRefused(checked), `${folder}${levels}: ${JSON.stringify(checked)}`)
        assert.equal(checked.id, `did:web:directory.example:v2:${folder}${levels.replaceAll('/', ':')}`)
        assert.deepEqual(checked.warnings, [])
        assert.equal(checked.kind, folder === 'trustlist' ? 'embedded' : 'reference')
        // A list of one domain or usage may lack the authority of its signers: that one stands in another domain, and in x5c.
        const [, domain = '-', , usage] = levels.split('/')
        if (domain === '-' && usage === undefined)
          assert.deepEqual(
            checked.items.flatMap(({ fault }) => fault ?? []),
            [],
          )
      }
    }
    const jwks = [...pathsOf(['DCC', 'PH4H', '-'], ['XXA', 'XXB', '-'], ['SCA', 'DSC', 'DECA'])].filter((levels) => {
      try {
        return directory.find({ path: `/v2/trustlist${levels}/jwks.json`, accept: undefined }) !== undefined
      } catch {
        return false
      }
    })
    assert.ok(served > 20)
    assert.equal(documents, 2 * served + jwks.length)
  })

  it('is refused under another key, and with any byte of its keys changed', async () => {
    const directory = directoryOf(network)
    await directory.make()
    const { body } = await directory.get('/v2/trustlist/did.json')
    const key = directory.world.signer?.publicKey ?? freshKey()
    assert.ok(isRefused(await checkTrustList(body, [freshKey()])))
    const forged = Buffer.from(body.toString().replace('"#XXB"', '"#XXA"'))
    assert.deepEqual(await checkTrustList(forged, [key]).then((each) => isRefused(each) && each.reason), 'signature')
  })

  it('names in references what exists, and every document is reached by them', async () => {
    const directory = directoryOf(network)
    const { documents } = await directory.make()
    const reached = new Set<string>()
    const walk = async (did: string): Promise<void> => {
      if (reached.has(did)) return
      reached.add(did)
      const document = await directory.json(
        `${did.replace('did:web:directory.example', '').replaceAll(':', '/')}/did.json`,
      )
      assert.equal(document.id, did)
      for (const each of document.verificationMethod) if (typeof each === 'string') await walk(each)
    }
    await walk('did:web:directory.example:v2:trustlist-ref')
    const leaves = [...reached].filter((did) => did.includes(':trustlist:'))
    assert.ok(leaves.length > 10)
    const references = [...reached].filter((did) => did.includes(':trustlist-ref'))
    assert.ok(documents >= 2 * references.length)
  })

  it('holds every kind of key as it can be read again', async () => {
    const curves = ['P-256', 'P-384', 'P-521', 'brainpoolP256r1', 'brainpoolP384r1']
    const keys = curves.map((namedCurve) => generateKeyPairSync('ec', { namedCurve }).publicKey)
    const directory = directoryOf([a.scaKey, ...keys.map((publicKey) => a.key(a.under({ publicKey })))])
    await directory.make()
    const { body } = await directory.get('/v2/trustlist/DCC/XXA/DSC/did.json')
    const items = JSON.parse(body.toString()).verificationMethod.map((each: { publicKeyJwk: JWK }) => each.publicKeyJwk)
    assert.deepEqual(items.map(({ crv }: JWK) => crv).sort(), [...curves].sort())
    for (const key of keys.slice(0, 3)) {
      const { x, y } = key.export({ format: 'jwk' })
      assert.ok(items.some((each: JWK) => each.x === x && each.y === y))
    }
    const checked = await checkTrustList(body, [directory.world.signer?.publicKey ?? freshKey()])
    assert.ok(!isRefused(checked))
  })
})

function* pathsOf(domains: string[], participants: string[], usages: string[]): Generator<string> {
  yield ''
  for (const domain of domains) {
    yield `/${domain}`
    for (const participant of participants) {
      yield `/${domain}/${participant}`
      for (const usage of usages) yield `/${domain}/${participant}/${usage}`
    }
  }
}

describe('ids and key ids', () => {
  it('keep two keys of one key id apart, and both are found under it', async () => {
    const twins = [a.under(), a.under(), a.under()].map((each) => a.key(each, { keyId: 'ABCDEFGH' }))
    const other = b.key(b.under(), { keyId: 'ABCDEFGH' })
    const directory = directoryOf([a.scaKey, b.scaKey, other, ...twins])
    await directory.make()
    for (const [levels, count] of [
      ['', 4],
      ['/-/-/DSC', 4],
      ['/DCC/XXA', 3],
    ] as const) {
      const { body } = await directory.get(`/v2/trustlist${levels}/did.json`)
      const checked = await checkTrustList(body, [directory.world.signer?.publicKey ?? freshKey()])
      assert.ok(!isRefused(checked), JSON.stringify(checked))
      assert.equal(checked.items.filter(({ keyId }) => keyId === 'ABCDEFGH').length, count)
    }
  })

  it('of any text, by which lists name keys, come back as they were', async () => {
    const anyKeyId = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((each) => each.isWellFormed())
    await fc.assert(
      fc.asyncProperty(fc.array(anyKeyId, { minLength: 4, maxLength: 12 }), async (keyIds) => {
        const directory = directoryOf([
          a.scaKey,
          ...keyIds.map((keyId) => ({ ...a.dscKey, keyId, domain: `D${keyIds.indexOf(keyId)}` })),
        ])
        await directory.make()
        const { body } = await directory.get('/v2/trustlist/did.json')
        const checked = await checkTrustList(body, [directory.world.signer?.publicKey ?? freshKey()])
        assert.ok(!isRefused(checked), JSON.stringify(checked))
        const read = checked.items.filter(({ usage }) => usage === 'DSC').map(({ keyId }) => keyId)
        assert.deepEqual([...read].sort(), [...new Set(keyIds)].sort())
      }),
      { numRuns: 4 },
    )
  })

  it('that cannot be written apart are left out of the document, and never make it unreadable', () => {
    const keys = Array.from({ length: 4 }, () => a.key(a.under(), { keyId: 'ü' }))
    const [first] = keys
    assert.ok(first?.certificate)
    const entries = keys.map((key) => ({
      ...key,
      certificates: key.certificate ? [key.certificate] : [],
      validFrom: new Date(0),
      validTo: new Date(0),
    }))
    const place = { did: 'did:web:directory.example', environment: 'dev' as const }
    const [root] = [...planDocuments(entries, place)].filter((each) => each !== undefined)
    const { verificationMethod } = JSON.parse(root?.text ?? '{}')
    assert.equal(new Set(verificationMethod.map(({ id }: { id: string }) => id)).size, verificationMethod.length)
  })

  it('of the server follow its address', () => {
    assert.equal(didOfAddress('https://keys.example.org'), 'did:web:keys.example.org')
    assert.equal(didOfAddress('http://127.0.0.1:8080'), 'did:web:127.0.0.1%3A8080')
    assert.equal(didOfAddress('https://example.org/health/keys/'), 'did:web:example.org:health:keys')
  })
})

describe('a certificate of two domains or two lists', () => {
  it('stands once for a domain, in both domains, and once where the wildcard stands for the domain', async () => {
    const directory = directoryOf([
      a.scaKey,
      a.dscKey,
      { ...a.dscKey, domain: 'PH4H' },
      { ...a.dscKey, keyId: 'other' },
    ])
    const { notPublished } = await directory.make()
    const count = async (levels: string) =>
      (await directory.json(`/v2/trustlist${levels}/did.json`)).verificationMethod.length
    assert.equal(await count('/DCC/XXA/DSC'), 1)
    assert.equal(await count('/PH4H/XXA/DSC'), 1)
    assert.equal(await count('/-/XXA/DSC'), 1)
    assert.equal(await count(''), 3)
    assert.match(notPublished[0]?.reason ?? '', /the same certificate is published under the key id/)
  })
})

describe('a signed JWK set', () => {
  const directory = directoryOf([
    ...network,
    a.key(a.under({ publicKey: generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey })),
  ])

  it('verifies with a JOSE library, and its keys are those of the certificates', async () => {
    await directory.make()
    const { body, contentType } = await directory.get('/v2/trustlist/jwks.json')
    assert.equal(contentType, 'application/jwk-set+jwt')
    const { payload, protectedHeader } = await compactVerify(
      body.toString(),
      directory.world.signer?.publicKey ?? freshKey(),
    )
    assert.equal(protectedHeader.typ, 'jwk-set+jwt')
    const { keys, iss, sub, iat } = JSON.parse(Buffer.from(payload).toString())
    assert.deepEqual([iss, sub], ['did:web:directory.example', 'did:web:directory.example:v2:trustlist'])
    assert.equal(iat, directory.world.now.getTime() / 1000)
    // Document signers alone, and only keys that a JOSE library knows.
    assert.deepEqual(new Set(keys.map(({ usage }: { usage: string }) => usage)), new Set(['DSC']))
    assert.equal(keys.length, network.filter(({ usage }) => usage === 'DSC').length)
    for (const key of keys) assert.ok(await importJWK(key, key.kty === 'RSA' ? 'PS256' : 'ES256'))
    await assert.rejects(compactVerify(body.toString(), freshKey()))
  })

  it('holds authorities only where the address names them', async () => {
    const { body } = await directory.get('/v2/trustlist/DCC/XXA/SCA/jwks.json')
    const { payload } = await compactVerify(body.toString(), directory.world.signer?.publicKey ?? freshKey())
    assert.equal(JSON.parse(Buffer.from(payload).toString()).keys[0].usage, 'SCA')
    assert.throws(() => directory.find({ path: '/v2/trustlist-ref/jwks.json', accept: undefined }), /no document/)
  })
})

overShared.describe("the documents of WHO's own software", () => {
  const folder = sharedPath('corpora/trust/own-network')
  const files = !isShared
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('did.json'))
  const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'))

  it('have the same paths, ids, controllers and members as ours over the same keys', async () => {
    const bytes = readFileSync(path.join(folder, 'trustlist/did.json'))
    const pinned = read('signer.jwk.json')
    const checked = await checkTrustList(bytes, [createPublicKey({ key: pinned, format: 'jwk' })])
    assert.ok(!isRefused(checked))
    const entries = (await keysOfList(checked, 'local')).flatMap(({ key }) =>
      key?.certificate
        ? { ...key, certificates: [key.certificate, ...key.chain], validFrom: new Date(0), validTo: new Date(0) }
        : [],
    )
    entries.sort((one, other) => (one.keyId < other.keyId ? -1 : 1))
    const planned = [...planDocuments(entries, { did: 'did:web:cdn.test', environment: 'dev' })]
      .filter((each) => each !== undefined)
      .filter(({ kind }) => kind === 'did')
    assert.deepEqual(planned.map((each) => each.path.slice('/v2/'.length)).sort(), [...files].sort())
    for (const { path: address, text } of planned) {
      const theirs = read(address.slice('/v2/'.length))
      const { proof: _, ...unsigned } = theirs
      assert.deepEqual(comparable(JSON.parse(text)), comparable(unsigned), address)
      assert.deepEqual(Object.keys(JSON.parse(text)), Object.keys(unsigned), address)
    }
  })

  /** What may differ: the order of references, and coordinates, which theirs write as signed integers. */
  function comparable(document: { verificationMethod: unknown[] }) {
    const methods = document.verificationMethod.map((each) =>
      typeof each === 'string' ? each : withoutCoordinates(each),
    )
    return {
      ...document,
      verificationMethod: methods.every((each) => typeof each === 'string') ? methods.sort() : methods,
    }
  }

  function withoutCoordinates(item: unknown) {
    return JSON.parse(JSON.stringify(item), (name, value) => (/^(?:x|y|n)$/.test(name) ? 'a number' : value))
  }
})

it('a public key is a JWK with whole coordinates; kinds that lists have no place for are none', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const jwk = publicJwk(key)
  assert.deepEqual(jwk, { kty: 'EC', ...pick(key.export({ format: 'jwk' })) })
  assert.equal(publicJwk(generateKeyPairSync('ed25519').publicKey), undefined)
})

const pick = ({ crv, x, y }: { crv?: string; x?: string; y?: string }) => ({ crv, x, y })

it('equal keys in another order of lists are the same texts', async () => {
  const texts = await Promise.all(
    [network, [...network].reverse()].map(async (keys) => {
      const rules = {
        now: new Date('2022-06-01T12:00:00Z'),
        sources: [],
        did: 'did:web:directory.example:v2:trustlist',
        environment: 'prod' as const,
      }
      const { entries } = await selectEntries(createKeyIndex([keys]), rules)
      return [...planDocuments(entries, { did: 'did:web:directory.example', environment: 'prod' })]
        .filter((each) => each !== undefined)
        .sort((one, other) => (one.path < other.path ? -1 : 1))
    }),
  )
  assert.deepEqual(texts[0], texts[1])
  assert.ok((texts[0]?.length ?? 0) > 20)
})
