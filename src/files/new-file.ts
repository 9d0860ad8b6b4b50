import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError } from '../base/system-error.ts'

/**
 * Writes a file that only its owner reads, whole or not at all, into a folder that is made when there is none. One that is there stays:
 * of two processes that write together, one comes first.
 * @throws the error of the operating system
 */
export function writeNewFile(folder: string, name: string, content: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unfinished = join(folder, `.${name}.${process.pid}.${randomBytes(4).toString('hex')}`)
  try {
    writeFileSync(unfinished, content, { mode: 0o600, flush: true })
    // Unlike a rename it never replaces what another process has made meanwhile.
    linkSync(unfinished, join(folder, name))
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error
  } finally {
    rmSync(unfinished, { force: true })
  }
}
