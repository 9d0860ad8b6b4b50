/** Trust lists and revocation batches of a gateway: what reading them costs, and how long it holds the server. */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { signCms } from '../src/cms/cms.ts'
import { type CertificateIssuer, type CertificateName, writeCertificate } from '../src/demo/certificate-writer.ts'
import type { GatewayBatch, GatewayDownloads } from '../src/trust/lists/gateway-source.ts'
import type { TrustSource } from '../src/trust/lists/trust-source.ts'
import { type MessageJob, openMessages } from '../src/trust/messages/open-messages.ts'
import { loadTrustLists } from '../src/trust/trust.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, type Cost, costOfWork, costOnce, type Effort, timeFigure } from './support/harness/measure.ts'
import { type Watched, watchThread } from './support/harness/watch-thread.ts'

const COUNTRIES = ['XA', 'XB', 'XC', 'XD', 'XE', 'XF', 'XG', 'XH', 'XI', 'XJ']
const HASHES = 1_000
const sizes = { full: { rows: 5_000, batches: 1_000 }, quick: { rows: 1_000, batches: 200 } }
const period = { notBefore: new Date('2025-01-01'), notAfter: new Date('2035-01-01') }
const at = new Date()

interface Key {
  certificate: X509Certificate
  privateKey: KeyObject
  issuer: CertificateIssuer
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function makeKey(name: CertificateName, by?: CertificateIssuer, isAuthority = false): Key {
  const keys = pair()
  const issuer = { name, ...keys }
  const content = { subject: name, publicKey: keys.publicKey, serialNumber: randomBytes(8), ...period, isAuthority }
  return {
    certificate: new X509Certificate(writeCertificate(content, by ?? issuer)),
    privateKey: keys.privateKey,
    issuer,
  }
}

const message = async (content: Uint8Array, { certificate, privateKey }: Key) =>
  (await signCms(content, { certificate, privateKey, at })).toString('base64')

/** The rows of a network whose participants have as many document signers as make up the number. */
async function makeNetwork(count: number) {
  const anchor = makeKey({ commonName: 'anchor', country: 'CH' })
  const rows: Record<string, string>[] = []
  const uploads = new Map<string, Key>()
  const row = async (key: Key, group: string, country: string, signer: Key) => {
    const { raw } = key.certificate
    rows.push({
      certificate: raw.toString('base64'),
      signature: await message(raw, signer),
      group,
      country,
      domain: 'DCC',
    })
  }
  for (const country of COUNTRIES) {
    const sca = makeKey({ commonName: `SCA ${country}`, country }, undefined, true)
    const upload = makeKey({ commonName: `UP ${country}`, country })
    uploads.set(country, upload)
    await row(sca, 'CSCA', country, anchor)
    await row(upload, 'UPLOAD', country, anchor)
    for (let number = 0; number < count / COUNTRIES.length - 2; number++)
      await row(makeKey({ commonName: `DSC ${number}`, country }, sca.issuer), 'DSC', country, upload)
  }
  return { anchor, rows, uploads }
}

async function makeBatches(uploads: Map<string, Key>, count: number) {
  const batches: GatewayBatch[] = []
  const messages = new Map<string, string>()
  for (let number = 0; number < count; number++) {
    const country = COUNTRIES[number % COUNTRIES.length] ?? ''
    const upload = uploads.get(country)
    if (!upload) continue
    const entries = Array.from({ length: HASHES }, () => ({ hash: randomBytes(16).toString('base64') }))
    const payload = { country, expires: '2034-01-01T00:00:00Z', kid: 'UNKNOWN_KID', hashType: 'UCI', entries }
    const batchId = `batch-${number}`
    batches.push({ batchId, country, date: new Date(at.getTime() + number * 1000).toISOString(), deleted: false })
    messages.set(batchId, await message(Buffer.from(JSON.stringify(payload)), upload))
  }
  return { batches, messages }
}

/** Measures both. */
export async function bench(effort: Effort): Promise<Measured[]> {
  const size = effort.isQuick ? sizes.quick : sizes.full
  const { anchor, rows, uploads } = await makeNetwork(size.rows)
  const { batches, messages } = await makeBatches(uploads, size.batches)
  const gateway: GatewayDownloads = {
    id: 'main',
    country: 'XA',
    anchors: [anchor.certificate],
    certificates: async () => rows,
    issuers: async () => [],
    async revocationList(since) {
      const due = batches.filter(({ date }) => date >= since)
      return { more: due.length > 1000, batches: due.slice(0, 1000) }
    },
    revocationBatch: async (id) => messages.get(id) ?? 'unknown',
  }
  const sources: TrustSource[] = [
    { name: 'network', kind: 'gateway', location: 'main' },
    { name: 'revoked', kind: 'gateway-revocation', location: 'main' },
  ]
  const readers = {
    readFile: () => Promise.reject(new Error('no file is read')),
    listFolder: async () => undefined,
    gateway: () => gateway,
  }
  const trust = await loadTrustLists(sources, { readers, now: () => new Date() })
  const list = await costOnce(() => watchThread(() => trust.reload(['network'])))
  const revocation = await costOnce(() => watchThread(() => trust.reload(['revoked'])))
  const job: MessageJob = {
    kind: 'statements',
    statements: rows.slice(0, 1000).map(({ certificate = '', signature = '' }) => ({
      message: signature,
      content: Buffer.from(certificate, 'base64'),
      by: [0],
    })),
    signers: [anchor.certificate.raw],
    now: at.getTime(),
  }
  const opening = await costOfWork(() => openMessages(job), effort)
  const [network, revoked] = trust.status().map((each) => `${each.keys} keys, ${each.revokes?.hashes ?? 0} hashes`)
  return [
    ...reading(`${size.rows} rows`, list, network),
    timeFigure('opening a signed row in the process beside', opening, 'ms', { per: job.statements.length }),
    ...reading(`${size.batches} batches of ${HASHES}`, revocation, revoked),
  ]
}

/** Cost of the server's process and its thread, time, and the longest hold of its event loop. */
function reading(name: string, cost: Cost & { answer: Watched<unknown> }, detail = ''): Measured[] {
  const { thread, elapsed, longest } = cost.answer
  return [
    timeFigure(`${name}: CPU of the server's thread`, beside(cost, thread), 's', { detail, tolerance: 0.3 }),
    timeFigure(`${name}: time`, beside(cost, elapsed), 's', { tolerance: 2 }),
    timeFigure(`${name}: longest hold`, beside(cost, longest), 'ms', {
      target: { value: 50 },
      tolerance: 1,
      grain: 10,
    }),
  ]
}
