/**
 * A stand-in for the gateway of the network, held to what was measured on the real one: mutual TLS with a white list, checks in the same
 * order with the same answers, behaviours that no documentation tells (quirks), and what goes wrong between (faults).
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { makeCms } from '../pki/cms.ts'
import type { PkiKey, TestPki } from '../pki/pki.ts'
import { type Answer, type Asked, internalError, Refusal } from './answer.ts'
import { type CallerMode, callerOf, isKnownPeer } from './caller.ts'
import { type Fault, failEarly, failLate, faultsFor } from './faults.ts'
import { type Quirks, type Role, realQuirks } from './quirks.ts'
import { answerRequest } from './routes.ts'
import {
  type BatchRow,
  type CertificateOptions,
  type CertificateRow,
  certificateRow,
  type IssuerRow,
  onboardedRow,
  type ReferenceRow,
  type Rows,
} from './rows.ts'
import { alerts, sendAlerts } from './tls-alert.ts'

/** What a stand-in shall be. */
export interface StandInOptions {
  pki: TestPki
  /** Who is onboarded; by default all of the PKI. */
  countries?: string[]
  quirks?: Partial<Quirks>
  faults?: Fault[]
  /** How callers are told; by default mutual TLS. */
  mode?: CallerMode
  /** Roles of a country; by default all. */
  roles?: Record<string, Role[]>
  /** Document signers and DESC that are there at once, by role of the PKI; by default all that the PKI has. */
  signers?: readonly string[]
  now?(): Date
}

/** A request as it was asked and answered. */
export interface LoggedRequest {
  method: string
  path: string
  query: string
  country: string
  headers: IncomingMessage['headers']
  body: Buffer
  /** Status; 0 for a connection that was ended. */
  status: number
}

/** A stand-in that runs. */
export interface StandIn extends Rows {
  /** Its id, as other gateways show it as `sourceGateway`. */
  id: string
  url: string
  port: number
  /** The authority of its server certificate, PEM. */
  ca: string
  quirks: Quirks
  faults: Fault[]
  /** Everything that was asked, in order. */
  requests: LoggedRequest[]
  /** Stores a certificate, signed as rows of its group are. */
  addCertificate(group: string, key: PkiKey, options?: CertificateOptions): CertificateRow
  /** Stores a trusted issuer; the anchor signs `country;name;url;type`. */
  addIssuer(row: Partial<IssuerRow> & Pick<IssuerRow, 'url' | 'country' | 'name'>): IssuerRow
  /** Stores a reference as it stands. */
  addReference(row: Partial<ReferenceRow> & Pick<ReferenceRow, 'url' | 'country'>): ReferenceRow
  /** Stores a batch of the country, signed by its UP. */
  addBatch(country: string, payload: object, options?: Partial<BatchRow>): BatchRow
  /** Takes over the rows of another stand-in, as federation does: with its id, and references without thumbprint and certificate. */
  federate(other: StandIn): void
  close(): Promise<void>
}

const allRoles: Role[] = ['REVOCATION_LIST_READER', 'REVOCATION_UPLOADER', 'REVOCATION_DELETER']

/**
 * Starts it on a free port.
 * @throws Error for an onboarding record that its anchor did not sign
 */
