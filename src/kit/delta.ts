/**
 * A change of a kit: what was added and changed since an earlier one, what is gone, and the signature of the result. Applied to exactly
 * that earlier kit it gives the later one, byte for byte.
 */
import { sha256Hex } from '../base/crypto/sha256.ts'
import { canonicalJson, isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import type { Steps } from '../workers/budget.ts'
import {
  archiveParts,
  firstFile,
  type KitArchive,
  openArchive,
  type Piece,
  pieceOf,
  placesOf,
  signatureAt,
} from './archive/archive.ts'
import { unpackEntry } from './archive/entry.ts'
import { type BuiltKit, joined, kitParts, packedPiece, withManifest } from './build.ts'
import { KitError, shown } from './kit-error.ts'
import {
  byName,
  jsonOf,
  type KitFile,
  type KitManifest,
  kitHash,
  readFiles,
  refuseStrange,
  remarksOf,
  signatureName,
} from './manifest.ts'

/** The form of changes that is written and read. */
const deltaFormat = 'vidimus-verifier-kit-delta/1'
/** The file of a change that names the others. */
const deltaName = 'package/delta.json'

/** What has changed. */
interface KitDelta extends Pick<KitManifest, 'missing' | 'withheld'> {
  format: string
  /** Hash of the kit that it applies to, and of what it gives. */
  base: string
  result: string
  /** Names of files that are gone. */
  removed: string[]
  /** Files that were added or changed. */
  files: KitFile[]
}

/** The change from the kit of a manifest to another kit, as a file; an entry a step. */
export function* deltaSteps(base: KitManifest, baseHash: string, kit: KitArchive): Steps<Buffer> {
  const before = new Map(base.files.map((each) => [each.file, each]))
  const { files, missing, withheld } = kit.manifest
  const changed = files.filter((each) => !isSame(before.get(each.file), each))
  const now = new Set(files.map(({ file }) => file))
  const removed = base.files.map(({ file }) => file).filter((file) => !now.has(file))
  const result = kitHash(kit.manifestBytes)
  const delta: KitDelta = { format: deltaFormat, base: baseHash, result, removed, files: changed, missing, withheld }
  const pieces = changed.map((each) => packedPiece(each, kit.packed(each.file) ?? Buffer.alloc(0)))
  const own = [pieceOf(deltaName, Buffer.from(canonicalJson(delta))), signaturePiece(kit.signature)]
  return yield* joined(archiveParts([...pieces, ...own], deltaName))
}

const signaturePiece = (signature: string): Piece => pieceOf(signatureName, Buffer.from(signature, 'latin1'))

const isSame = (a: KitFile | undefined, b: KitFile): boolean => a !== undefined && canonicalJson(a) === canonicalJson(b)

/** Whether a file is a change of a kit; false for a whole one. @throws KitError for what is neither */
export function isDelta(bytes: Uint8Array): boolean {
  const archive = openArchive(bytes)
  try {
    firstFile(archive, deltaName)
    return true
  } catch (error) {
    if (error instanceof KitError) return false
    throw error
  }
}

/**
 * The kit that a change makes of an earlier one. Its hashes fit; its signature is not proved.
 * @throws KitError when the change is of another kit, or is not whole
 */
export function applyDelta(base: KitArchive, bytes: Uint8Array): Buffer {
  const archive = openArchive(bytes)
  const delta = readDelta(firstFile(archive, deltaName))
  const baseHash = kitHash(base.manifestBytes)
  if (delta.base !== baseHash)
    throw new KitError(
      'base',
      `the change is of the kit ${delta.base}, and the one here is ${baseHash}: fetch the whole kit`,
    )
  const { places, signature } = placesOf(delta.files, archive, deltaName)
  const pieces = new Map<string, Piece>()
  const files = new Map<string, KitFile>()
  for (const each of base.manifest.files) {
    files.set(each.file, each)
    pieces.set(each.file, packedPiece(each, base.packed(each.file) ?? Buffer.alloc(0)))
  }
  for (const file of delta.removed) {
    if (!files.delete(file))
      throw new KitError('content', `the change takes ${shown(file)} away, which the kit does not have`)
    pieces.delete(file)
  }
  for (const each of delta.files) {
    const { offset = 0, packed = 0 } = places.get(each.file) ?? {}
    const piece = bytes.subarray(offset, offset + packed)
    const content = unpackEntry(piece, { name: each.file, size: each.bytes, mostBytes: each.bytes })
    if (sha256Hex(content) !== each.sha256)
      throw new KitError('content', `${each.file} is not what the change says: its hash differs`)
    files.set(each.file, each)
    pieces.set(each.file, packedPiece(each, piece))
  }
  const { missing, withheld } = delta
  const sorted = [...files.values()].sort((a, b) => byName(a.file, b.file))
  const made: BuiltKit = withManifest({ ...base.manifest, missing, withheld, files: sorted }, [...pieces.values()])
  if (made.hash !== delta.result)
    throw new KitError('content', 'the change does not give the kit that it says: fetch the whole kit')
  return Buffer.concat([...kitParts(made, signatureAt(bytes, signature))])
}

function readDelta(bytes: Buffer): KitDelta {
  const json = jsonOf(bytes, deltaName)
  if (!isJsonObject(json) || json.format !== deltaFormat)
    throw new KitError('form', `this is no change of a kit that is read here; ${deltaFormat} is read`)
  refuseStrange(json, ['format', 'base', 'result', 'removed', 'files', 'missing', 'withheld'], deltaName)
  const { base, result, removed } = json
  if (!isHash(base) || !isHash(result)) throw new KitError('form', `${deltaName} names no kits`)
  if (!Array.isArray(removed)) throw new KitError('form', `${deltaName}: removed is no list`)
  const delta: KitDelta = {
    format: deltaFormat,
    base,
    result,
    removed: removed.map(String),
    files: readFiles(json.files),
    missing: remarksOf(json, 'missing'),
    withheld: remarksOf(json, 'withheld'),
  }
  if (canonicalJson(delta) !== bytes.toString())
    throw new KitError('form', `${deltaName} is written otherwise than it is`)
  return delta
}

const isHash = (value: Json | undefined): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
