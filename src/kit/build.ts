/** A kit out of what it holds. */
import { sha256Hex } from '../base/crypto/sha256.ts'
import { type Budget, createBudget, type Steps } from '../workers/budget.ts'
import { archiveParts, type Piece, pieceOf } from './archive/archive.ts'
import { packSteps, tarEntry, unpackEntry } from './archive/entry.ts'
import type { ArtefactFiles } from './content/artefact-files.ts'
import type { KitFiles } from './content/trust-files.ts'
import {
  byName,
  type KitFile,
  type KitManifest,
  type KitScope,
  kitFormat,
  kitHash,
  manifestBytes,
  manifestName,
  signatureName,
} from './manifest.ts'

/** What a kit holds. */
export interface KitContent {
  scope: KitScope
  artefacts: ArtefactFiles
  trust: KitFiles
}

/** A kit without its signature. */
export interface BuiltKit {
  hash: string
  manifest: KitManifest
  manifestBytes: Buffer
  /** Every file but the signature, packed. */
  pieces: readonly Piece[]
}

/** What one kit takes of the thread at most, in slices between which others are answered. */
export const kitBudget = (): Budget =>
  createBudget({ client: 'verifier kits', limits: { cpuMilliseconds: 60_000, sliceMilliseconds: 20 } })

/** Packs everything, and takes it out of what it is given: nothing is held twice. Others are answered meanwhile. @throws FhirError 422 too-costly */
export async function buildKit({ scope, artefacts, trust }: KitContent): Promise<BuiltKit> {
  const budget = kitBudget()
  const contents = new Map([...artefacts.files, ...trust, packageFile(scope)])
  const files: KitFile[] = []
  const pieces: Piece[] = []
  artefacts.files.clear()
  trust.clear()
  for (const file of [...contents.keys()].sort(byName)) {
    const content = contents.get(file) ?? Buffer.alloc(0)
    contents.delete(file)
    const sha256 = await budget.run(() => sha256Hex(content))
    const packed = await budget.runSteps(packSteps(file, content))
    const named: KitFile = {
      file,
      ...artefacts.named.get(file),
      sha256,
      bytes: content.length,
      packed: packed.length,
    }
    files.push(named)
    // A copy as long as it is: what packing took of room is more.
    pieces.push(packedPiece(named, Buffer.from(packed)))
  }
  const { missing, withheld } = artefacts
  return withManifest({ format: kitFormat, ...scope, missing, withheld, files }, pieces)
}

/** A kit of packed files, and the manifest that names them. */
export function withManifest(manifest: KitManifest, pieces: readonly Piece[]): BuiltKit {
  const bytes = manifestBytes(manifest)
  return { hash: kitHash(bytes), manifest, manifestBytes: bytes, pieces: [...pieces, pieceOf(manifestName, bytes)] }
}

/** The kit as a file, part by part. */
export const kitParts = ({ pieces }: BuiltKit, signature: string): Iterable<Uint8Array> =>
  archiveParts([...pieces, pieceOf(signatureName, Buffer.from(signature, 'latin1'))], manifestName)

/** The same as one, an entry a step. */
export function* joined(parts: Iterable<Uint8Array>): Steps<Buffer> {
  const found: Uint8Array[] = []
  for (const part of parts) {
    found.push(part)
    yield
  }
  return Buffer.concat(found)
}

/** A file of a kit as it stands there: it is packed already. */
export const packedPiece = ({ file, bytes }: KitFile, packed: Uint8Array): Piece => ({
  name: file,
  packed,
  entry: () => tarEntry(file, unpackEntry(packed, { name: file, size: bytes, mostBytes: bytes })),
})

/** What makes a FHIR package of it, for other software. */
function packageFile({ jurisdiction }: KitScope): [string, Uint8Array] {
  const description = `What a verifier in ${jurisdiction} needs without a network. The signed list of its files is manifest.json.`
  const content = {
    name: `vidimus.verifier-kit.${jurisdiction.toLowerCase()}`,
    version: '1.0.0',
    type: 'Conformance',
    fhirVersions: ['4.0.1'],
    dependencies: {},
    description,
  }
  return ['package/package.json', Buffer.from(`${JSON.stringify(content, null, 2)}\n`)]
}
