/** One server for one data folder: a lock that the system gives back when its holder ends, however it does. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile } from './sqlite/lock-file.ts'

/** A folder in hand. */
export interface HeldFolder {
  release(): void
}

const FILE = 'serving.lock'

/**
 * Holds a data folder for one server; other commands work beside it.
 * @throws Error for a person, with a code, when another server holds it; the error of the system
 */
export function holdFolder(dataDir: string): HeldFolder {
  mkdirSync(dataDir, { recursive: true })
  const release = lockFile(join(dataDir, FILE))
  if (release) return { release }
  throw Object.assign(
    new Error(
      `${dataDir} is in use by another server. One server of several processes is started with \`serve --workers N\`; a server of its own needs a DATA_DIR of its own.`,
    ),
    { code: 'FOLDER_IN_USE' },
  )
}
