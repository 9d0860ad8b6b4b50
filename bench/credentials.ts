/** Decoding and verifying in process, alone and after the rest of an evaluation, against bare ES256 verifications. */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { credentialFormats } from '../src/credentials/credentials.ts'
import { writeCertificate } from '../src/demo/certificate-writer.ts'
import { issueDivoc, sampleDivoc } from '../src/demo/issue-divoc.ts'
import { issueHcert } from '../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal } from '../src/demo/issue-icao-vds-nc.ts'
import { cardKeyId, issueCard, sampleCard } from '../src/demo/issue-shc.ts'
import { samplePayload } from '../src/demo/samples.ts'
import { verifyCredential } from '../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../src/trust/keys/anchors.ts'
import { derivedKeyId } from '../src/trust/keys/trusted-key.ts'
import { es256 } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { costInMix, costOfWork, type Effort, rateFigure, shareFigure } from './support/harness/measure.ts'
import { wholeRequest } from './support/whole-request.ts'

/** One credential, issued now with a fresh key, and what the server trusts of its issuer. */
interface Specimen {
  name: string
  /** Speed wanted, relative to one bare ES256 verification. */
  target: number
  texts: string[]
  anchors: Uint8Array[]
}

const issuedAt = new Date('2022-01-01')
const clock = new Date('2022-06-01')
const expires = new Date('2023-01-01')

interface Authority {
  name: { commonName: string; country: string }
  key: KeyPair
}

function certificateFor(publicKey: KeyObject, by: Authority, isAuthority = false) {
  const subject = { commonName: 'Bench signer', country: by.name.country }
  const period = { notBefore: new Date('2021-01-01'), notAfter: new Date('2031-01-01') }
  const content = { subject, publicKey, serialNumber: randomBytes(8), isAuthority, ...period }
  return new X509Certificate(writeCertificate(content, { name: by.name, ...by.key }))
}

type KeyPair = ReturnType<typeof newPair>
const newPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function hcertSpecimen(): Specimen {
  const pair = newPair()
  const certificate = certificateFor(pair.publicKey, { name: { commonName: 'Bench', country: 'XA' }, key: pair })
  const keyId = Buffer.from(derivedKeyId(certificate), 'base64')
  const signer = { privateKey: pair.privateKey, keyId, algorithm: 'ES256' as const }
  const text = issueHcert(samplePayload('dcc-v', { issuer: 'XA', issuedAt, expires }), signer)
  return { name: 'HCERT', target: 0.9, texts: [text], anchors: [certificate.raw] }
}

function cardSpecimen(): Specimen {
  const pair = newPair()
  const issuer = 'https://bench.example/cards'
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: cardKeyId(pair.publicKey), iss: issuer }
  const texts = issueCard(sampleCard({ issuer, issuedAt, expires }), pair)
  return { name: 'SMART Health Card', target: 0.65, texts, anchors: [Buffer.from(JSON.stringify(jwk))] }
}

function sealSpecimen(): Specimen {
  const [authority, pair] = [newPair(), newPair()]
  const name = { commonName: 'Bench CSCA', country: 'XA' }
  const root = certificateFor(authority.publicKey, { name, key: authority }, true)
  const certificate = certificateFor(pair.publicKey, { name, key: authority }).raw
  const text = issueSeal(sampleSeal({ issuer: 'XA', issuedAt }), { privateKey: pair.privateKey, certificate })
  return { name: 'ICAO seal', target: 0.85, texts: [text], anchors: [root.raw] }
}

/** The document is never the same twice in the field, and nothing of it is kept: the whole way is measured. */
async function divocSpecimen(pair: KeyPairOf): Promise<Specimen> {
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'did:bench' }
  const document = sampleDivoc({ issuer: 'https://bench.example', issuedAt, expires })
  const text = await issueDivoc(document, { privateKey: pair.privateKey, method: 'did:bench' })
  const name = `DIVOC, ${pair.publicKey.asymmetricKeyType}`
  return { name, target: 0.15, texts: [text], anchors: [Buffer.from(JSON.stringify(jwk))] }
}

interface KeyPairOf {
  publicKey: KeyObject
  privateKey: KeyObject
}

const kinds = [hcertSpecimen, cardSpecimen, sealSpecimen]

export async function bench(effort: Effort): Promise<Measured[]> {
  const divoc = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('ed25519')]
  const specimens = [...kinds.map((kind) => kind()), ...(await Promise.all(divoc.map(divocSpecimen)))]
  const figures: Measured[] = []
  const whole = await wholeRequest()
  try {
    for (const { name, target, texts, anchors } of specimens) {
      const context = { formats: credentialFormats, keys: anchorKeySource(anchors), clock }
      const verdict = await verifyCredential(texts, context)
      if (verdict.status !== 'VERIFIED') throw new Error(`the specimen of ${name} is ${verdict.status}`)
      const work = () => verifyCredential(texts, context)
      const cost = await costOfWork(work, effort, es256)
      figures.push(rateFigure(`${name}: decode + verify per CPU-second`, cost))
      figures.push(shareFigure(`${name}: relative to bare ES256 verification`, cost, { target: { value: target } }))
      if (effort.isQuick && name !== 'HCERT') continue
      const mixed = await costInMix(work, whole.evaluate, effort, es256)
      figures.push(shareFigure(`${name}: the same, each after a whole evaluation`, mixed))
    }
    return figures
  } finally {
    await whole.close()
  }
}
