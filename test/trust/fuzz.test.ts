import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../src/base/json.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { verifyTrustListFiles } from '../../src/trust/explain.ts'
import { publicKeyFromJwk } from '../../src/trust/keys/jwk.ts'
import { checkTrustList, isRefused } from '../../src/trust/lists/check-list.ts'
import { readSidecar } from '../../src/trust/lists/sidecar.ts'
import { keyLine } from '../../src/trust/lists/signed-quads.ts'
import { parseTrustLists } from '../../src/trust/lists/trust-list-settings.ts'
import { type TrustReaders, trustSourceKinds } from '../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'
import { testIssuer } from '../support/issuer.ts'
import { forgedByContext, itemsOf, listItem, listSigner, pinnedKey, signedList } from '../support/trust-list.ts'

/** Mutants of trust lists per run; many more are made when VIDIMUS_FUZZ_RUNS says so. */
const runs = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 300)
const issuer = testIssuer({ country: 'XA' })
const forger = testIssuer({ country: 'DE' }).dsc
const at = new Date('2022-06-01T00:00:00Z')

/** One file of any content beside the pinned key. */
const readers = (content: string): TrustReaders => ({
  readFile: async (file) => Buffer.from(file === '/key' ? pinnedKey : content),
  listFolder: async () => undefined,
})
const report = async (content: string) =>
  (await verifyTrustListFiles(['/list'], { key: '/key', at, readers: readers(content) }))[0]

