import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './whole-file.ts'

/** A file in the making: under its name there is nothing of it before it is whole. */
export interface GrowingFile {
  write(bytes: Uint8Array): Promise<void>
  /**
   * Forces it to the disk and gives it its name.
   * @param replaces another file of that name; without, one that is there stays, and EEXIST is the error
   */
  finish(replaces: boolean): Promise<void>
  /** Leaves nothing behind; nothing happens to a file that is finished. */
  abandon(): Promise<void>
}

let begun = 0

const growing = new Set<string>()

/** Whether a file with that path is one in the making of this process. */
export const isGrowing = (path: string): boolean => growing.has(path)

/** The process that a file in the making belongs to, told by the end of its name behind that of the whole one; undefined for another file. */
export function growerOf(end: string): number | undefined {
  const pid = /^\.(\d+)-\d+\.tmp$/.exec(end)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/**
 * Begins a file that its owner alone reads and writes, unless another mode is given. Rejects, as its methods do, with the error of the
 * operating system.
 */
export async function beginFile(path: string, mode = 0o600): Promise<GrowingFile> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}-${begun++}.tmp`
  const handle = await open(unfinished, 'wx', mode)
  growing.add(unfinished)
  let isOpen = true
  const close = async () => {
    if (isOpen) await handle.close()
    isOpen = false
  }
  return {
    write: (bytes) => handle.writeFile(bytes),
    async finish(replaces) {
      await handle.sync()
      await close()
      if (replaces) await rename(unfinished, path)
      else {
        await link(unfinished, path)
        await rm(unfinished)
      }
      growing.delete(unfinished)
      await syncFolder(dirname(path))
    },
    async abandon() {
      await close()
      await rm(unfinished, { force: true })
      growing.delete(unfinished)
    },
  }
}
