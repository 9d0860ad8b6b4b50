/**
 * The kit that an installation uses, and how another takes its place: whole or not at all, never an older one, never one of somebody
 * else. What is killed on the way leaves the one that was there.
 */
import { readFile } from 'node:fs/promises'
import { isMissing } from '../base/system-error.ts'
import { writeWhole } from '../files/whole-file.ts'
import { sameParticipant } from '../trust/keys/participant-codes.ts'
import { alone } from './apply-lock.ts'
import { readKit } from './archive/archive.ts'
import { checkKit } from './check-kit.ts'
import { applyDelta, isDelta } from './delta.ts'
import { KitError } from './kit-error.ts'
import type { KitManifest } from './manifest.ts'
import { type KitTrust, type OpenedKit, openKit } from './open-kit.ts'

/** What a new kit is held against. */
export interface ApplyOptions extends KitTrust {
  now: Date
  /** File of the kit that is in use. */
  path: string
  /** The jurisdiction of the installation, ISO 3166-1 alpha-3; undefined: that of the kit in use, or any. */
  jurisdiction: string | undefined
  /** Takes also a kit that is old, and still newer than the one in use. */
  takesOld?: boolean
}

/** What became of it. */
export interface Applied {
  kit: OpenedKit
  /** Hash of the kit that was in use. */
  before: string | undefined
  /** Whether the file was what had changed. */
  isDelta: boolean
}

/**
 * Puts a kit, or what has changed since the one in use, in its place.
 * @throws KitError, and nothing has changed; the error of the system
 */
export const applyKit = (bytes: Uint8Array, options: ApplyOptions): Promise<Applied> =>
  alone(options.path, () => applyAlone(bytes, options))

async function applyAlone(bytes: Uint8Array, options: ApplyOptions): Promise<Applied> {
  const { path, now, takesOld = false } = options
  const inUse = await readInUse(path)
  const change = isDelta(bytes)
  if (change && !inUse)
    throw new KitError('base', `this is a change of a kit, and there is none at ${path}: fetch the whole kit`)
  const whole = change && inUse ? applyDelta(readKit(inUse), bytes) : Buffer.from(bytes)
  const kit = openKit(whole, options)
  checkKit(kit, whole)
  if (now >= kit.proved.validUntil && !takesOld)
    throw new KitError('expired', `the kit was good until ${kit.proved.validUntil.toISOString()}: fetch a newer one`)
  const before = inUse && openedBefore(inUse, options)
  const known = inUse && manifestOf(inUse)
  checkJurisdiction(kit, options.jurisdiction ?? known?.jurisdiction)
  if (before && kit.proved.madeAt < before.proved.madeAt)
    throw new KitError(
      'older',
      `the kit was made at ${kit.proved.madeAt.toISOString()}, before the one in use (${before.proved.madeAt.toISOString()})`,
    )
  await writeWhole(path, whole)
  return { kit, before: before?.hash, isDelta: change }
}

function checkJurisdiction({ manifest }: OpenedKit, wanted: string | undefined): void {
  if (wanted !== undefined && !sameParticipant(manifest.jurisdiction, wanted))
    throw new KitError('jurisdiction', `the kit is made for ${manifest.jurisdiction}, and ${wanted} is wanted here`)
}

async function readInUse(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** What the kit in use says that it is, whoever signed it; one that cannot be read says nothing. */
function manifestOf(bytes: Buffer): KitManifest | undefined {
  try {
    return readKit(bytes).manifest
  } catch (error) {
    if (error instanceof KitError) return undefined
    throw error
  }
}

/** The kit in use, whatever its age; one that does not hold any more stands in nobody's way. */
function openedBefore(bytes: Buffer, { pins }: KitTrust): OpenedKit | undefined {
  try {
    return openKit(bytes, { pins, now: undefined })
  } catch {
    return undefined // damaged, or signed by a key that is not pinned any more
  }
}
