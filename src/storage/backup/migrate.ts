/** Copies a whole store into an empty one, of whatever kind, and counts the copy only when it was read again and holds the same. */
import { linkSync, rmSync } from 'node:fs'
import { isSystemError } from '../../base/system-error.ts'
import { contentsHash, contentsOf } from './contents.ts'
import { BackupError } from './format.ts'
import type { Filling, MaintainedStore, StoreSnapshot } from './snapshot.ts'

/** What was copied. */
export interface Migrated {
  revision: number
  versions: number
  records: number
  /** SHA-256 over all versions and records, in hex; source and copy have the same. */
  contents: string
}

/**
 * Copies a store while it may be in use: what is copied is its state at one revision. An interrupted copy counts for nobody; the next one
 * goes on with it where the target can tell what it has, and begins anew where that turns out not to fit.
 * @throws BackupError when the target holds something, or the copy is not the same
 */
export async function migrateStore(
  source: MaintainedStore,
  target: MaintainedStore,
  progress: (done: number, total: number) => void = () => {},
): Promise<Migrated> {
  if ((await target.standing()) === 'whole')
    throw new BackupError(`${target.name} is there already; a store is copied into a new one.`)
  const snapshot = await source.snapshot()
  try {
    const begin = (anew: boolean) => target.fill({ source: `store ${source.name}`, replace: false, anew })
    const filling = await begin(false)
    const copied = await copy({ snapshot, filling, progress })
    if (copied) return copied
    // What was left of an interrupted copy may be of another state of the source: AuditEvents go, and so do whole stores.
    const second = filling.last > 0 ? await copy({ snapshot, filling: await begin(true), progress }) : undefined
    if (second) return second
    throw new BackupError(`The copy of ${source.name} does not hold the same; it was thrown away.`)
  } finally {
    await snapshot.close()
  }
}

interface Copying {
  snapshot: StoreSnapshot
  filling: Filling
  progress(done: number, total: number): void
}

/** Undefined, and nothing is left of the copy, when it does not hold the same. */
async function copy({ snapshot, filling, progress }: Copying): Promise<Migrated | undefined> {
  try {
    const wanted = await fillFrom({ snapshot, filling, progress })
    const made = await filling.snapshot()
    const found = await contentsOf(made).finally(() => made.close())
    const { revision } = snapshot
    const isSame =
      found.contents === wanted.contents &&
      found.versions === wanted.versions &&
      found.records === wanted.records &&
      made.revision === revision
    if (!isSame) {
      await filling.abandon()
      return undefined
    }
    for (const { from, to } of filling.moves) put(from, to)
    await filling.commit()
    return { revision, ...found }
  } catch (error) {
    if (filling.last === 0 || !(error instanceof BackupError)) {
      await filling.leave()
      throw error
    }
    // What was left does not fit what is there now.
    await filling.abandon()
    return undefined
  }
}

async function fillFrom({ snapshot, filling, progress }: Copying) {
  const hash = contentsHash()
  const counts = { versions: 0, records: 0 }
  for await (const each of snapshot.versions()) {
    hash.version(each)
    if (each.seq > filling.last) await filling.version(each)
    progress(++counts.versions, snapshot.versionCount)
  }
  for await (const each of snapshot.records()) {
    hash.record(each)
    await filling.record(each)
    counts.records++
  }
  await filling.finish(progress)
  return { contents: hash.digest(), ...counts }
}

/** Its new name is given only when nothing has it. */
function put(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error
    throw new BackupError(`${to} is there already; a store is copied into a new one.`)
  }
  rmSync(from)
}
