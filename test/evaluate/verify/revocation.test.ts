/** Revocation lists from files, as they reach the check `revocation` of a credential. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { subjectKeyIdentifier } from '../../../src/base/crypto/x509.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { parseSign1 } from '../../../src/credentials/encoding/cose.ts'
import { inflateZlib } from '../../../src/credentials/encoding/inflate.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import type { SampleKind } from '../../../src/demo/samples.ts'
import type { RevocationFailure } from '../../../src/evaluate/verify/checks.ts'
import type { Verification } from '../../../src/evaluate/verify/verification.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists, type Trust } from '../../../src/trust/trust.ts'
import { issueSample, keyPairFor, type TestIssuer, testIssuer } from '../../support/issuer.ts'
import { type Files, memoryReaders } from '../../support/memory-readers.ts'
import { readCases } from '../../support/read-cases.ts'

interface Expected {
  name: string
  outcome?: string
  status?: string
  detail?: string
  revocationFailure?: RevocationFailure
}
interface HashCase extends Expected {
  kind: SampleKind
  algorithm?: TestIssuer['signer']['algorithm']
  batch?: { country?: string; kid?: string; hashType: string; of: string; date?: string | null; expires?: string }
  file?: string
  participant?: string
  loadedAt?: string
  showsOtherId?: boolean
  anchored?: boolean
}
interface CardCase extends Expected {
  rid?: string | null
  issuer?: string
  list: object
  crl?: string[]
  crlVersion?: number
}

const clock = new Date('2022-06-01T12:00:00Z')
const issuers = new Map<string, TestIssuer>()
function issuerFor(algorithm: TestIssuer['signer']['algorithm'] = 'ES256'): TestIssuer {
  const known = issuers.get(algorithm) ?? testIssuer({ algorithm })
  issuers.set(algorithm, known)
  return known
}

function signatureOf(text: string): Buffer {
  const message = parseSign1(inflateZlib(decodeBase45(text, 4) ?? Buffer.alloc(0), 100_000) ?? Buffer.alloc(0), {
    depth: 32,
    items: 1000,
  })
  assert.ok(typeof message !== 'string', String(message))
  return Buffer.from(message.signature)
}

/** Luhn mod N over the characters of a UVCI, written from the annex and not from the program. */
function withChecksum(text: string): string {
  if (!text.endsWith('#$')) return text
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:'
  const body = text.slice(0, -2)
  const sum = [...body].reduceRight(
    ({ total, twice }, character) => {
      const value = alphabet.indexOf(character) * (twice ? 2 : 1)
      return { total: total + (value >= 38 ? value - 37 : value), twice: !twice }
    },
    { total: 0, twice: true },
  ).total
  return `${body}#${alphabet[(38 - (sum % 38)) % 38]}`
}

function hashed(of: string, text: string): string {
  const signature = signatureOf(text)
  const half = signature.length / 2
  const special = {
    $r: signature.subarray(0, half),
    $s: signature.subarray(half),
    $signature: signature,
  }[of]
  return createHash('sha256')
    .update(special ?? withChecksum(of))
    .digest()
    .subarray(0, 16)
    .toString('base64')
}

async function load(files: Files, sources: TrustSource[], loadedAt = clock): Promise<Trust> {
  return loadTrustLists(sources, { readers: memoryReaders(files), now: () => loadedAt })
}

function assertOutcome({ checks, status }: Verification, expected: Expected): void {
  const check = checks.find(({ name }) => name === 'revocation')
  const shown = JSON.stringify(check)
  assert.equal(status, expected.status ?? 'VERIFIED', shown)
  assert.equal(check?.outcome, expected.outcome ?? 'fail', shown)
  if (expected.detail !== undefined)
    assert.match(check?.detail ?? '', new RegExp(expected.detail.replace(/[()]/g, '.')))
}

