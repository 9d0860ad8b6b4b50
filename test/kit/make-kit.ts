/** Kits made by hand, good ones and such as nobody should take. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../src/base/crypto/sha256.ts'
import { canonicalJson } from '../../src/base/json.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { archiveParts, type Piece, pieceOf } from '../../src/kit/archive/archive.ts'
import { deflatePiece } from '../../src/kit/archive/deflate.ts'
import { tarEntry } from '../../src/kit/archive/entry.ts'
import { kitFormat, manifestName, signatureName } from '../../src/kit/manifest.ts'
import type { Pins } from '../../src/kit/pinned-keys.ts'
import { type KitPeriod, type KitSigner, signManifest } from '../../src/kit/signature.ts'
import { signingKey } from '../../src/provenance/signing-key.ts'

/** The moment at which kits of these tests are looked at. */
export const now = new Date('2026-06-15T12:00:00Z')
const hours = (count: number) => new Date(now.getTime() + count * 3_600_000)

/** Made an hour ago, good for a week, used for a month. */
export const goodPeriod: KitPeriod = { madeAt: hours(-1), validUntil: hours(167), refusedFrom: hours(719) }

/** A key with a certificate of a period; its own, or of an authority. */
export function makeSigner({
  from = hours(-1000),
  until = hours(10_000),
  issuer,
  key: given,
}: SignerOptions = {}): TestSigner {
  const { privateKey, publicKey } = given
    ? { privateKey: given.privateKey, publicKey: given.certificate.publicKey }
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = { country: 'XA', commonName: issuer ? 'Kits' : 'Own' }
  const content = { subject: name, publicKey, serialNumber: Buffer.from([1, 2, 3]), notBefore: from, notAfter: until }
  const der = writeCertificate(content, issuer ?? { name, publicKey, privateKey })
  const certificate = new X509Certificate(der)
  const key = signingKey({ publicKey, privateKey, chain: [certificate] }, 'current')
  return {
    signer: { key, issuer: 'did:web:kits.example', keyId: 'did:web:kits.example#1' },
    pins: { keys: [publicKey], authorities: [] },
    certificate,
    privateKey,
  }
}

interface SignerOptions {
  from?: Date
  until?: Date
  issuer?: Parameters<typeof writeCertificate>[1]
  /** Whose key it is, in place of a new one. */
  key?: TestSigner
}

/** A signer, and who pins his key. */
export interface TestSigner {
  signer: KitSigner
  pins: Pins
  certificate: X509Certificate
  privateKey: KeyObject
}

/** A file of a kit that is made by hand. */
export interface MadeFile {
  file: string
  content: string
  canonical?: string
  type?: string
  /** What its entry is, in place of a plain file. */
  entry?: (entry: Buffer) => Buffer
  /** What the manifest says of it, in place of what is so. */
  claimed?: JsonObject
}

/** A list of trusted keys without any. */
const noLists: MadeFile = { file: 'package/trust/lists.json', content: '{"lists":[]}' }

/** A rule set with its library. */
export const ruleFiles: MadeFile[] = [
  artefact({
    resourceType: 'Library',
    id: 'r',
    url: 'http://example.org/Library/r',
    version: '1.0.0',
    status: 'active',
  }),
  artefact({
    resourceType: 'PlanDefinition',
    id: 'p',
    url: 'http://example.org/PlanDefinition/p',
    version: '1.0.0',
    status: 'active',
    library: ['http://example.org/Library/r|1.0.0'],
  }),
]

/** An artefact as a file. */
export function artefact(
  resource: { resourceType: string; id: string; url: string; version: string } & JsonObject,
): MadeFile {
  const { resourceType, id, url, version } = resource
  const file = `package/${resourceType}-${id}.json`
  return { file, content: canonicalJson(resource), type: resourceType, canonical: `${url}|${version}` }
}

/** How a kit is made. */
export interface MadeKit {
  files: readonly MadeFile[]
  signer: KitSigner
  period?: KitPeriod
  jurisdiction?: string
  trustDomains?: string[]
  planDefinitions?: string[]
  /** The manifest as it is written, in place of the right one. */
  manifest?: (manifest: JsonObject) => Json
}

/** Makes a kit as a file, signed whatever is in it. */
export async function makeKit(made: MadeKit): Promise<Buffer> {
  const { files, signer, period = goodPeriod, jurisdiction = 'XXA', manifest = (right) => right } = made
  const { trustDomains = [], planDefinitions = [] } = made
  const pieces: Piece[] = []
  const listed: JsonObject[] = []
  for (const each of [...files, noLists].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    const { file, content, canonical, type, claimed = {}, entry: change = (right: Buffer) => right } = each
    const bytes = Buffer.from(content)
    const entry = change(tarEntry(file, bytes))
    const packed = deflatePiece(entry)
    pieces.push({ name: file, packed, entry: () => entry })
    const named = { ...(canonical === undefined ? {} : { canonical }), ...(type === undefined ? {} : { type }) }
    listed.push({ file, ...named, sha256: sha256Hex(bytes), bytes: bytes.length, packed: packed.length, ...claimed })
  }
  const head = { format: kitFormat, jurisdiction, trustDomains, planDefinitions, missing: [], withheld: [] }
  const text = Buffer.from(canonicalJson(manifest({ ...head, files: listed })))
  const signature = await signManifest(text, signer, period)
  const own = [pieceOf(manifestName, text), pieceOf(signatureName, Buffer.from(signature))]
  return Buffer.concat([...archiveParts([...pieces, ...own], manifestName)])
}
