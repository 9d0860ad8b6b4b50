/** An authority over a store of its own, at a clock that stands still, and what is sent to it. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authority, type AuthorityParts, createAuthority } from '../../../src/authority/authority.ts'
import type { AuthoritySettings } from '../../../src/authority/settings/authority-settings.ts'
import { readClients } from '../../../src/authority/settings/read-clients.ts'
import { readParticipants } from '../../../src/authority/settings/read-participants.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { developerBy } from '../../../src/http/limits/requester.ts'
import { openStorage } from '../../../src/storage/open.ts'

/** Where the server of these tests is. */
export const baseUrl = 'https://fhir.example.org'
/** The external issuer, and the audience of its tokens. */
export const issuer = { issuer: 'https://issuer.example.org', audience: `${baseUrl}/fhir` }
/** The clock, in seconds since 1970. */
export const clock = Date.UTC(2026, 5, 1) / 1000

/** A key pair, and its public key as others have it. */
export interface TestKey {
  publicKey: KeyObject
  privateKey: KeyObject
  jwk: Record<string, unknown>
}

const withJwk = (pair: { publicKey: KeyObject; privateKey: KeyObject }, kid: string, alg?: string): TestKey => ({
  ...pair,
  jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, ...(alg ? { alg } : {}) },
})

/** An RSA key of 2048 bits. */
export const rsaKey = (kid: string, alg?: string): TestKey =>
  withJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), kid, alg)
/** A key on a curve. */
export const ecKey = (kid: string, curve = 'P-256', alg?: string): TestKey =>
  withJwk(generateKeyPairSync('ec', { namedCurve: curve }), kid, alg)

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A JWS of any header and payload, signed as its `alg` says, by means that are not those of the server. */
export function jwsOf(header: Record<string, unknown> | string, claims: unknown, key: KeyObject): string {
  const alg = typeof header === 'string' ? 'ES256' : String(header.alg)
  const input = `${encoded(header)}.${encoded(claims)}`
  const hash = `sha${alg.slice(-3)}`
  const pss = { padding: 6, saltLength: -1 }
  const made = sign(hash, Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...(alg.startsWith('PS') ? pss : {}),
  })
  return `${input}.${made.toString('base64url')}`
}

/** What is sent. */
export interface Sent {
  method?: string
  url?: string
  headers?: Record<string, string>
  /** Headers as they stand on the wire, where one stands twice. */
  rawHeaders?: string[]
  socket?: object
}

/** A message as Node shows it. */
export function messageOf({ method = 'PUT', url = '/fhir/ValueSet/v', headers = {}, rawHeaders, socket = {} }: Sent) {
  const raw = rawHeaders ?? Object.entries(headers).flat()
  // Tests look at what the authority does with a message; the parts that it may look at are here.
  return { method, url, headers, rawHeaders: raw, socket } as unknown as IncomingMessage
}

/** Settings as the configuration has them, and what is there beside. */
export interface BedOptions {
  clients?: object[]
  participants?: object[]
  /** Keys of the external issuer; without them there is none. */
  issuerKeys?: readonly TestKey[]
  developmentToken?: string
  proxyCertificates?: boolean
  parts?: Partial<AuthorityParts>
}

/** An authority, its clock and its messages. */
export interface Bed {
  authority: Authority
  /** Seconds since 1970. */
  at: { seconds: number }
  told: string[]
  /** What came of a message: the name of the principal, `nobody`, or a status. */
  outcome(sent: Sent): Promise<string>
  close(): Promise<void>
}

/** The settings of a bed, which are as they must be. */
export function settingsOf({ clients = [], participants = [], issuerKeys, proxyCertificates }: BedOptions) {
  const problems: string[] = []
  const problem = (text: string) => void problems.push(text)
  const readFile = () => ''
  const settings: AuthoritySettings = {
    ...(issuerKeys ? { issuer: { ...issuer, jwks: { file: 'keys.json' } } } : {}),
    clients: readClients(JSON.stringify(clients), readFile, problem),
    participants: readParticipants(JSON.stringify(participants), readFile, problem),
    proxyCertificates: proxyCertificates === true,
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return settings
}

/** Opens a bed. */
export async function openBed(options: BedOptions): Promise<Bed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-authority-'))
  const storage = await openStorage('sqlite::memory:', { dataDir })
  const at = { seconds: clock }
  const told: string[] = []
  const keys = JSON.stringify({ keys: (options.issuerKeys ?? []).map(({ jwk }) => jwk) })
  const authority = createAuthority(settingsOf(options), {
    baseUrl,
    dataDir,
    records: storage.records,
    developer: developerBy(options.developmentToken),
    isFromProxy: () => false,
    networkKeys: () => [],
    readKeys: async () => Buffer.from(keys),
    now: () => new Date(at.seconds * 1000),
    tell: (text) => void told.push(text),
    ...options.parts,
  })
  return {
    authority,
    at,
    told,
    async outcome(sent) {
      try {
        return (await authority.authenticate(messageOf(sent)))?.id ?? 'nobody'
      } catch (error) {
        if (error instanceof FhirError) return String(error.status)
        throw error
      }
    },
    async close() {
      await storage.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Claims of an access token that is good at the clock. */
export const goodClaims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: issuer.issuer,
  aud: issuer.audience,
  sub: 'moh',
  client_id: 'moh',
  iat: clock - 10,
  exp: clock + 600,
  scope: 'system/*.cruds',
  canonical_prefixes: ['http://a.org'],
  ...more,
})

/** Claims of an assertion that is good at the clock. */
export const goodAssertion = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: 'moh',
  sub: 'moh',
  aud: `${baseUrl}/token`,
  exp: clock + 300,
  jti: randomUUID(),
  ...more,
})

/** The form of a request for a token. */
export const tokenForm = (assertion: string, more: Record<string, string> = {}): string =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/ValueSet.cruds',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...more,
  }).toString()