const certificatesOf = ({ dsc, sca }: TestIssuer): Files => ({
  '/trust/dsc.pem': dsc.toString(),
  '/trust/sca.pem': sca.toString(),
})

describe('hash lists of participants', () => {
  for (const each of readCases<{ name: string } & HashCase>(import.meta.url, 'cases/hash-lists.json'))
    it(each.name, async () => {
      const issuer = issuerFor(each.algorithm)
      const other = subjectKeyIdentifier(issuer.dsc.raw) ?? Buffer.alloc(0)
      const signer = each.showsOtherId ? { ...issuer.signer, keyId: other } : issuer.signer
      const text = issueSample(each.kind, { ...issuer, signer }, each.showsOtherId ? { keyIdIn: 'unprotected' } : {})
      const ids: Record<string, string> = { $own: issuer.keyId.toString('base64'), $other: other.toString('base64') }
      const { of = '', date, kid, ...batch } = each.batch ?? {}
      const file = {
        country: 'XA',
        expires: '2023-01-01T00:00:00Z',
        kid: ids[kid ?? ''] ?? kid ?? '',
        ...(date === null ? {} : { date: date ?? '2022-06-01T00:00:00Z' }),
        ...batch,
        entries: [{ hash: 'AAECAwQFBgcICQoLDA0ODw==' }, { hash: hashed(of, text) }],
      }
      const files = { ...certificatesOf(issuer), '/lists/one.json': each.file ?? JSON.stringify(file) }
      const bound = each.participant === undefined ? {} : { participant: each.participant }
      const trust = await load(
        files,
        [
          { name: 'keys', kind: 'certificates', location: '/trust' },
          { name: 'hashes', kind: 'revocation', location: '/lists', ...bound },
        ],
        new Date(each.loadedAt ?? '2022-04-01'),
      )
      const keys = each.anchored ? anchorKeySource([issuer.dsc.raw]) : trust.keys()
      const { revocationFailure = 'warn' } = each
      const revocations = each.anchored ? undefined : trust.revocations()
      const context = { formats: credentialFormats, keys, revocations, clock, revocationFailure }
      assertOutcome(await verifyCredential([text], context), each)
    })
})

describe('lists of SMART Health Cards', () => {
  const pair = keyPairFor('ES256')
  const issuer = 'https://cards.example/issuer'
  for (const each of readCases<{ name: string } & CardCase>(import.meta.url, 'cases/card-lists.json'))
    it(each.name, async () => {
      const kid = cardKeyId(pair.publicKey)
      const card = sampleCard({ issuer, issuedAt: new Date('2022-01-01') })
      const vc = { ...Object(card.vc), ...(each.rid === null ? {} : { rid: 'one' }) }
      const [text = ''] = issueCard({ ...card, vc }, pair)
      const { crl, crlVersion } = each
      const jwk = {
        ...pair.publicKey.export({ format: 'jwk' }),
        kid,
        ...(crlVersion === undefined ? {} : { crlVersion }),
        ...(crl ? { crl: { kid, method: 'rid', ctr: 1, rids: crl } } : {}),
      }
      const files = {
        '/keys.jwks.json': JSON.stringify({ keys: [jwk] }),
        '/lists/one.json': JSON.stringify({ kid, method: 'rid', ctr: 1, ...each.list }),
      }
      const readers = { ...memoryReaders(files), modified: async () => new Date('2022-06-01T00:00:00Z') }
      const sources: TrustSource[] = [
        { name: 'keys', kind: 'jwks', location: '/keys.jwks.json', issuer },
        { name: 'cards', kind: 'revocation', location: '/lists', issuer: each.issuer ?? issuer },
      ]
      const trust = await loadTrustLists(sources, { readers, now: () => clock })
      const { revocationFailure = 'warn' } = each
      const context = { formats: credentialFormats, keys: trust.keys(), revocations: trust.revocations(), clock }
      assertOutcome(await verifyCredential([text], { ...context, revocationFailure }), each)
    })
})
