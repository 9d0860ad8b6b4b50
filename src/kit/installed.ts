/**
 * The kit that an installation uses, and how another takes its place: whole or not at all, never an older one, never one of somebody
 * else. What is killed on the way leaves the one that was there.
 */
import { readFile } from 'node:fs/promises'
import { canonicalJson } from '../base/json.ts'
import { isWithinJurisdiction } from '../base/participant-codes.ts'
import { isMissing } from '../base/system-error.ts'
import { writeWhole } from '../files/whole-file.ts'
import { alone } from './apply-lock.ts'
import { readKit } from './archive/archive.ts'
import { checkKit } from './check-kit.ts'
import { applyDelta, isDelta } from './delta.ts'
import { KitError } from './kit-error.ts'
import { byName, type KitManifest } from './manifest.ts'
import { type KitTrust, type OpenedKit, openKit, scopeRemark } from './open-kit.ts'

/** What a new kit is held against. */
export interface ApplyOptions extends KitTrust {
  now: Date
  /** File of the kit that is in use. */
  path: string
  /** The jurisdiction of the installation, ISO 3166-1 alpha-3; undefined: that of the kit in use, or any. */
  jurisdiction: string | undefined
  /** Takes also a kit that is old, and still newer than the one in use. */
  takesOld?: boolean
  /** Takes also a kit of other trust domains or other named rule sets than the one in use. */
  takesOtherScope?: boolean
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
  if (known && !options.takesOtherScope) checkScope(kit, known)
  if (before && kit.proved.madeAt < before.proved.madeAt)
    throw new KitError(
      'older',
      `the kit was made at ${kit.proved.madeAt.toISOString()}, before the one in use (${before.proved.madeAt.toISOString()})`,
    )
  await writeWhole(path, whole)
  return { kit, before: before?.hash, isDelta: change }
}

function checkJurisdiction({ manifest }: OpenedKit, wanted: string | undefined): void {
  if (wanted !== undefined && !isWithinJurisdiction(wanted, manifest.jurisdiction))
    throw new KitError('jurisdiction', `the kit is made for ${manifest.jurisdiction}, and ${wanted} is wanted here`)
}

/** A kit of one lenient rule set is as well signed as the whole one, and no newer version of it. */
function checkScope({ manifest }: OpenedKit, inUse: KitManifest): void {
  const told = (kit: KitManifest) => scopeRemark(kit) ?? 'a kit of all rule sets and trust domains of its jurisdiction'
  if (isSameScope(manifest, inUse)) return
  throw new KitError(
    'scope',
    `this is ${told(manifest)}, and the one in use is ${told(inUse)}: say so if it is to take its place (--scope)`,
  )
}

/** Whether two kits are made of the same trust domains and rule sets; who writes a manifest need not sort them. */
function isSameScope(one: KitManifest, other: KitManifest): boolean {
  const named = ({ trustDomains, planDefinitions }: KitManifest) =>
    canonicalJson([trustDomains, planDefinitions].map((names) => [...new Set(names)].sort(byName)))
  return named(one) === named(other)
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
