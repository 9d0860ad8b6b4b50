import { generateKeyPairSync, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { credentialFormats } from '../src/credentials/credentials.ts'
import { writeCertificate } from '../src/demo/certificate-writer.ts'
import { issueHcert } from '../src/demo/issue-hcert.ts'
import { samplePayload } from '../src/demo/samples.ts'
import { verifyCredential } from '../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../src/trust/keys/anchors.ts'
import { derivedKeyId } from '../src/trust/keys/trusted-key.ts'

const ROUNDS = 9
const CALLS = 2000
/** A server that is in use has been compiled. */
const WARM_UP_CALLS = 10_000

/** CPU seconds of this process, user and system. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function secondsFor(calls: number, call: () => unknown): Promise<number> {
  const start = cpuSeconds()
  for (let i = 0; i < calls; i++) await call()
  return cpuSeconds() - start
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** One certificate of a vaccination, issued now with a fresh key. */
function specimen() {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = { commonName: 'Bench DSC', country: 'XA' }
  const period = { notBefore: new Date('2021-01-01'), notAfter: new Date('2031-01-01') }
  const content = { subject: name, publicKey: pair.publicKey, serialNumber: randomBytes(8), ...period }
  const certificate = new X509Certificate(writeCertificate(content, { name, ...pair }))
  const keyId = Buffer.from(derivedKeyId(certificate), 'base64')
  const times = { issuedAt: new Date('2022-01-01'), expires: new Date('2023-01-01') }
  const signer = { privateKey: pair.privateKey, keyId, algorithm: 'ES256' as const }
  return { pair, certificate, text: issueHcert(samplePayload('dcc-v', { issuer: 'XA', ...times }), signer) }
}

/**
 * HCERT decode and verify in process against bare ES256 verifications of as many bytes: raw signature (r‖s) as COSE has it, as
 * node:crypto verifies it. Rounds of both are interleaved, CPU seconds are counted, medians compared.
 */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  const { pair, certificate, text } = specimen()
  const context = {
    formats: credentialFormats,
    keys: anchorKeySource([certificate.raw]),
    clock: new Date('2022-06-01'),
  }
  const verdict = await verifyCredential([text], context)
  if (verdict.status !== 'VERIFIED') throw new Error(`the specimen is ${verdict.status}`)
  const data = Buffer.alloc(330, 7)
  const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' as const }
  const signature = sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
  const bare: number[] = []
  const whole: number[] = []
  await secondsFor(WARM_UP_CALLS, () => verifyCredential([text], context))
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await secondsFor(CALLS, () => verify('sha256', data, key, signature)))
    whole.push(await secondsFor(CALLS, () => verifyCredential([text], context)))
  }
  const perSecond = (seconds: number[]) => Math.round(CALLS / median(seconds))
  return [
    { name: 'bare ES256 verifications per CPU-second', value: String(perSecond(bare)), target: '-' },
    { name: 'HCERT decode + verify per CPU-second', value: String(perSecond(whole)), target: '-' },
    {
      name: 'HCERT decode + verify, relative to bare ES256 verification',
      value: (median(bare) / median(whole)).toFixed(2),
      target: '≥ 0.8',
    },
  ]
}