describe('a list signed as the network signs', () => {
  it('is valid, and its keys are in use', async () => {
    const list = JSON.stringify(await signedList(itemsOf(issuer)))
    const found = await report(list)
    assert.equal(found?.valid, true, JSON.stringify(found))
    const source = { name: 'own', kind: 'did-v2' as const, location: '/list', key: ['/key'] }
    const trust = await loadTrustLists([source], { readers: readers(list), now: () => at, check: checkTrustList })
    assert.deepEqual(
      trust
        .keys()
        .find({ keyId: issuer.keyId.toString('base64'), issuer: 'XA' })
        .map(({ usage, domain }) => [usage, domain]),
      [['DSC', 'DCC']],
    )
    assert.equal(trust.status()[0]?.created, '2022-05-01T00:00:00Z')
  })

  it('is no longer valid after any change of a text', async () => {
    const list = await signedList(itemsOf(issuer))
    const text = JSON.stringify(list)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom('A', 'z', '1', '"', '{', ' '),
        async (position, character) => {
          const changed = text.slice(0, position) + character + text.slice(position + 1)
          fc.pre(normal(changed) !== normal(text))
          assert.notEqual((await report(changed))?.valid, true, `position ${position}: ${character}`)
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** JSON without what means nothing: white space, and the last bits of a base64url signature. */
function normal(text: string): string {
  try {
    const json = JSON.parse(text)
    const signature = Buffer.from(String(json.proof?.jws).split('.')[2] ?? '', 'base64url').toString('hex')
    return JSON.stringify([json, signature], (name, value) =>
      name === 'jws' ? String(value).split('.').slice(0, 2) : value,
    )
  } catch {
    return text
  }
}

// ---------- mutants ----------

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpora/trust/did')
const published = ['PH4H/CHL/DSC', 'IPS-PILGRIMAGE', 'PH4H/BRB/DSC'].map((name) =>
  path.join(corpus, 'dev/v2/trustlist', name, 'did.json'),
)

interface Genuine {
  document: JsonObject
  key: NonNullable<ReturnType<typeof publicKeyFromJwk>>
}

/** One list of our own, and two that say the same in such words that another reader would be misled; lists of the network, where they are at hand. */
async function genuineLists(): Promise<Genuine[]> {
  const [authority = {}, signer = {}] = itemsOf(issuer)
  const own = await signedList([authority, signer])
  const forgeries = [
    [authority, forgedByContext(signer, forger)],
    [forgedByContext(authority, forger), forgedByContext(signer, forger)],
  ]
  const lists: Genuine[] = [own, ...forgeries.map((methods) => ({ ...own, verificationMethod: methods }))].map(
    (document) => ({ document: JSON.parse(JSON.stringify(document)), key: listSigner.publicKey }),
  )
  if (!existsSync(corpus)) return lists
  const pinned = JSON.parse(readFileSync(path.join(corpus, 'signer/dev/did.json'), 'utf8'))
  const key = publicKeyFromJwk(pinned.verificationMethod[0].publicKeyJwk)
  assert.ok(key)
  return [...lists, ...published.map((file) => ({ document: JSON.parse(readFileSync(file, 'utf8')), key }))]
}

/** Names that mean something to JSON-LD, to the contexts of the lists, to JavaScript, or to nobody. */
const names = [
  ...[
    '@context',
    '@id',
    '@type',
    '@graph',
    '@included',
    '@nest',
    '@reverse',
    '@set',
    '@list',
    '@value',
    '@json',
    '@none',
  ],
  ...['@index', '@language', '@base', '@vocab', '@version', '@import', '@propagate', '@protected', '@direction'],
  ...['id', 'type', 'controller', 'participant', 'domain', 'keyusage', 'code', 'publicKeyJwk', 'x5c', 'kid', 'proof'],
  ...['alsoKnownAs', 'assertionMethod', 'keyAgreement', 'service', 'serviceEndpoint', 'verificationMethod', 'nonce'],
  ...['created', 'expires', 'challenge', 'proofValue', 'privateKeyJwk', 'x', '', '__proto__', 'constructor', 'toJSON'],
  ...['https://w3id.org/security#controller', 'https://smart.who.int/trust/ValueSet-Participants-DEV.jsonld'],
]
const forged = JSON.parse(
  JSON.stringify(listItem(testIssuer({ country: 'DE' }).dsc, { participant: 'DEU' })),
) as JsonObject
const aliases: JsonObject = Object.fromEntries(
  ['participant', 'domain', 'keyusage', 'publicKeyJwk', 'code', 'x5c', 'id', 'type'].map((name, i) => [
    name,
    ['@nest', '@type', '@id', '@included', '@index', '@graph', '@json', null][i] ?? null,
  ]),
)
const values: Json[] = [
  ...[null, true, 0, 1.5, '', 'x', '#DEU', '#XXA', [], {}, [null], [[]]],
  ...[{ code: '#DEU' }, { '@id': '#DEU' }, { '@value': 'x' }, { '@type': '@json', '@value': {} }, { '@set': [] }],
  ...['did:web:lists.example:v2:trustlist', 'https://www.w3.org/ns/did/v1', 'https://w3id.org/security/v3'],
  ...[forged, [forged], forged.publicKeyJwk ?? null, aliases, { participant: null }, { code: '@id', x: '@nest' }],
  ...[{ x: { '@id': 'https://w3id.org/security#controller', '@type': '@id' } }, '@nest', '@type', '@id', '@json'],
]

const step = fc.record({
  operation: fc.constantFrom(
    'add',
    'add',
    'add',
    'rename',
    'remove',
    'wrap',
    'move',
    'copy',
    'change',
    'reorder',
    'twice',
    'context',
  ),
  /** Which object or value, among all of the list. */
  where: fc.nat(10_000),
  other: fc.nat(10_000),
  name: fc.constantFrom(...names),
  value: fc.constantFrom(...values),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Every object and list in a value, at every depth. */
function containers(json: Json): (JsonObject | Json[])[] {
  if (typeof json !== 'object' || json === null) return []
  return [json, ...Object.values(json).flatMap(containers)]
}

const copy = (json: Json): Json => JSON.parse(JSON.stringify(json))

/** Changes one place of the list; duplicates are marked, since no object holds a member twice. */
function mutate(document: JsonObject, { operation, where, other, name, value }: Step): void {
  const places = containers(document)
  const place = places[where % places.length] ?? document
  const members = Object.keys(place)
  const member = members[other % (members.length || 1)] ?? ''
  // Lists are changed by index: JavaScript has one way for both.
  const object = place as JsonObject
  const known = object[member] ?? null
  const define = (key: string, made: Json) =>
    Object.defineProperty(object, key, { value: copy(made), enumerable: true, configurable: true, writable: true })
  switch (operation) {
    case 'add':
      if (Array.isArray(place)) place.splice(other % (place.length + 1), 0, copy(value))
      else define(name, value)
      break
    case 'rename':
      if (Array.isArray(place)) break
      delete object[member]
      define(name, known)
      break
    case 'remove':
      if (Array.isArray(place)) place.splice(other % (place.length || 1), 1)
      else delete object[member]
      break
    case 'wrap':
      if (members.length > 0)
        define(member, [[known], { '@set': [known] }, { '@id': known }, { [name]: known }][other % 4] ?? known)
      break
    case 'move': {
      const target = places[other % places.length]
      if (!target || Array.isArray(target) || members.length === 0 || containers(known).includes(target)) break
      delete object[member]
      Object.assign(target, { [name]: copy(known) })
      break
    }
    case 'copy':
      if (Array.isArray(place) && place.length > 0) place.push(copy(place[other % place.length] ?? null))
      else define(name, known)
      break
    case 'change':
      if (members.length > 0) define(member, value)
      break
    case 'reorder':
      reorder(place, other)
      break
    case 'twice':
      if (!Array.isArray(place) && members.length > 0) define(`${TWICE}${member}`, other % 2 ? known : value)
      break
    case 'context':
      if (!Array.isArray(place)) define('@context', other % 2 ? aliases : value)
      break
  }
}

function reorder(place: JsonObject | Json[], by: number): void {
  if (Array.isArray(place)) {
    place.push(...place.splice(0, by % (place.length || 1)))
    return
  }
  const entries = Object.entries(place)
  for (const [key] of entries) delete place[key]
  entries.push(...entries.splice(0, by % (entries.length || 1)))
  for (const [key, value] of entries) place[key] = value
}

const TWICE = 'twice:'

describe('a mutant of a genuine list', () => {
  it('is refused, or yields exactly the keys of the genuine one', async () => {
    const lists = await genuineLists()
    const keysOf = async (text: string, key: Genuine['key']) => {
      const checked = await checkTrustList(Buffer.from(text), [key])
      return isRefused(checked) ? undefined : checked.items.map(keyLine).sort()
    }
    const genuine = await Promise.all(lists.map(({ document, key }) => keysOf(JSON.stringify(document), key)))
    for (const [which, { document }] of lists.entries()) {
      assert.equal(genuine[which] === undefined, JSON.stringify(document).includes('@nest'))
    }
    const seen = { refused: 0, valid: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lists.length - 1),
        fc.array(step, { minLength: 1, maxLength: 3 }),
        async (which, steps) => {
          const { document, key } = lists[which] ?? { document: {}, key: listSigner.publicKey }
          const mutant = copy(document)
          assert.ok(isJsonObject(mutant))
          for (const each of steps) mutate(mutant, each)
          const keys = await keysOf(JSON.stringify(mutant).replaceAll(`"${TWICE}`, '"'), key)
          seen[keys ? 'valid' : 'refused']++
          if (keys) assert.deepEqual(keys, genuine[which] ?? genuine[0])
        },
      ),
      { numRuns: runs },
    )
    assert.ok(seen.refused > 0 && seen.valid > 0, JSON.stringify(seen))
  })
})

// ---------- anything at all ----------

describe('any text', () => {
  it('as a trust list is refused with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (content) => {
        assert.equal((await report(content))?.valid, false)
      }),
      { numRuns: 100 },
    )
  })

  it('as a source of any kind is reported, never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.json()),
        fc.constantFrom(...trustSourceKinds),
        async (content, kind) => {
          const source = { name: 's', kind, location: '/list', key: ['/key'] }
          const trust = await loadTrustLists([source], {
            readers: readers(content),
            now: () => at,
            check: checkTrustList,
          })
          assert.equal(trust.keys().keys.length, 0)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('as a sidecar is understood to the last member, or named', () => {
    const entry = fc.dictionary(
      fc.constantFrom('file', 'status', 'until', 'participant', 'keyId', 'x', '__proto__'),
      fc.oneof(fc.constantFrom('revoked', 'current', '2021-01-01', 'DE'), fc.jsonValue()),
    )
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(entry)), (json) => {
        const { entries, problems } = readSidecar(copy(json as Json))
        const given: Json[] = Array.isArray(json) ? (copy(json as Json[]) as Json[]) : []
        assert.equal(entries.length + problems.length, Array.isArray(json) ? given.length : 1)
        for (const { file, status } of entries) {
          const told = given.find(
            (each) => isJsonObject(each) && each.file === file && (each.status ?? 'current') === status,
          )
          assert.ok(told, `${file} is ${status} by no entry`)
        }
      }),
    )
  })

  it('as the setting is read or refused with an Error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.jsonValue()).map((list) => JSON.stringify(list)),
        ),
        (text) => {
          try {
            assert.ok(Array.isArray(parseTrustLists(text, () => text)))
          } catch (error) {
            assert.match(String(error), /^Error: TRUST_LISTS|is not JSON/)
          }
        },
      ),
    )
  })
})
