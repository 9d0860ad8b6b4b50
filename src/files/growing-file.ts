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

/**
 * Begins a file that its owner alone reads and writes, unless another mode is given. Rejects, as its methods do, with the error of the
 * operating system.
 */
export async function beginFile(path: string, mode = 0o600): Promise<GrowingFile> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}-${begun++}.tmp`
  const handle = await open(unfinished, 'wx', mode)
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
      await syncFolder(dirname(path))
    },
    async abandon() {
      await close()
      await rm(unfinished, { force: true })
    },
  }
}
