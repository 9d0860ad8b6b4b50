/** A kit in use: proved when it is opened, its files when they are read. */
import { sha256Hex } from '../base/crypto/sha256.ts'
import type { Json } from '../base/json-value.ts'
import { type KitArchive, readKit } from './archive/archive.ts'
import { KitError, shown } from './kit-error.ts'
import { jsonOf, type KitManifest, type KitScope, kitHash } from './manifest.ts'
import type { Pins } from './pinned-keys.ts'
import { type ProvedSignature, proveSignature } from './signature.ts'

/** What a kit is held against. */
export interface KitTrust {
  pins: Pins
  /** Undefined: whatever its age. */
  now: Date | undefined
}

/** A kit whose signature holds. */
export interface OpenedKit {
  hash: string
  archive: KitArchive
  manifest: KitManifest
  proved: ProvedSignature
  /** Bytes of a file. @throws KitError when there is none, or it is another than the manifest says */
  read(file: string): Buffer
  json(file: string): Json
}

/** So much a clock may be behind the one of who signed, in milliseconds. */
const tolerance = 300_000

/**
 * Opens a kit: its manifest, and the signature over it. A kit that is old opens; one that is too old to be used does not.
 * @throws KitError
 */
export function openKit(bytes: Uint8Array, { pins, now }: KitTrust): OpenedKit {
  const archive = readKit(bytes)
  const { manifestBytes } = archive
  const proved = proveSignature(archive.signature, manifestBytes, pins)
  if (now) checkTime(proved, now)
  return openedKit(archive, proved)
}

function checkTime(proved: ProvedSignature, now: Date): void {
  if (proved.madeAt.getTime() > now.getTime() + tolerance)
    throw new KitError(
      'signature',
      `the kit was made at ${proved.madeAt.toISOString()}, which is still to come: is the clock of this machine right?`,
    )
  if (now >= proved.refusedFrom)
    throw new KitError(
      'expired',
      `the kit was to be used until ${proved.refusedFrom.toISOString()}, and gives no verdicts any more: fetch a newer one`,
    )
}

function openedKit(archive: KitArchive, proved: ProvedSignature): OpenedKit {
  const { manifest, manifestBytes } = archive
  const hashes = new Map(manifest.files.map(({ file, sha256 }) => [file, sha256]))
  const read = (file: string): Buffer => {
    const content = archive.read(file)
    if (!content) throw new KitError('missing', `the kit has no file ${file}`)
    if (sha256Hex(content) !== hashes.get(file))
      throw new KitError('content', `${file} is not what the manifest says: its hash differs`)
    return content
  }
  return { hash: kitHash(manifestBytes), archive, manifest, proved, read, json: (file) => jsonOf(read(file), file) }
}

/** Names that a remark tells, so that a verdict is no longer than helps. */
const mostNames = 5

/** What a kit that was made with some of the rule sets or keys alone says in every verdict; undefined of one that has all of its jurisdiction. */
export function scopeRemark({ trustDomains, planDefinitions }: KitScope): string | undefined {
  const named = (what: string, names: readonly string[]) => {
    if (names.length === 0) return []
    const others = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
    return [`the ${what} ${names.slice(0, mostNames).map(shown).join(', ')}${others}`]
  }
  const only = [...named('rule sets', planDefinitions), ...named('trust domains', trustDomains)]
  return only.length > 0 ? `a verifier kit made with ${only.join(' and ')} alone` : undefined
}

/** What an old kit says in every verdict; undefined of one that is good. */
export function ageRemark({ proved }: Pick<OpenedKit, 'proved'>, now: Date): string | undefined {
  const { validUntil } = proved
  return now < validUntil ? undefined : `the verifier kit is old: it was good until ${validUntil.toISOString()}`
}
