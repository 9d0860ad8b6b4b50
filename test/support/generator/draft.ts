import { constants, createHash, type KeyObject, sign } from 'node:crypto'
import { crc32, deflateRawSync, deflateSync } from 'node:zlib'
import canonicalize from 'canonicalize'
import { proofStatements, statementsOf } from '../checker/divoc.ts'
import type { Clock } from '../checker/rules.ts'
import { type DocumentContext, type Holder, type Kind, type Layout, timeAt } from './documents.ts'
import type { Standing } from './standings.ts'
import { type Fields, type Tree, tree, writeCbor, writeJson } from './tree.ts'

/** What is written and signed, as it is shown: a forger changes it after signing. */
export interface Parts {
  /** Protected header, or the header of a JWS. */
  head: Buffer
  /** The payload: CBOR, deflated JSON, or the JSON text of `data`. */
  payload: Buffer
  signature: Buffer
}

/** A credential on its way: twists change it before and after it is signed. */
export interface Draft {
  kind: Kind
  layout: Layout
  context: DocumentContext
  clock: Clock
  holder: Holder
  /** Key and trust. */
  standing: Standing
  payload: Tree
  /** HCERT: COSE headers, tags around the message outermost first. */
  protectedHeader: Tree
  unprotectedHeader: Tree
  tags: number[]
  /** Items of the COSE message beyond its four; bytes behind it. */
  extraItems: Tree[]
  trailing: Buffer
  /** Card: header of the JWS. */
  cardHeader: Fields
  /** Seal: members of `sig` in place of the right ones; members beside `data` and `sig`. */
  seal: { alg: Tree; cer?: Tree; beside: [Tree, Tree][] }
  /** Chunks that a card comes in. */
  chunks: number
  /** What is to be signed, when that is not what is shown. */
  signedPayload?: Buffer
  tamper: ((parts: Parts) => void)[]
  compress: (bytes: Buffer) => Buffer
  /** Changes of the finished text or texts. */
  rewrite: ((texts: string[]) => string[])[]
}

