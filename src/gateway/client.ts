/** One Trust Network Gateway as its running software answers, which differs from its documents in places (docs/gateway.md). */
import { stringifyJson } from '../base/json.ts'
import type { JsonObject } from '../base/json-value.ts'
import type { NetworkReply } from '../network/network-request.ts'
import { connectionRefusal, GatewayError, readReport, refusalOf, strangeAnswer } from './gateway-error.ts'
import {
  type BatchPage,
  type RuleVersion,
  readBatchPage,
  readCertificates,
  readCountries,
  readIssuers,
  readReference,
  readReferences,
  readRules,
  readTexts,
} from './read-rows.ts'
import { contentProblems, type GatewayReference, isUuid, type ReferenceContent } from './reference.ts'

/** Which rows are asked for; several values of one member are alternatives. */
interface RowOptions {
  group?: readonly string[]
  country?: readonly string[]
  domain?: readonly string[]
  /** Also those that the gateway has from others. */
  withFederation?: boolean
}

/** A certificate that is uploaded, beside the signed message that holds it. */
export interface CertificateOptions {
  /** Base64; the gateway takes the first 8 bytes of the certificate's SHA-256 where absent. */
  kid?: string
  group?: string
  domain?: string
}

/** What a gateway is asked; each throws {@link GatewayError}. Nothing is retried here. */
export interface GatewayClient {
  id: string
  /** Alpha-2. */
  country: string
  /** Every row of every participant. */
  references(options?: Pick<RowOptions, 'withFederation'>): Promise<GatewayReference[]>
  /** One row; undefined when there is none of that uuid. */
  reference(uuid: string): Promise<GatewayReference | undefined>
  certificates(options?: RowOptions): Promise<JsonObject[]>
  issuers(options?: Omit<RowOptions, 'group'>): Promise<JsonObject[]>
  /** Alpha-2 codes of participants; the cheapest question there is. */
  countries(): Promise<string[]>
  /**
   * Batches that changed since an instant (ISO 8601), at most 1000, ordered by change; undefined when there are none.
   * `not-offered` where the gateway has no such route.
   */
  revocationList(since: string): Promise<BatchPage | undefined | 'not-offered'>
  /** The signed message of one batch. That the route is off is an error of the state `not-offered`, and no answer. */
  revocationBatch(batchId: string): Promise<string | 'unknown' | 'deleted'>
  /** Versions of a participant's validation rules, by the rule's identifier. */
  rules(country: string): Promise<Map<string, RuleVersion[]>>
  /** Ids of the value sets of the DCC era. */
  valueSetIds(): Promise<string[]>
  /** One of them as its text. */
  valueSet(id: string): Promise<Buffer>
  /** Creates a row, or changes the one of that uuid. The gateway does not tell the uuid of a new one. */
  postReference(content: ReferenceContent, uuid?: string): Promise<void>
  deleteReference(uuid: string): Promise<void>
  postCertificate(der: Uint8Array, options: CertificateOptions): Promise<void>
  deleteCertificate(der: Uint8Array): Promise<void>
  /** Resolves with the batch's id when the gateway tells it. */
  postBatch(batch: JsonObject): Promise<string | undefined>
  deleteBatch(batchId: string): Promise<void>
  postRule(rule: JsonObject): Promise<void>
  deleteRule(identifier: string): Promise<void>
}

/** A request as it goes to the gateway's address. */
export interface PeerRequest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  headers: Readonly<Record<string, string>>
  body?: Uint8Array
  maxBytes: number
}

/** What a client is made of. */
export interface GatewayClientOptions {
  id: string
  country: string
  /** The guarded connection with the client certificate. @throws NetworkError */
  request(asked: PeerRequest): Promise<NetworkReply>
  /** Base64 on one line of the signed message over these bytes; undefined when there is no upload certificate. @throws GatewayError */
  sign: ((content: Uint8Array) => Promise<string>) | undefined
}

const LARGEST_LIST = 20_000_000
const LARGEST_ANSWER = 1_000_000

/** No `Accept`: the gateway takes most of them for a forbidden request. Its texts come in English. */
const common = { 'accept-language': 'en' }
const cmsText = { ...common, 'content-type': 'application/cms-text' }

