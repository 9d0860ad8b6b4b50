/** What a kit holds: the one file of it that is signed, and that names every other with its hash. */
import { sha256Hex } from '../base/crypto/sha256.ts'
import { canonicalJson, isJsonObject, parseJson } from '../base/json.ts'
import { JsonError } from '../base/json-error.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { KitError, shown } from './kit-error.ts'

/** The form of kits that is written and read. */
export const kitFormat = 'vidimus-verifier-kit/1'

/** For whom a kit is made. */
export interface KitScope {
  /** The verifying jurisdiction: a country by three letters (ISO 3166-1), any other, and `IO` and `XK`, as rules name it. */
  jurisdiction: string
  /** Trust domains of its keys, sorted; none: every domain. */
  trustDomains: string[]
  /** Rule sets that were asked for by name, sorted; none: those of the jurisdiction. */
  planDefinitions: string[]
}

/** One file of a kit. */
export interface KitFile {
  /** Name in the archive: `package/…`. */
  file: string
  /** Of an artefact: `url|version`, and its resource type. */
  canonical?: string
  type?: string
  /** SHA-256 by which verdicts name the artefact, where the file has more or less than what was published: a value set with its members. */
  content?: string
  /** SHA-256 of its bytes, hex. */
  sha256: string
  bytes: number
  /** Bytes that its entry takes in the archive. */
  packed: number
}

/** Something that was not taken into a kit. */
export interface KitRemark {
  /** `url|version`, or what is named. */
  canonical: string
  type?: string
  reason: string
}

/** The manifest of a kit. */
export interface KitManifest extends KitScope {
  format: string
  /** What artefacts of the kit name and the server did not have: rules that need it fail, here as there. */
  missing: KitRemark[]
  /** Rules and maps that are not in the kit, because the signature of their author holds no more. */
  withheld: KitRemark[]
  /** Every file but the manifest and its signature, by name. */
  files: KitFile[]
}

/** Name of the manifest, and of its signature, which stands at the end. */
export const manifestName = 'package/manifest.json'
/** Name of the signature. */
export const signatureName = 'signature.jws'

/** By code units: the same everywhere. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The bytes of a manifest, in the one form that it has: they are what is hashed and signed. */
export const manifestBytes = (manifest: KitManifest): Buffer => Buffer.from(canonicalJson(manifest))

/** What a kit is known by: SHA-256 of its manifest, hex. */
export const kitHash = (manifest: Uint8Array): string => sha256Hex(manifest)

/** Most files of a kit, and bytes of one of them and of the manifest. */
export const kitLimits = { files: 100_000, fileBytes: 64 << 20, manifestBytes: 32 << 20, totalBytes: 2 ** 30 }

const fileName = /^package\/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/
const hash = /^[0-9a-f]{64}$/

/**
 * Reads a manifest, strictly: what is not understood may be what a rule leans on.
 * @throws KitError
 */
export function readManifest(bytes: Uint8Array): KitManifest {
  const json = jsonOf(bytes, manifestName)
  if (!isJsonObject(json)) throw new KitError('form', `${manifestName} is no object`)
  if (json.format !== kitFormat)
    throw new KitError(
      'form',
      `this is no kit that is read here: its form is ${shown(String(json.format))}, and ${kitFormat} is read`,
    )
  refuseStrange(
    json,
    ['format', 'jurisdiction', 'trustDomains', 'planDefinitions', 'missing', 'withheld', 'files'],
    manifestName,
  )
  const { jurisdiction } = json
  if (typeof jurisdiction !== 'string' || jurisdiction === '')
    throw new KitError('form', `${manifestName} names no jurisdiction`)
  const files = readFiles(json.files)
  const manifest: KitManifest = {
    format: kitFormat,
    jurisdiction,
    trustDomains: textsOf(json, 'trustDomains'),
    planDefinitions: textsOf(json, 'planDefinitions'),
    missing: remarksOf(json, 'missing'),
    withheld: remarksOf(json, 'withheld'),
    files,
  }
  if (!manifestBytes(manifest).equals(bytes))
    throw new KitError('form', `${manifestName} is written otherwise than a kit's is`)
  return manifest
}

/** JSON of a file of a kit. @throws KitError */
export function jsonOf(bytes: Uint8Array, name: string): Json {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new KitError('content', `${name} is not JSON: ${error.message}`)
  }
}

/** @throws KitError naming a member that is not known */
export function refuseStrange(json: JsonObject, known: readonly string[], name: string): void {
  const strange = Object.keys(json).find((each) => !known.includes(each))
  if (strange !== undefined)
    throw new KitError('form', `${name} has the member ${shown(strange)}, which is not known here`)
}

/** Files of a manifest or of a change of one, each once and in order. @throws KitError */
export function readFiles(json: Json | undefined): KitFile[] {
  if (!Array.isArray(json)) throw new KitError('form', `${manifestName} names no files`)
  if (json.length > kitLimits.files) throw new KitError('form', `a kit has at most ${kitLimits.files} files`)
  const files = json.map(readFile)
  let before = ''
  let total = 0
  for (const { file, bytes } of files) {
    if (file === before) throw new KitError('form', `${file} is named twice`)
    if (file < before) throw new KitError('form', `${file} is not named in its place: files are sorted by name`)
    before = file
    total += bytes
  }
  if (total > kitLimits.totalBytes) throw new KitError('form', `a kit has at most ${kitLimits.totalBytes} bytes`)
  return files
}

function readFile(json: Json): KitFile {
  if (!isJsonObject(json)) throw new KitError('form', 'a file is named by no object')
  const { file, canonical, type, content, sha256, bytes, packed } = json
  if (typeof file !== 'string' || file.length > 100 || !fileName.test(file) || file === manifestName)
    throw new KitError('form', `${shown(String(file))} is no name of a file in a kit`)
  refuseStrange(json, ['file', 'canonical', 'type', 'content', 'sha256', 'bytes', 'packed'], file)
  if (typeof sha256 !== 'string' || !hash.test(sha256)) throw new KitError('form', `${file}: its hash is none`)
  const isCount = (value: Json | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0
  if (!isCount(bytes) || !isCount(packed) || packed === 0 || bytes > kitLimits.fileBytes || packed > bytes * 2 + 4096)
    throw new KitError('form', `${file}: its size is none that a file has`)
  const read: KitFile = { file, sha256, bytes, packed }
  if (canonical !== undefined) read.canonical = String(canonical)
  if (type !== undefined) read.type = String(type)
  if (content !== undefined) {
    if (typeof content !== 'string' || !hash.test(content)) throw new KitError('form', `${file}: its hash is none`)
    read.content = content
  }
  return read
}

function textsOf(json: JsonObject, name: string): string[] {
  const list = json[name]
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string'))
    throw new KitError('form', `${manifestName}: ${name} is no list of texts`)
  return list.map(String)
}

/** Remarks of a manifest. @throws KitError */
export function remarksOf(json: JsonObject, name: string): KitRemark[] {
  const list = json[name]
  if (!Array.isArray(list)) throw new KitError('form', `${manifestName}: ${name} is no list`)
  return list.map((each): KitRemark => {
    const { canonical, type, reason } = isJsonObject(each) ? each : {}
    if (typeof canonical !== 'string' || typeof reason !== 'string')
      throw new KitError('form', `${manifestName}: ${name} has something that is no remark`)
    return { canonical, reason, ...(typeof type === 'string' ? { type } : {}) }
  })
}
