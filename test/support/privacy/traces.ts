import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a secret was found. */
export interface Trace {
  place: string
  /** What kind of secret, e.g. `name`, `credential text`. */
  kind: string
}

/** Texts that must stay nowhere, each under what it is. */
export interface Secrets {
  add(kind: string, value: string | Uint8Array): void
  /** Those of the secrets that a place holds. */
  search(place: string, bytes: Uint8Array): Trace[]
  readonly size: number
}

/** Shorter texts are found everywhere by chance. */
const shortest = 8

/** An empty collection. Texts are looked for as they are, in either case, and inside base64. */
export function createSecrets(): Secrets {
  const known = new Set<string>()
  const byStart = new Map<number, { kind: string; pattern: Buffer }[]>()
  const starts = new Uint8Array(1 << 24)
  const addPattern = (kind: string, pattern: Buffer) => {
    const identity = pattern.toString('latin1')
    if (pattern.length < shortest || known.has(identity)) return
    known.add(identity)
    const start = startAt(pattern, 0)
    starts[start] = 1
    byStart.set(start, [...(byStart.get(start) ?? []), { kind, pattern }])
  }
  return {
    get size() {
      return known.size
    },
    add(kind, value) {
      const bytes = Buffer.from(value as Uint8Array)
      addPattern(kind, bytes)
      if (typeof value === 'string')
        for (const text of [value.toUpperCase(), value.toLowerCase()]) addPattern(kind, Buffer.from(text))
      for (const text of insideBase64(bytes)) addPattern(`${kind} in base64`, Buffer.from(text))
    },
    search(place, bytes) {
      const found = new Set<string>()
      for (let at = 0; at + shortest <= bytes.length; at++) {
        const start = startAt(bytes, at)
        if (!starts[start]) continue
        for (const { kind, pattern } of byStart.get(start) ?? [])
          if (Buffer.compare(pattern, bytes.subarray(at, at + pattern.length)) === 0) found.add(kind)
      }
      return [...found].map((kind) => ({ place, kind }))
    },
  }
}

const startAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)

/** The part of the base64 of a longer text that depends on these bytes alone, for each of the three places they can begin at. */
function insideBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const unsure = (before + bytes.length) % 3 === 0 ? 0 : 1
    return text.slice(before === 0 ? 0 : before + 1, text.length - unsure)
  })
}

/** Searches every file below a folder. */
export function searchFolder(folder: string, secrets: Secrets): Trace[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      return secrets.search(path.slice(folder.length + 1), readFileSync(path))
    })
}

/** How often each kind of secret was found in each place, most first. */
export function traceLines(traces: Trace[]): string[] {
  const counts = new Map<string, number>()
  for (const { place, kind } of traces) counts.set(`${kind} in ${place}`, (counts.get(`${kind} in ${place}`) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([trace, count]) => `${count} × ${trace}`)
}
