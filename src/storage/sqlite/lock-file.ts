import { DatabaseSync } from 'node:sqlite'

const busy = [5, 6]

/**
 * Locks a file for this process, by the locks of SQLite: they end with the process.
 * @returns what gives it back; undefined when another process has it
 * @throws the error of SQLite when the file cannot be made
 */
export function lockFile(file: string): (() => void) | undefined {
  const connection = new DatabaseSync(file, { timeout: 0 })
  try {
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return () => connection.close()
  } catch (error) {
    connection.close()
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
    if (busy.includes(code)) return undefined
    throw error
  }
}