export async function startGateway(options: StandInOptions): Promise<StandIn> {
  const { pki, mode = 'mutual-tls', now = () => new Date() } = options
  const rows = await seed(options)
  const [quirks, faults] = [{ ...realQuirks, ...options.quirks }, [...(options.faults ?? [])]]
  const requests: LoggedRequest[] = []
  const roles = (country: string) => options.roles?.[country] ?? allRoles
  const tls = { cert: pki.tls.pem, key: pki.tls.keyPem, requestCert: mode === 'mutual-tls', rejectUnauthorized: false }
  const server = createServer({ ...tls, minVersion: 'TLSv1.2' }, (request, response) => {
    if (isRefused(request.socket as TLSSocket)) return
    void serve({ rows, quirks, now, roles }, { faults, requests, mode }, request, response)
  })
  const isRefused = sendAlerts(server, (socket) => {
    if (!quirks.tlsAlert || mode === 'headers' || isKnownPeer(rows, socket)) return undefined
    return socket.getPeerCertificate().raw ? alerts.certificateUnknown : alerts.certificateRequired
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ...rows,
    ...writers(pki, rows),
    id: randomUUID(),
    url: `https://localhost:${port}`,
    port,
    ca: pki.tls.pem,
    quirks,
    faults,
    requests,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function seed({ pki, countries = pki.countries, signers }: StandInOptions): Promise<Rows> {
  const certificates: CertificateRow[] = []
  for (const country of countries) {
    const participant = pki.of(country)
    const groups = { AUTHENTICATION: 'TLS', UPLOAD: 'UP', CSCA: 'SCA', DECA: 'DECA' } as const
    for (const [group, role] of Object.entries(groups))
      certificates.push(await onboardedRow(pki, group, participant.record(role)))
    const isSigner = ({ role }: PkiKey) => (signers ? signers.includes(role) : /^(?:DSC_|DESC$)/.test(role))
    for (const key of pki.all().filter((each) => each.country === country && isSigner(each)))
      certificates.push(certificateRow(pki, key.role === 'DESC' ? 'DESC' : 'DSC', key))
  }
  return { references: [], certificates, issuers: [], batches: [], rules: [], valueSets: new Map() }
}

function writers(
  pki: TestPki,
  rows: Rows,
): Pick<StandIn, 'addCertificate' | 'addIssuer' | 'addReference' | 'addBatch' | 'federate'> {
  return {
    addCertificate(group, key, options) {
      const row = certificateRow(pki, group, key, options)
      rows.certificates.push(row)
      return row
    },
    addIssuer(given) {
      const { type = 'HTTP' } = given
      const signed = `${given.country};${given.name};${given.url};${type}`
      const row: IssuerRow = {
        uuid: randomUUID(),
        type,
        domain: 'DCC',
        keyStorageType: 'JWKS',
        thumbprint: null,
        sslPublicKey: null,
        signature: makeCms(Buffer.from(signed), pki.anchor).toString('base64'),
        timestamp: new Date().toISOString(),
        ...given,
      }
      rows.issuers.push(row)
      return row
    },
    addReference(given) {
      const row: ReferenceRow = {
        uuid: randomUUID(),
        type: 'FHIR',
        service: 'ValueSet',
        thumbprint: '0'.repeat(64),
        name: 'a reference of the tests',
        sslPublicKey: pki.tls.certificate.raw.toString('base64'),
        contentType: 'application/fhir+json',
        signatureType: 'JWS',
        referenceVersion: '1',
        domain: 'DCC',
        version: 1,
        ...given,
      }
      rows.references.push(row)
      return row
    },
    addBatch(country, payload, options = {}) {
      const cms = makeCms(Buffer.from(JSON.stringify({ country, ...payload })), pki.of(country).up).toString('base64')
      const row: BatchRow = { batchId: randomUUID(), country, changed: new Date(), isDeleted: false, cms, ...options }
      rows.batches.push(row)
      return row
    },
    federate(other) {
      const source = { sourceGateway: other.id }
      const own = <Row extends { sourceGateway?: string }>(list: Row[]) => list.filter((row) => !row.sourceGateway)
      rows.certificates.push(...own(other.certificates).map((row) => ({ ...row, ...source })))
      rows.issuers.push(...own(other.issuers).map((row) => ({ ...row, ...source })))
      rows.references.push(
        ...own(other.references).map((row) => ({ ...row, thumbprint: null, sslPublicKey: null, ...source })),
      )
    },
  }
}

interface Surroundings {
  faults: Fault[]
  requests: LoggedRequest[]
  mode: CallerMode
}

async function serve(
  work: Parameters<typeof answerRequest>[0],
  { faults, requests, mode }: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', ...search] = (request.url ?? '/').split('?')
  const query = search.join('?')
  const asked: Asked = {
    method: request.method ?? '',
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: Buffer.alloc(0),
    country: '',
  }
  const logged: LoggedRequest = { ...asked, query, headers: request.headers, status: 0 }
  requests.push(logged)
  try {
    asked.body = Buffer.concat(await request.toArray())
    logged.body = asked.body
    const met = faultsFor(faults, request)
    if (await failEarly(met, request, response)) {
      logged.status = response.headersSent ? response.statusCode : 0
      return
    }
    const answer = await answerRequest(work, asked, () => callerOf(work.rows, mode, request)).catch(answerOf)
    logged.country = asked.country
    failLate(met, answer, response)
    logged.status = met.some((each) => each.resetAfterCommit) ? 0 : answer.status
  } catch {
    response.destroy() // the client went away
  }
}

const answerOf = (error: unknown): Answer => (error instanceof Refusal ? error.answer : internalError().answer)
