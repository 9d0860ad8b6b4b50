/** Times of which it is not known what counted: a change that a crash broke off, a clock that was set back, a restore. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { isJsonObject } from '../../base/json.ts'
import { isMissing } from '../../base/system-error.ts'
import { parseJson } from '../../fhir/json.ts'
import { isProcessAlive } from '../../files/process-alive.ts'
import type { HistoryFiles } from './history-files.ts'

/** A time, both ends in it; FHIR instants. */
export interface Gap {
  since: string
  /** Absent: a change began then and has not ended. */
  until?: string
  /** SHA-256 in hex of what that change is to write. */
  body?: string
}

/** All gaps by the names of their files. @throws Error when one cannot be read: then nothing is known of any time */
export async function gapsOf(files: Pick<HistoryFiles, 'gapNames' | 'gap'>): Promise<Map<string, Gap>> {
  const gaps = new Map<string, Gap>()
  for (const name of await files.gapNames()) {
    const bytes = await files.gap(name).catch((error: unknown) => {
      // A change that has ended meanwhile.
      if (!isMissing(error)) throw error
    })
    if (bytes) gaps.set(name, readGap(bytes))
  }
  return gaps
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function readGap(bytes: Uint8Array): Gap {
  const json = parseJson(bytes)
  const { since, until, body } = isJsonObject(json) ? json : {}
  const isInstant = (each: unknown) => typeof each === 'string' && instant.test(each)
  if (typeof since !== 'string' || !isInstant(since)) throw new Error('a gap is damaged')
  if (until === undefined) return { since, ...(typeof body === 'string' ? { body } : {}) }
  if (typeof until !== 'string' || !isInstant(until)) throw new Error('a gap is damaged')
  return { since, until }
}

/** A gap as its file has it. */
export const writeGap = (gap: Gap): Buffer => Buffer.from(`${JSON.stringify(gap)}\n`)

/** Name of a gap that is over. */
export const closedName = ({ since }: Gap): string => `closed-${since.replace(/\D/g, '')}-${randomUUID()}`

/**
 * Changes of one server that are about to count. Each is marked on the disk before it does, so that one that is broken off is not taken
 * for none. Numbers say in which order they began.
 */
export interface OpenChanges {
  /** Number of a change that begins. */
  begin(): number
  /** Marks it, unless one is marked. Rejects when that cannot be written. */
  mark(change: number, at: Date, body: string): Promise<void>
  /**
   * The earliest moment at which a change began, other than this one, of which nobody wrote what came of it.
   * @param newest what was written last
   */
  brokenOff(change: number, newest: { at: string; body: string } | undefined): Promise<string | undefined>
  /** What came of it stands in the history: its mark goes, and those of servers that are no more. */
  written(change: number): Promise<void>
}

/** The changes of this server. */
export function openChanges(files: Pick<HistoryFiles, 'gapNames' | 'gap' | 'putGap' | 'removeGap'>): OpenChanges {
  const start = `open-${process.pid}-${hostname().replace(/[^A-Za-z0-9-]/g, '_')}-`
  const own = `${start}${randomUUID()}`
  let number = 0
  let marked: { change: number; since: string } | undefined
  const isLeft = (name: string) => {
    const pid = /^open-(\d+)-/.exec(name)?.[1]
    const isOfThisHost = name.startsWith(start.replace(`open-${process.pid}-`, `open-${pid}-`))
    return !isOfThisHost || Number(pid) === process.pid || !isProcessAlive(Number(pid))
  }
  const others = async () =>
    [...(await gapsOf(files))].filter(([name, { until }]) => until === undefined && name !== own)
  return {
    begin: () => ++number,
    async mark(change, at, body) {
      if (marked) return
      const since = at.toISOString()
      await files.putGap(own, writeGap({ since, body }))
      marked = { change, since }
    },
    async brokenOff(change, newest) {
      const isWritten = ({ since, body }: Gap) => newest !== undefined && newest.at >= since && newest.body === body
      const begun = (await others()).flatMap(([, gap]) => (isWritten(gap) ? [] : gap.since))
      if (marked && marked.change !== change) begun.push(marked.since)
      return begun.sort()[0]
    },
    async written(change) {
      for (const [name] of await others()) if (isLeft(name)) await files.removeGap(name)
      // Another one began meanwhile, and is not written yet.
      if (!marked || change < number) return
      await files.removeGap(own)
      marked = undefined
    },
  }
}
