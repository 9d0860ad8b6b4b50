import type { X509Certificate } from 'node:crypto'
import { type ListEnvironment, listEnvironments } from '../lists/did-document.ts'
import type { DirectoryEntry } from './entries.ts'
import { hasJoseName, type PublicJwk, publicJwk } from './public-jwk.ts'

/** Of whom the directory is. */
export interface DirectoryPlace {
  /** DID below which every document stands: `did:web:<host>[:<path>]`. */
  did: string
  environment: ListEnvironment
}

/** A document before it is signed: the members that are signed, as text. */
export interface PlannedDocument {
  /** Path in the address, e.g. `/v2/trustlist/DCC/XXA/did.json`. */
  path: string
  /** A did:web document without its proof, or a JWK set. */
  kind: 'did' | 'jwks'
  /** DID of the document; of a JWK set that of the list beside it. */
  id: string
  text: string
}

/** Stands for any domain, any participant. */
const ANY = '-'
/** The folder of the embedded lists, and of those of references. */
const EMBEDDED = 'trustlist'
const REFERENCE = 'trustlist-ref'
const VERSION = 'v2'
/** What signs a credential: without a usage in its address, a JWK set holds nothing else, since who reads it may not look at usages. */
const SIGNERS = 'DSC'

/** DID of the server at an address: its host with the port, and the parts of its path (did:web, 2.5). */
export function didOfAddress(address: string): string {
  const { host, pathname } = new URL(address)
  const parts = pathname.split('/').filter((part) => part !== '')
  // In the path of a URL a colon may stand as it is; in the identifier it is what separates.
  return ['did:web', ...[host, ...parts].map((part) => part.replaceAll(':', '%3A'))].join(':')
}

/** DID of the root of a directory: everything that it publishes stands below it. */
export const rootDid = (did: string): string => `${did}:${VERSION}:${EMBEDDED}`

/**
 * Every document of a directory, one after another: embedded lists, lists of references, JWK sets, at every level that has an entry.
 * Equal entries give equal texts. In between nothing is yielded, so that a caller may rest.
 */
export function* planDocuments(
  entries: readonly DirectoryEntry[],
  place: DirectoryPlace,
): Generator<PlannedDocument | undefined> {
  const listed = entries.filter(({ usage }) => usage !== 'UP')
  const uploads = entries.filter(({ usage }) => usage === 'UP')
  const jwks = new Map<DirectoryEntry, ReturnType<typeof publicJwk>>()
  for (const entry of entries) {
    jwks.set(entry, publicJwk(leafOf(entry).publicKey))
    yield
  }
  for (const { levels, found } of [...levelsOf(listed), ...uploadLevels(uploads)]) {
    const document = { levels, found, place, jwks }
    yield yield* embeddedList(document)
    yield referenceList(document)
    const set = yield* jwkSet(document)
    if (set) yield set
  }
}

function leafOf({ keyId, certificates: [leaf] }: DirectoryEntry): X509Certificate {
  if (!leaf) throw new Error(`the entry ${keyId} has no certificate`)
  return leaf
}

/** The levels of one address, from the domain on, and the entries that stand there. */
interface Level {
  levels: readonly string[]
  found: readonly DirectoryEntry[]
}

interface Drawn extends Level {
  place: DirectoryPlace
  jwks: ReadonlyMap<DirectoryEntry, ReturnType<typeof publicJwk>>
}

const namesOf = ({ domain, participant, usage }: DirectoryEntry): string[] => [domain, participant, usage]

/** Every level that has entries: each with its own name and with the wildcard, where there is one. */
function levelsOf(entries: readonly DirectoryEntry[]): Level[] {
  const byPath = new Map<string, { levels: string[]; found: DirectoryEntry[] }>()
  for (const entry of entries) {
    const [domain = '', participant = '', usage = ''] = namesOf(entry)
    const paths: string[][] = [[]]
    for (const first of [domain, ANY]) {
      paths.push([first])
      for (const second of [participant, ANY]) paths.push([first, second], [first, second, usage])
    }
    for (const levels of paths) {
      const name = levels.join(':')
      const known = byPath.get(name)
      if (known) known.found.push(entry)
      else byPath.set(name, { levels, found: [entry] })
    }
  }
  return [...byPath.values()]
}

/** Upload keys stand at their own addresses alone: who takes a whole list for keys of credentials must not find them there. */
function uploadLevels(entries: readonly DirectoryEntry[]): Level[] {
  const groups = Map.groupBy(entries, ({ participant }) => participant)
  const own = [...groups].map(([participant, found]) => ({ levels: [ANY, participant, 'UP'], found }))
  return entries.length === 0 ? [] : [...own, { levels: [ANY, ANY, 'UP'], found: entries }]
}

const didOf = ({ did }: DirectoryPlace, folder: string, levels: readonly string[]): string =>
  [did, VERSION, folder, ...levels].join(':')

const pathOf = (folder: string, levels: readonly string[], file: string): string =>
  ['', VERSION, folder, ...levels, file].join('/')

/** The DID one level up; of the root its own. */
const parentOf = (place: DirectoryPlace, folder: string, levels: readonly string[]): string =>
  didOf(place, folder, levels.slice(0, -1))

function* embeddedList(drawn: Drawn): Generator<undefined, PlannedDocument> {
  const { levels, place } = drawn
  const items: string[] = []
  for (const each of withIds(onceInWildcard(drawn), drawn)) {
    items.push(itemText(each, drawn))
    yield
  }
  return didDocument(EMBEDDED, { levels, place }, `[${items.join(',')}]`)
}

