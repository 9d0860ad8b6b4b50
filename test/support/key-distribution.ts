/** Trust lists of did:web version 2 as a key distribution makes them of a gateway's rows: embedded and reference, all levels. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import type { CertificateRow } from './gateway/rows.ts'
import { type ListServer, type ServedDocument, startListServer } from './list-server.ts'
import { type ListObject, signedList } from './trust-list.ts'

/** A key as it is listed. */
export interface ListedKey {
  certificate: X509Certificate
  /** Issuers that are known, nearest first. */
  chain: X509Certificate[]
  keyId: string
  domain: string
  /** Alpha-3. */
  participant: string
  usage: 'SCA' | 'DSC' | 'DECA' | 'DESC'
}

const usages: Record<string, ListedKey['usage']> = { CSCA: 'SCA', DSC: 'DSC', DECA: 'DECA', DESC: 'DESC' }
const authorities: Record<string, string> = { DSC: 'CSCA', DESC: 'DECA' }

/** Alpha-3 of a test country: XA is XXA. */
function participantOf(country: string): string {
  if (!/^X[A-Z]$/.test(country)) throw new Error(`${country} is no country of the tests`)
  return `X${country}`
}

/** What a key distribution lists of a gateway's rows: authorities, document signers and keys of data exchange. */
export function listedKeys(rows: readonly CertificateRow[]): ListedKey[] {
  const read = (row: CertificateRow) => new X509Certificate(Buffer.from(row.certificate, 'base64'))
  return rows.flatMap((row) => {
    const usage = usages[row.group]
    if (!usage) return []
    const certificate = read(row)
    const issuers = rows
      .filter(
        ({ group, country, domain }) =>
          group === authorities[row.group] && country === row.country && domain === row.domain,
      )
      .map(read)
      .filter((each) => each.subject === certificate.issuer)
    const participant = participantOf(row.country)
    return [{ certificate, chain: issuers.slice(0, 1), keyId: row.kid, domain: row.domain, participant, usage }]
  })
}

/** Every document of keys by its levels (`[]`, `['DCC']`, `['-', 'XXA', 'DSC']`), with what stands below it. */
export function listLevels(keys: readonly ListedKey[]): Map<string, string[][]> {
  const paths = keys.flatMap(({ domain, participant, usage }) =>
    [domain, '-'].flatMap((first) => [participant, '-'].map((second) => [first, second, usage])),
  )
  const below = new Map<string, string[][]>([['', []]])
  for (const path of paths)
    for (const depth of [1, 2, 3]) {
      const [parent, own] = [path.slice(0, depth - 1), path.slice(0, depth)]
      const siblings = below.get(parent.join('/')) ?? []
      if (!siblings.some((each) => each.join('/') === own.join('/'))) siblings.push(own)
      below.set(parent.join('/'), siblings)
      if (!below.has(own.join('/'))) below.set(own.join('/'), [])
    }
  return below
}

/** What lists are made with. */
export interface ListMaking {
  keys: readonly ListedKey[]
  /** DID of the embedded root: `did:web:lists.example:v2:trustlist`. */
  did: string
  signer: KeyObject
  created: Date
}

/** The embedded list of a level. */
export function embeddedList(
  { keys, did, signer, created }: ListMaking,
  levels: readonly string[],
): Promise<ListObject> {
  const [domain, participant, usage] = levels
  const fits = (wanted: string | undefined, value: string) => wanted === undefined || wanted === '-' || wanted === value
  const controller = [did, ...levels.slice(0, -1)].join(':')
  const found = keys.filter(
    (key) => fits(domain, key.domain) && fits(participant, key.participant) && fits(usage, key.usage),
  )
  const shown = (wanted: string | undefined, value: string) => (wanted === '-' ? '-' : value)
  const items = found.map((key) => ({
    id: `${did}:${shown(domain, key.domain)}:${shown(participant, key.participant)}:${key.usage}#${key.keyId}`,
    type: 'JsonWebKey2020',
    controller,
    publicKeyJwk: jwkOf(key),
    domain: { code: `#${key.domain}` },
    participant: { code: `#${key.participant}` },
    keyusage: { code: `#${key.usage === 'SCA' ? 'CSCA' : key.usage}` },
  }))
  return sign(items, [did, ...levels].join(':'), controller, { signer, created })
}

/** The reference list of a level: DIDs of the next one; a leaf leads to the embedded list of its path. */
export function referenceList(
  { keys, did, signer, created }: ListMaking,
  levels: readonly string[],
): Promise<ListObject> {
  const root = `${did}-ref`
  const below = listLevels(keys).get(levels.join('/')) ?? []
  const items = levels.length === 3 ? [[did, ...levels].join(':')] : below.map((each) => [root, ...each].join(':'))
  return sign(items, [root, ...levels].join(':'), [root, ...levels.slice(0, -1)].join(':'), { signer, created })
}

