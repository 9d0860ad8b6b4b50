import path from 'node:path'
import type { TrustReaders } from '../../src/trust/lists/trust-source.ts'

/** Files by path. */
export type Files = Record<string, string | Buffer>

/** A file system in memory, whose files may be changed between two readings. */
export function memoryReaders(files: Files): TrustReaders & { files: Files } {
  const missing = (name: string) =>
    Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT', syscall: 'open', path: name })
  return {
    files,
    async readFile(name) {
      const found = files[name]
      if (found === undefined) throw missing(name)
      return Buffer.from(found)
    },
    async listFolder(name) {
      if (files[name] !== undefined) return undefined
      const inside = Object.keys(files).map((file) => path.relative(name, file))
      const names = inside.filter((file) => !file.startsWith('..')).map((file) => file.split('/')[0] ?? '')
      if (names.length === 0) throw missing(name)
      return [...new Set(names)]
    },
  }
}