function referenceList({ levels, found, place }: Drawn): PlannedDocument {
  const depth = levels.length
  const isLeaf = depth === 3
  const names = new Set(found.map((entry) => namesOf(entry)[depth] ?? ''))
  const below = [...(depth < 2 ? [ANY] : []), ...[...names].sort()]
  const references = isLeaf
    ? [didOf(place, EMBEDDED, levels)]
    : below.map((name) => didOf(place, REFERENCE, [...levels, name]))
  return didDocument(REFERENCE, { levels, place }, JSON.stringify(references))
}

function didDocument(
  folder: string,
  { levels, place }: Pick<Drawn, 'levels' | 'place'>,
  methods: string,
): PlannedDocument {
  const id = didOf(place, folder, levels)
  const head = {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/suites/jws-2020/v1',
      listEnvironments[place.environment],
    ],
    id,
    controller: parentOf(place, folder, levels),
  }
  const text = `${JSON.stringify(head).slice(0, -1)},"verificationMethod":${methods}}`
  return { path: pathOf(folder, levels, 'did.json'), kind: 'did', id, text }
}

/** Where the wildcard stands for the domain, a certificate of two domains stands once, with the first of them. */
function onceInWildcard({ levels: [domain], found }: Level): DirectoryEntry[] {
  if (domain !== ANY) return [...found]
  const seen = new Set<string>()
  return found.filter(({ thumbprint, participant, usage }) => {
    const name = [thumbprint, participant, usage].join('|')
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
  })
}

/**
 * Ids are distinct within a document, key ids are not: two keys of one id at one place differ in how the fragment is written, which
 * reads as the same key id once it is percent-decoded. A key for which there is no further way to write it is not in the document.
 */
function withIds(
  entries: readonly DirectoryEntry[],
  { levels, place }: Drawn,
): { entry: DirectoryEntry; id: string }[] {
  const counts = new Map<string, number>()
  return entries.flatMap((entry) => {
    const parts = namesOf(entry).map((name, at) => (levels[at] === ANY ? ANY : name))
    const plain = `${didOf(place, EMBEDDED, parts)}#`
    const name = `${plain}${entry.keyId}`
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    const fragment = fragmentOf(entry.keyId, count)
    return fragment === undefined ? [] : { entry, id: `${plain}${fragment}` }
  })
}

/** Characters of a key id that stand as they are in the fragment of an id; all others are percent-encoded. */
const PLAIN = /[A-Za-z0-9+/=._~:@!$*,;-]/

/**
 * A key id as fragment. The bits of `variant` say which of the plain characters, from the first on, are percent-encoded without need;
 * undefined where there are not as many.
 */
function fragmentOf(keyId: string, variant: number): string | undefined {
  let left = variant
  const fragment = [...keyId].map((each) => {
    if (!PLAIN.test(each)) return encoded(each)
    const isEncoded = left % 2 === 1
    left = Math.floor(left / 2)
    return isEncoded ? encoded(each) : each
  })
  return left === 0 ? fragment.join('') : undefined
}

const encoded = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

function itemText({ entry, id }: { entry: DirectoryEntry; id: string }, { levels, place, jwks }: Drawn): string {
  const { keyId, certificates, domain, participant, usage, source } = entry
  const { kty, ...members } = jwks.get(entry) ?? { kty: '' }
  return JSON.stringify({
    id,
    type: 'JsonWebKey2020',
    controller: source ?? parentOf(place, EMBEDDED, levels),
    publicKeyJwk: { kty, kid: keyId, x5c: certificates.map(base64), ...members },
    domain: { code: `#${domain || ANY}` },
    participant: { code: `#${participant}` },
    keyusage: { code: `#${usage === 'SCA' ? 'CSCA' : usage}` },
  })
}

const base64 = ({ raw }: { raw: Buffer }): string => raw.toString('base64')

/** The keys of a level as a JWK set (RFC 7517): those that sign credentials, unless the address names another usage. */
function* jwkSet({ levels, found, place, jwks }: Drawn): Generator<undefined, PlannedDocument | undefined> {
  const [, , usage = SIGNERS] = levels
  const keys: string[] = []
  for (const entry of onceInWildcard({ levels, found })) {
    const jwk = jwks.get(entry)
    if (entry.usage === usage && jwk && hasJoseName(jwk)) keys.push(JSON.stringify(jwkOf(entry, jwk)))
    yield
  }
  if (keys.length === 0) return undefined
  const id = didOf(place, EMBEDDED, levels)
  return { path: pathOf(EMBEDDED, levels, 'jwks.json'), kind: 'jwks', id, text: `{"keys":[${keys.join(',')}]}` }
}

function jwkOf(entry: DirectoryEntry, { kty, ...members }: PublicJwk) {
  return {
    kty,
    kid: entry.keyId,
    use: 'sig',
    ...members,
    x5c: entry.certificates.map(base64),
    'x5t#S256': Buffer.from(entry.thumbprint, 'hex').toString('base64url'),
    iss: entry.participant,
    ...(entry.domain === '' ? {} : { domain: entry.domain }),
    usage: entry.usage,
    nbf: secondsOf(entry.validFrom),
    exp: secondsOf(entry.validTo),
  }
}

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000)