/** A client of one gateway. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const ask = asker(options)
  const list = async (path: string, query: RowOptions = {}) =>
    expect(await ask({ method: 'GET', path: path + queryOf(query), headers: common, maxBytes: LARGEST_LIST }), 200)
  const send = async (asked: Pick<PeerRequest, 'method' | 'path'>, content: Uint8Array | string, status: number) => {
    const body = Buffer.from(await signed(options, Buffer.from(content)), 'ascii')
    return expect(await ask({ ...asked, headers: cmsText, body, maxBytes: LARGEST_ANSWER }), status)
  }
  return {
    id: options.id,
    country: options.country,
    // Never with filters: the gateway takes country for domain, and domain for country.
    references: async ({ withFederation } = {}) =>
      readReferences((await list('/trustList/references', withFederation ? { withFederation } : {})).body),
    async reference(uuid) {
      refuseUuid(uuid)
      const path = `/trust/reference/${uuid}`
      const reply = await ask({ method: 'GET', path, headers: common, maxBytes: LARGEST_ANSWER })
      // An unknown uuid is answered with 400.
      if (reply.status === 400 && readReport(reply.body)?.code === '0x000') return undefined
      if (reply.status === 404 && readReport(reply.body)) return undefined
      return readReference(expect(reply, 200).body)
    },
    certificates: async (query) => readCertificates((await list('/trustList/certificate', query)).body),
    issuers: async (query) => readIssuers((await list('/trustList/issuers', query)).body),
    countries: async () => readCountries((await list('/countrylist')).body),
    rules: async (country) => readRules((await list(`/rules/${encodeURIComponent(country)}`)).body),
    valueSetIds: async () => readTexts((await list('/valuesets')).body),
    valueSet: async (id) => (await list(`/valuesets/${encodeURIComponent(id)}`)).body,
    ...revocations(ask),
    async postReference(content, uuid) {
      refuse(contentProblems(content, options.country))
      if (uuid !== undefined) refuseUuid(uuid)
      const json = JSON.stringify({ ...content, ...(uuid === undefined ? {} : { uuid }) })
      await send({ method: 'POST', path: '/trust/reference' }, json, 201)
    },
    async deleteReference(uuid) {
      refuseUuid(uuid)
      await send({ method: 'DELETE', path: '/trust/reference' }, JSON.stringify({ uuid }), 204)
    },
    ...certificateUploads(options, ask),
    async postBatch(batch) {
      const reply = await send({ method: 'POST', path: '/revocation-list' }, JSON.stringify(batch), 201)
      const id = reply.headers.etag?.replace(/^W\/|"/g, '')
      return id !== undefined && isUuid(id) ? id : undefined
    },
    async deleteBatch(batchId) {
      refuseUuid(batchId)
      await send({ method: 'DELETE', path: '/revocation-list' }, JSON.stringify({ batchId }), 204)
    },
    async postRule(rule) {
      // Decimals as they were written: the logic is evaluated with them.
      await send({ method: 'POST', path: '/rules' }, stringifyJson(rule), 201)
    },
    async deleteRule(identifier) {
      await send({ method: 'DELETE', path: '/rules' }, identifier, 204)
    },
  }
}

type Ask = (asked: PeerRequest) => Promise<NetworkReply>

/** Asks once. */
function asker({ request }: GatewayClientOptions): Ask {
  return async (asked) => {
    try {
      return await request(asked)
    } catch (error) {
      throw connectionRefusal(error)
    }
  }
}

function expect(reply: NetworkReply, status: number): NetworkReply {
  if (reply.status === status) return reply
  if (reply.status < 400) throw strangeAnswer(reply.status)
  throw refusalOf(reply.status, reply.body)
}

/** Revocation has rules of its own: a date in a header in the form of ISO 8601, and 404 of three meanings. */
function revocations(ask: Ask): Pick<GatewayClient, 'revocationList' | 'revocationBatch'> {
  return {
    async revocationList(since) {
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(since))
        throw new GatewayError({ state: 'rejected', text: 'since must be an instant of ISO 8601 with a time zone' })
      const headers = { ...common, 'if-modified-since': since }
      const reply = await ask({ method: 'GET', path: '/revocation-list', headers, maxBytes: LARGEST_LIST })
      if (reply.status === 204) return undefined
      if (reply.status === 404) return 'not-offered'
      return readBatchPage(expect(reply, 200).body)
    },
    async revocationBatch(batchId) {
      refuseUuid(batchId)
      const path = `/revocation-list/${batchId}`
      const reply = await ask({ method: 'GET', path, headers: common, maxBytes: LARGEST_ANSWER })
      if (reply.status === 410) return 'deleted'
      // Only the route itself can say that it knows no such batch; a gateway without the route says nothing of batches.
      if (reply.status === 404 && readReport(reply.body)) return 'unknown'
      return expect(reply, 200).body.toString('latin1').trim()
    },
  }
}

function certificateUploads(
  options: GatewayClientOptions,
  ask: Ask,
): Pick<GatewayClient, 'postCertificate' | 'deleteCertificate'> {
  const path = '/trustedCertificate'
  return {
    async postCertificate(der, { kid, group, domain }) {
      const cms = await signed(options, der)
      // Without `properties` the gateway has a fault of its own.
      const json = { cms, ...(kid && { kid }), ...(group && { group }), ...(domain && { domain }), properties: {} }
      const headers = { ...common, 'content-type': 'application/json' }
      const body = Buffer.from(JSON.stringify(json))
      expect(await ask({ method: 'POST', path, headers, body, maxBytes: LARGEST_ANSWER }), 201)
    },
    async deleteCertificate(der) {
      const headers = { ...common, 'content-type': 'application/cms', 'content-encoding': 'base64' }
      const body = Buffer.from(await signed(options, der), 'ascii')
      expect(await ask({ method: 'DELETE', path, headers, body, maxBytes: LARGEST_ANSWER }), 204)
    },
  }
}

async function signed({ sign }: GatewayClientOptions, content: Uint8Array): Promise<string> {
  if (sign) return await sign(content)
  const text = 'there is no upload certificate for this gateway, so nothing can be sent to it'
  throw new GatewayError({ state: 'rejected', text })
}

/** What the gateway would refuse is not sent. */
function refuse(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new GatewayError({ state: 'rejected', text: `the gateway would refuse it: ${problems.join('; ')}` })
}

function refuseUuid(uuid: string): void {
  refuse(isUuid(uuid) ? [] : ['the id is no uuid in lower case'])
}

function queryOf({ group = [], country = [], domain = [], withFederation }: RowOptions): string {
  const query = new URLSearchParams()
  for (const each of group) query.append('group', each)
  for (const each of country) query.append('country', each)
  for (const each of domain) query.append('domain', each)
  if (withFederation) query.append('withFederation', 'true')
  return query.size > 0 ? `?${query}` : ''
}
