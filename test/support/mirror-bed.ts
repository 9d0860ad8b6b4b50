/** A server that mirrors, over a store that a test may look into, with participants and addresses that the test makes up. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { participantCode, sameParticipant } from '../../src/base/participant-codes.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { type MirrorGateway, type MirrorRunOptions, runMirror } from '../../src/gateway/mirror/mirror-run.ts'
import { parseMirror } from '../../src/gateway/mirror/mirror-settings.ts'
import type { ListedReference } from '../../src/gateway/mirror/mirrored-reference.ts'
import { knownMirrors } from '../../src/gateway/mirror/records.ts'
import { NetworkError } from '../../src/network/network-error.ts'
import { openJws } from '../../src/provenance/jws.ts'
import { createMirrorStore, readForeignPackage } from '../../src/publish/mirror.ts'
import { openStorage } from '../../src/storage/open.ts'
import { openTestServer } from './loaded-server.ts'

/** A certificate with its key. */
export interface Certified {
  certificate: X509Certificate
  privateKey: KeyObject
}

/** What a certificate is made with. */
interface Making {
  commonName: string
  country: string
  issuer?: Certified
  isAuthority?: boolean
  extendedKeyUsage?: string[]
  days?: [from: number, to: number]
}

/** Makes a certificate, self-signed where nobody issues it. */
export function certified({
  commonName,
  country,
  issuer,
  isAuthority = false,
  extendedKeyUsage = [],
  days = [-1, 30],
}: Making): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName, country }
  const [notBefore = new Date(), notAfter = new Date()] = days.map((each) => new Date(Date.now() + each * 86_400_000))
  const own = {
    subject,
    publicKey,
    serialNumber: Buffer.concat([Buffer.from([1]), randomBytes(9)]),
    notBefore,
    notAfter,
  }
  const [, name = ''] = /CN=(.*)/.exec(issuer?.certificate.subject ?? '') ?? []
  const [, issuerCountry = ''] = /C=(.*)/.exec(issuer?.certificate.subject ?? '') ?? []
  const by = issuer
    ? {
        name: { commonName: name, country: issuerCountry },
        privateKey: issuer.privateKey,
        publicKey: issuer.certificate.publicKey,
      }
    : { name: subject, privateKey, publicKey }
  const certificate = new X509Certificate(writeCertificate({ ...own, isAuthority, extendedKeyUsage }, by))
  return { certificate, privateKey }
}

/** A participant: its upload certificate, its authority and what that issued. */
export function participant(country: string) {
  const authority = certified({ commonName: `SCA ${country}`, country, isAuthority: true })
  const upload = certified({ commonName: `UP ${country}`, country })
  const issued = certified({ commonName: `provenance ${country}`, country, issuer: authority })
  const documentSigner = certified({ commonName: `DSC ${country}`, country, issuer: authority })
  return { country, authority, upload, issued, documentSigner }
}

/** A compact JWS by a key, with its certificate in the header or without. */
export function compactJws(payload: Buffer, { certificate, privateKey }: Certified, header: object = {}): Buffer {
  const x5c = [certificate.raw.toString('base64')]
  const head = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'k', x5c, ...header })).toString('base64url')
  const signed = `${head}.${payload.toString('base64url')}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return Buffer.from(`${signed}.${signature.toString('base64url')}`)
}

/** SHA-256 in hexadecimal digits. */
export const hexOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes of a resource as a server gives it. */
export const jsonOf = (resource: object): Buffer => Buffer.from(JSON.stringify(resource))

/** A row of a gateway for what stands at an address. */
export function rowFor(url: string, body: Buffer, change: Partial<ListedReference> = {}): ListedReference {
  const uuid = `${hexOf(Buffer.from(url)).slice(0, 8)}-0000-4000-8000-000000000000`
  const known = { uuid, url, country: 'XA', type: 'FHIR', service: 'ValueSet', domain: 'DDCC', signatureType: 'JWS' }
  return { ...known, thumbprint: hexOf(body), ...change }
}

/** Everything that a test of mirroring turns. */
export interface MirrorBed {
  server: Awaited<ReturnType<typeof openTestServer>>['server']
  /** The store without guard. */
  raw: Awaited<ReturnType<typeof openStorage>>
  participants: Record<string, ReturnType<typeof participant>>
  /** What stands at addresses; a fault in place of bytes. */
  addresses: Map<string, Buffer | NetworkError>
  /** Addresses that were asked for, in order. */
  asked: string[]
  rows: ListedReference[]
  now: Date
  /** Puts bytes at an address and lists them. */
  list(url: string, body: Buffer, change?: Partial<ListedReference>): ListedReference
  run(change?: Partial<MirrorRunOptions>): Promise<void>
  states(): Promise<Record<string, string>>
  /** Copies of a canonical, by participant. */
  copies(type: string, canonical: string): Promise<Resource[]>
  close(): Promise<void>
}

/** Opens a server with a MIRROR setting. */
export async function openMirrorBed(allow: object[], environment: Record<string, string> = {}): Promise<MirrorBed> {
  const setting = JSON.stringify(allow)
  const store = { STORAGE_URL: 'sqlite:mirror.db', MIRROR: setting }
  const { server, dataDir, close } = await openTestServer({ ...store, ...environment })
  const raw = await openStorage('sqlite:mirror.db', { dataDir })
  const participants = { XXA: participant('XA'), XXB: participant('XB') }
  const settings = parseMirror(setting, () => '')
  const bed: MirrorBed = {
    server,
    raw,
    participants,
    addresses: new Map(),
    asked: [],
    rows: [],
    now: new Date(),
    list(url, body, change = {}) {
      bed.addresses.set(url, body)
      const row = rowFor(url, body, change)
      bed.rows = [...bed.rows.filter(({ uuid }) => uuid !== row.uuid), row]
      return row
    },
    async run(change = {}) {
      const gateway: MirrorGateway = { id: 'main', country: 'XC', references: async () => bed.rows }
      await runMirror({
        gateways: [gateway],
        ...settings,
        records: raw.records,
        store: createMirrorStore({ storage: raw, publish: server.publish }),
        codes: { same: sameParticipant, code: participantCode },
        signersOf: (code) => signersOf(bed.participants[code]),
        openJws,
        now: () => bed.now,
        isHeld: async () => true,
        isForced: true,
        request: async ({ url, maxBytes = 0 }) => {
          bed.asked.push(url)
          const found = bed.addresses.get(url) ?? new NetworkError('connection')
          if (!Buffer.isBuffer(found)) throw found
          if (found.length > maxBytes) throw new NetworkError('too-large')
          return { status: 200, headers: {}, body: found }
        },
        readPackage: readForeignPackage,
        ...change,
      })
    },
    states: async () =>
      Object.fromEntries([...(await knownMirrors(raw.records)).values()].map(({ url, state }) => [url, state])),
    copies: async (type, canonical) =>
      (await raw.findCanonical(type, canonical)).filter(({ meta }) => meta?.source !== undefined),
    async close() {
      await close()
      await raw.close()
    },
  }
  return bed
}

const signersOf = (one: ReturnType<typeof participant> | undefined) => ({
  uploads: one ? [one.upload.certificate] : [],
  authorities: one ? [one.authority.certificate] : [],
  isWithdrawn: () => false,
  documentSigners: new Set(one ? [one.documentSigner.certificate.fingerprint256] : []),
})
