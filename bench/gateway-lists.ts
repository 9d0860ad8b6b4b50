/** Trust lists and revocation batches of a gateway: what reading them costs, and how long it holds the server. */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { signCms } from '../src/cms/cms.ts'
import { type CertificateIssuer, type CertificateName, writeCertificate } from '../src/demo/certificate-writer.ts'
import type { GatewayBatch, GatewayDownloads } from '../src/trust/lists/gateway-source.ts'
import type { TrustSource } from '../src/trust/lists/trust-source.ts'
import { type MessageJob, openMessages } from '../src/trust/messages/open-messages.ts'
import { loadTrustLists } from '../src/trust/trust.ts'
import { threadMilliseconds } from '../src/workers/budget.ts'

const ROWS = 5_000
const COUNTRIES = ['XA', 'XB', 'XC', 'XD', 'XE', 'XF', 'XG', 'XH', 'XI', 'XJ']
const BATCHES = 1_000
const HASHES = 1_000
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
async function makeNetwork() {
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
    for (let number = 0; number < ROWS / COUNTRIES.length - 2; number++)
      await row(makeKey({ commonName: `DSC ${number}`, country }, sca.issuer), 'DSC', country, upload)
  }
  return { anchor, rows, uploads }
}

async function makeBatches(uploads: Map<string, Key>) {
  const batches: GatewayBatch[] = []
  const messages = new Map<string, string>()
  for (let number = 0; number < BATCHES; number++) {
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

/** Seconds of CPU of this thread, and the longest turn of its event loop in milliseconds of CPU: a busy machine takes nothing away. */
async function measured(work: () => Promise<unknown>) {
  let longest = 0
  const used = threadMilliseconds
  let last = used()
  let isOver = false
  const beat = () => {
    const now = used()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(beat)
  }
  setImmediate(beat)
  const before = used()
  const started = performance.now()
  await work()
  isOver = true
  return { cpu: (used() - before) / 1000, elapsed: (performance.now() - started) / 1000, longest }
}

/** Measures both. */
export async function bench() {
  const { anchor, rows, uploads } = await makeNetwork()
  const { batches, messages } = await makeBatches(uploads)
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
  const list = await measured(() => trust.reload(['network']))
  const revocation = await measured(() => trust.reload(['revoked']))
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
  const opening = await measured(() => openMessages(job))
  const keys = trust.status().map((each) => `${each.keys} keys, ${each.revokes?.hashes ?? 0} hashes`)
  const seconds = (value: number) => `${value.toFixed(2)} s`
  return [
    { name: `${ROWS} rows: CPU of the server's thread (${keys[0]})`, value: seconds(list.cpu), target: '-' },
    { name: `${ROWS} rows: time`, value: seconds(list.elapsed), target: '-' },
    { name: `${ROWS} rows: longest hold`, value: `${list.longest.toFixed(0)} ms`, target: '≤ 50 ms' },
    { name: 'opening a signed row in the process beside', value: `${opening.cpu.toFixed(2)} ms`, target: '-' },
    {
      name: `${BATCHES} batches of ${HASHES}: CPU of the server's thread (${keys[1]})`,
      value: seconds(revocation.cpu),
      target: '-',
    },
    { name: `${BATCHES} batches: time`, value: seconds(revocation.elapsed), target: '-' },
    { name: `${BATCHES} batches: longest hold`, value: `${revocation.longest.toFixed(0)} ms`, target: '≤ 50 ms' },
  ]
}
