import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { deflateRawSync, deflateSync, gzipSync, inflateSync } from 'node:zlib'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeBase45, encodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { decodeCbor } from '../../../src/credentials/encoding/cbor.ts'
import { signedBytes } from '../../../src/credentials/encoding/cose.ts'
import { type CborInput, encodeCbor } from '../../../src/demo/cbor-encode.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { cborOf } from '../../support/cbor-json.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

interface EnvelopeCase {
  prefix?: string
  suffix?: string
  /** So many characters of the code are left. */
  cut?: number
  compression?: 'raw' | 'gzip' | 'none' | 'checksum' | 'bomb'
  tags?: number[]
  /** Members of the protected header, signed; `drop` takes some out. */
  header?: JsonObject
  unprotected?: JsonObject
  drop?: number[]
  /** The message, changed after it was signed. */
  message?: { items?: number; payload?: Json; signature?: Json; unprotected?: Json; protected?: Json }
  status: string
}

const issuer = testIssuer()
const keys = anchorKeySource([issuer.anchor])
const code = issueSample('dcc-v', issuer)
const payload = (() => {
  const decoded = decodeCbor(inflateSync(decodeBase45(code, 4) ?? ''), { depth: 32, items: 9999 })?.value
  const item = Object(decoded).value[2]
  assert.ok(item instanceof Uint8Array)
  return item
})()

const numbered = (members: JsonObject): [number, CborInput][] =>
  Object.entries(members).map(([label, value]) => [Number(label), cborOf(value)])

function messageOf({ header = {}, unprotected = {}, drop = [], message = {}, tags = [18] }: EnvelopeCase): Buffer {
  const labels = new Map<CborInput, CborInput>([[1, -7], [4, issuer.keyId], ...numbered(header)])
  for (const label of drop) labels.delete(label)
  const protectedBytes = encodeCbor(labels)
  // The issuer signs with ES256, whatever the header says.
  const data = signedBytes(protectedBytes, payload)
  const signature = sign('sha256', data, { key: issuer.signer.privateKey, dsaEncoding: 'ieee-p1363' })
  const changedTo = (name: 'payload' | 'signature' | 'unprotected' | 'protected', item: CborInput) => {
    const value = message[name]
    return value === undefined ? item : cborOf(value)
  }
  const items = [
    changedTo('protected', protectedBytes),
    changedTo('unprotected', new Map(numbered(unprotected))),
    changedTo('payload', payload),
    changedTo('signature', signature),
    null,
  ].slice(0, message.items ?? 4)
  return encodeCbor(tags.reduceRight<CborInput>((value, tag) => ({ tag, value }), items))
}

function compressed(bytes: Buffer, how: EnvelopeCase['compression']): Buffer {
  const plain = deflateSync(bytes)
  switch (how) {
    case 'raw':
      return deflateRawSync(bytes)
    case 'gzip':
      return gzipSync(bytes)
    case 'none':
      return bytes
    case 'checksum':
      return Buffer.concat([plain.subarray(0, -1), Buffer.from([(plain.at(-1) ?? 0) ^ 1])])
    case 'bomb':
      return deflateSync(Buffer.alloc(3_000_000))
    default:
      return plain
  }
}

walkSections<EnvelopeCase>('envelope.json', import.meta.url, async (each) => {
  const { prefix = 'HC1:', suffix = '', cut } = each
  const text = `${prefix}${encodeBase45(compressed(messageOf(each), each.compression))}${suffix}`
  const verdict = await verifyCredential([cut === undefined ? text : text.slice(0, cut)], {
    formats: credentialFormats,
    keys,
    clock: new Date('2022-06-01T00:00:00Z'),
  })
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  if (verdict.status !== 'VERIFIED') assert.equal(verdict.content, undefined)
})