const signatureOptions: Record<string, [hash: string | null, options: object]> = {
  ES256: ['sha256', { dsaEncoding: 'ieee-p1363' }],
  ES384: ['sha384', { dsaEncoding: 'ieee-p1363' }],
  PS256: ['sha256', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
  EdDSA: [null, {}],
}

function signed(data: Buffer, key: KeyObject, algorithm: string): Buffer {
  const [hash, options] = signatureOptions[algorithm] ?? []
  return sign(hash, data, { key, ...options })
}

/** Signs and writes a draft: the text, or the texts of its chunks. */
export function writeCredential(draft: Draft): string[] {
  const write = { hcert: writeHcert, shc: writeCard, 'icao-vds-nc': writeSeal, divoc: writeDivoc }[draft.layout.family]
  return draft.rewrite.reduce((texts, change) => change(texts), write(draft))
}

function tampered(draft: Draft, parts: Parts): Parts {
  for (const change of draft.tamper) change(parts)
  return parts
}

function writeHcert(draft: Draft): string[] {
  const { standing, unprotectedHeader, tags, extraItems, trailing, compress } = draft
  const { privateKey, algorithm } = standing.signer
  const head = writeCbor(draft.protectedHeader)
  const payload = writeCbor(draft.payload)
  const structure = writeCbor(['Signature1', head, Buffer.alloc(0), draft.signedPayload ?? payload])
  const parts = tampered(draft, { head, payload, signature: signed(structure, privateKey, algorithm) })
  const message: Tree = [parts.head, unprotectedHeader, parts.payload, parts.signature, ...extraItems]
  const whole = tags.reduceRight<Tree>((item, tag) => ({ tag, item }), message)
  return [`HC1:${base45(compress(Buffer.concat([writeCbor(whole), trailing])))}`]
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** RFC 9285. */
export function base45(bytes: Uint8Array): string {
  const groups = Array.from({ length: Math.ceil(bytes.length / 2) }, (_, at) => bytes.subarray(2 * at, 2 * at + 2))
  return groups
    .map((group) => {
      const value = group.reduce((sum, byte) => sum * 256 + byte, 0)
      const digits = [value % 45, Math.floor(value / 45) % 45, Math.floor(value / 2025)]
      return digits
        .slice(0, group.length + 1)
        .map((digit) => alphabet[digit])
        .join('')
    })
    .join('')
}

function writeCard(draft: Draft): string[] {
  const { standing, cardHeader, compress, chunks } = draft
  const head = Buffer.from(writeJson(cardHeader))
  const payload = compress(Buffer.from(writeJson(draft.payload)))
  const text = ({ head, payload }: Omit<Parts, 'signature'>) =>
    `${head.toString('base64url')}.${payload.toString('base64url')}`
  const toSign = text({ head, payload: draft.signedPayload ?? payload })
  const parts = tampered(draft, {
    head,
    payload,
    signature: signed(Buffer.from(toSign), standing.signer.privateKey, 'ES256'),
  })
  return numeric(`${text(parts)}.${parts.signature.toString('base64url')}`, chunks)
}

/** Numeric text of a JWS, in chunks. */
export function numeric(jws: string, chunks: number): string[] {
  const size = Math.ceil(jws.length / chunks)
  return Array.from({ length: chunks }, (_, at) => {
    const digits = [...jws.slice(at * size, (at + 1) * size)].map((each) =>
      String(each.charCodeAt(0) - 45).padStart(2, '0'),
    )
    return `shc:/${chunks > 1 ? `${at + 1}/${chunks}/` : ''}${digits.join('')}`
  })
}

function writeSeal(draft: Draft): string[] {
  const { standing, seal } = draft
  const { privateKey, algorithm, key } = standing.signer
  const shown = writeJson(draft.payload)
  const canonical = draft.signedPayload ?? Buffer.from(canonicalOf(shown))
  const parts = tampered(draft, {
    head: Buffer.alloc(0),
    payload: Buffer.from(shown),
    signature: signed(canonical, privateKey, algorithm),
  })
  const cer = seal.cer ?? Buffer.from(key.certificate ?? []).toString('base64url')
  const sig = {
    fields: [
      ['alg', seal.alg],
      ['cer', cer],
      ['sigvl', parts.signature.toString('base64url')],
    ],
  } satisfies Tree
  return [writeJson({ fields: [['data', { json: parts.payload.toString() }], ['sig', sig], ...seal.beside] })]
}

/** Document, detached proof, and the archive around both. */
function writeDivoc(draft: Draft): string[] {
  const { standing } = draft
  const { privateKey, algorithm, keyId } = standing.signer
  const shown = writeJson(draft.payload)
  const type = algorithm === 'EdDSA' ? 'Ed25519Signature2018' : 'RsaSignature2018'
  const options = { type, created: timeAt(draft.clock, -1), verificationMethod: keyId, proofPurpose: 'assertionMethod' }
  const head = Buffer.from(JSON.stringify({ alg: algorithm, b64: false, crit: ['b64'] }))
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const said = draft.signedPayload ?? Buffer.from(shown)
  const data = Buffer.concat([
    Buffer.from(`${head.toString('base64url')}.`),
    digest(proofStatements(options)),
    digest(quadsOf(said.toString())),
  ])
  const parts = tampered(draft, { head, payload: Buffer.from(shown), signature: signed(data, privateKey, algorithm) })
  const jws = `${parts.head.toString('base64url')}..${parts.signature.toString('base64url')}`
  const document = parts.payload.toString('latin1')
  const proof = JSON.stringify({ ...options, jws })
  const content = Buffer.from(`${document.slice(0, document.lastIndexOf('}'))},"proof":${proof}}`, 'latin1')
  return [`B64:${zip(content, draft.compress).toString('base64')}`]
}

/** Statements of a text; of one that has none, the text. */
function quadsOf(text: string): string {
  try {
    return statementsOf(JSON.parse(text)).quads
  } catch {
    return text
  }
}

/** An archive of `certificate.json` (PKWARE APPNOTE). */
function zip(content: Buffer, compress: (bytes: Buffer) => Buffer): Buffer {
  const data = compress(content)
  const name = Buffer.from('certificate.json')
  const numbers = (...values: [bytes: 2 | 4, value: number][]) =>
    Buffer.concat(
      values.map(([bytes, value]) => {
        const number = Buffer.alloc(bytes)
        number.writeUIntLE(value, 0, bytes)
        return number
      }),
    )
  const common = numbers(
    ...([
      [2, 20],
      [2, 0],
      [2, 8],
      [4, 0],
      [4, crc32(content)],
      [4, data.length],
      [4, content.length],
    ] as [2 | 4, number][]),
    ...([
      [2, name.length],
      [2, 0],
    ] as [2 | 4, number][]),
  )
  const local = Buffer.concat([numbers([4, 0x04034b50]), common, name, data])
  const entry = [numbers([4, 0x02014b50], [2, 20]), common, numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, 0]), name]
  const directory = Buffer.concat(entry)
  const end = numbers([4, 0x06054b50], [2, 0], [2, 0], [2, 1], [2, 1], [4, directory.length], [4, local.length], [2, 0])
  return Buffer.concat([local, directory, end])
}

/** RFC 8785, of what JSON.parse makes of a text; as it is when that has no canonical form. */
function canonicalOf(text: string): string {
  try {
    return canonicalize(JSON.parse(text)) ?? text
  } catch {
    return text
  }
}

/** A draft that nothing was done to yet. */
export function newDraft(base: Pick<Draft, 'kind' | 'layout' | 'context' | 'standing' | 'payload'>): Draft {
  const { signer } = base.standing
  const { family } = base.layout
  const cose = { ES256: -7, ES384: -35, PS256: -37, EdDSA: -8 }[signer.algorithm]
  const keyId = Buffer.from(signer.keyId, 'base64')
  return {
    ...base,
    clock: base.context.clock,
    holder: base.context.holder,
    protectedHeader: {
      fields: [
        [1, cose],
        [4, keyId],
      ],
    },
    unprotectedHeader: { fields: [] },
    tags: [18],
    extraItems: [],
    trailing: Buffer.alloc(0),
    cardHeader: tree({ zip: 'DEF', alg: 'ES256', kid: signer.keyId }) as Fields, // an object becomes fields
    seal: { alg: signer.algorithm, beside: [] },
    chunks: 1,
    tamper: [],
    compress: family === 'shc' || family === 'divoc' ? (bytes) => deflateRawSync(bytes) : (bytes) => deflateSync(bytes),
    rewrite: [],
  }
}
