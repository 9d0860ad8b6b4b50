import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError } from '../base/system-error.ts'

let written = 0

/**
 * Writes a file whole or not at all: under another name, forced to the disk, then renamed. Its folder is made when there is none.
 * Rejects with the error of the operating system; what stood there before then stands there still.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}-${written++}.tmp`
  try {
    const file = await open(unfinished, 'w', 0o644)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

/** The new name is on the disk when its folder is; not every system lets a folder be forced there. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!isSystemError(error) || !['EINVAL', 'EPERM', 'EISDIR', 'EBADF'].includes(error.code)) throw error
  } finally {
    await handle.close()
  }
}