function sign(
  items: unknown[],
  id: string,
  controller: string,
  { signer, created }: Pick<ListMaking, 'signer' | 'created'>,
): Promise<ListObject> {
  return signedList(items, {
    document: { id, controller },
    signer,
    created: created.toISOString().replace(/\.\d+/, ''),
  })
}

/** The key as the network publishes it: coordinates as signed numbers, and no name for curves but one. */
function jwkOf({ certificate, chain, keyId: kid }: ListedKey): ListObject {
  const x5c = [certificate, ...chain].map(({ raw }) => raw.toString('base64'))
  const { kty, crv, x, y, n, e } = jwk(certificate.publicKey)
  if (kty === 'RSA') return { kty, kid, x5c, n: signedNumber(n), e: signedNumber(e) }
  return { kty, kid, x5c, crv: crv === 'P-256' ? crv : 'UNKNOWN CURVE', x: signedNumber(x), y: signedNumber(y) }
}

function jwk(key: KeyObject) {
  return key.export({ format: 'jwk' })
}

/** A positive number as two's complement: a zero before a first bit that is set, and no other zero. */
function signedNumber(base64url = ''): string {
  let bytes = Buffer.from(base64url, 'base64url')
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) bytes = bytes.subarray(1)
  return ((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes).toString('base64url')
}

/** A key distribution that runs. */
export interface KeyDistribution {
  server: ListServer
  /** DID of the embedded root, and where it is. */
  did: string
  url: string
  /** The key that signs, and its public half as the pinned file holds it. */
  signer: KeyObject
  pinnedKey: string
  /** What is changed of the keys before they are listed. */
  change: (keys: ListedKey[]) => ListedKey[]
  /** When lists say that they were made; by default when the rows were first seen as they are. */
  created: Date | undefined
  /** The whole list as it would be served now. */
  root(): Promise<Buffer>
  close(): Promise<void>
}

/** Options: under which name, federated rows too, a clock. */
export interface KeyDistributionOptions {
  host?: string
  withFederation?: boolean
  now?(): Date
}

/** Serves lists made of the gateway's present rows, each when it is first asked for; they stay the same while the rows do. */
export async function startKeyDistribution(
  gateway: { certificates: readonly CertificateRow[] },
  { host = 'cdn.example', withFederation = false, now = () => new Date() }: KeyDistributionOptions = {},
): Promise<KeyDistribution> {
  const { privateKey: signer, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  let generation = { state: '', created: now(), made: new Map<string, Promise<Buffer>>() }
  const making = (): ListMaking & { made: Map<string, Promise<Buffer>> } => {
    const rows = gateway.certificates.filter(({ sourceGateway }) => withFederation || sourceGateway === undefined)
    const keys = distribution.change(listedKeys(rows))
    const shown = keys.map(({ certificate, ...rest }) => [
      certificate.fingerprint256,
      rest.keyId,
      rest.domain,
      rest.usage,
    ])
    const state = JSON.stringify([shown, distribution.created])
    if (state !== generation.state) generation = { state, created: distribution.created ?? now(), made: new Map() }
    return { keys, did: distribution.did, signer, created: generation.created, made: generation.made }
  }
  const find = async (path: string): Promise<ServedDocument | undefined> => {
    const [, kind, rest] = /^\/v2\/trustlist(-ref)?((?:\/[^/]+){0,3})\/did\.json$/.exec(path) ?? []
    if (rest === undefined) return undefined
    const { made, ...list } = making()
    const levels = rest.split('/').slice(1)
    if (!listLevels(list.keys).has(levels.join('/'))) return undefined
    const make = async () =>
      Buffer.from(JSON.stringify(await (kind ? referenceList(list, levels) : embeddedList(list, levels))))
    const body = made.get(path) ?? make()
    made.set(path, body)
    return { body: await body, lastModified: list.created }
  }
  const server = await startListServer({ host, find })
  const distribution: KeyDistribution = {
    server,
    did: `did:web:${host}%3A${server.port}:v2:trustlist`,
    url: `${server.origin}/v2/trustlist/did.json`,
    signer,
    pinnedKey: JSON.stringify(jwk(publicKey)),
    change: (keys) => keys,
    created: undefined,
    root: async () => (await find('/v2/trustlist/did.json'))?.body ?? Buffer.alloc(0),
    close: () => server.close(),
  }
  return distribution
}
