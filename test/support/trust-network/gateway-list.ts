/** A gateway's answers without a network: rows of its lists as a test wants them, and the trust list that is read from them. */
import type { JsonObject } from '../../../src/base/json-value.ts'
import type { GatewayDownloads } from '../../../src/trust/lists/gateway-source.ts'
import type { TrustReaders, TrustSource } from '../../../src/trust/lists/trust-source.ts'
import type { MessageOpener } from '../../../src/trust/messages/message-process.ts'
import { openMessages } from '../../../src/trust/messages/open-messages.ts'
import { loadTrustLists, type Trust, type TrustOptions } from '../../../src/trust/trust.ts'
import { type Files, memoryReaders } from '../memory-readers.ts'
import { type CmsOptions, cmsText } from '../pki/cms.ts'
import type { PkiKey, TestPki } from '../pki/pki.ts'

/** Opens messages in this process: a test that makes a hundred lists starts no hundred processes. */
export function openerAt(now: Date): MessageOpener {
  const open = async (job: Parameters<typeof openMessages>[0]) => (await openMessages(job)) as never // the job says what it answers
  const at = now.getTime()
  return {
    statements: (statements, signers) => open({ kind: 'statements', statements, signers, now: at }),
    batch: (message) => open({ kind: 'batch', message, now: at }),
    masterList: (bytes, signers) => open({ kind: 'master-list', bytes, signers, now: at }),
  }
}

/** A row of `/trustList/certificate`: the certificate of a key, signed by another. */
export function row(key: PkiKey, group: string, signer: PkiKey, options: CmsOptions = {}): JsonObject {
  return {
    certificate: key.certificate.raw.toString('base64'),
    signature: cmsText(key.certificate.raw, signer, options),
    kid: key.keyId,
    group,
    country: key.country,
    properties: {},
    domain: 'DCC',
    uuid: `00000000-0000-4000-8000-${key.thumbprint.slice(0, 12)}`,
    version: 1,
  }
}

/** The rows of a participant: everything that it onboards and uploads, once. */
export function rowsOf(pki: TestPki, country: string): JsonObject[] {
  const participant = pki.of(country)
  const { sca, tls, up, deca, desc } = participant
  return [
    row(tls, 'AUTHENTICATION', pki.anchor),
    row(up, 'UPLOAD', pki.anchor),
    row(sca, 'CSCA', pki.anchor),
    row(deca, 'DECA', pki.anchor),
    row(participant.dsc('all'), 'DSC', up),
    row(desc, 'DESC', up, { isDetached: true }),
  ]
}

/** A gateway that answers with these rows. */
export function fakeGateway(pki: TestPki, answers: Partial<GatewayDownloads> = {}): GatewayDownloads {
  return {
    id: 'main',
    country: 'XA',
    anchors: [pki.anchor.certificate],
    certificates: async () => pki.countries.flatMap((country) => rowsOf(pki, country)),
    issuers: async () => [],
    revocationList: async () => undefined,
    revocationBatch: async () => 'unknown',
    ...answers,
  }
}

/** Gateways by id, and files; one whose name is an address stands at that address. */
export interface NetworkParts {
  gateways?: Record<string, GatewayDownloads>
  files?: Files
  readers?: Partial<TrustReaders>
  now?: () => Date
  options?: Partial<TrustOptions>
}

/** Trust lists over those, read once. */
export async function loadNetwork(sources: TrustSource[], parts: NetworkParts): Promise<Trust> {
  const { gateways = {}, files = {}, now = () => new Date() } = parts
  const fetch: TrustReaders['fetch'] = async ({ url }) => {
    const body = files[url]
    return { status: body === undefined ? 404 : 200, headers: {}, body: Buffer.from(body ?? '') }
  }
  const readers = { ...memoryReaders(files), fetch, gateway: (id: string) => gateways[id], ...parts.readers }
  const trust = await loadTrustLists(sources, { readers, now, messages: openerAt(now()), ...parts.options })
  // What is remote is asked for after the start.
  await trust.reload()
  return trust
}

/** The usual source. */
export const gatewaySource = (more: Partial<TrustSource> = {}): TrustSource => ({
  name: 'network',
  kind: 'gateway',
  location: 'main',
  ...more,
})
