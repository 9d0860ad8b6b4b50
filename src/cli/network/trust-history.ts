import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { configuredHistory } from '../../server/past/as-of.ts'
import type { HistoryEntry } from '../../trust/history/entry.ts'
import { UnknownPast } from '../../trust/history/history.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { table } from '../table.ts'

/** `vidimus trust history`: what is kept of how the trust lists stood. */
export function addHistory(trust: Command, result: CommandResult): void {
  trust
    .command('history')
    .description('how the trust lists stood, as far back as it is kept for asOf; exit status 1 when it is damaged')
    .option('--json', 'print one JSON object a line')
    .action(async ({ json }: { json?: boolean }) => {
      const history = configuredHistory(readConfig(), { software: '', now: () => new Date() })
      const told: Told[] = []
      try {
        for await (const entry of history.entries()) told.push(toldOf(entry))
      } catch (error) {
        if (!(error instanceof UnknownPast)) throw error
        console.error(`error: ${error.message}`)
        result.exitCode = exitCodes.negative
      }
      if (json) for (const each of told) console.log(JSON.stringify(each))
      else console.log(printed(told))
    })
}

/** One entry, as it is told. */
interface Told {
  number: number
  at: string
  /** From here to `at` it is not known what counted. */
  unknownSince?: string
  /** Absent: from here on nothing was kept. */
  lists?: { name: string; keys: number }[]
  revocations?: { name: string; batches: number }[]
  circumstances: Record<string, string>
  bytes: number
}

function toldOf({ number, at, unknownSince, circumstances, standing, bytes }: HistoryEntry & { bytes: number }): Told {
  const known = { number, at, ...(unknownSince === undefined ? {} : { unknownSince }), circumstances, bytes }
  if (!standing) return known
  return {
    ...known,
    lists: standing.lists.map(({ name, keys }) => ({ name, keys })),
    revocations: (standing.revocations ?? []).map(({ name, batches }) => ({ name, batches: batches.length })),
  }
}

function printed(entries: Told[]): string {
  if (entries.length === 0) return 'Nothing is kept: a server that listens keeps it (TRUST_HISTORY_DAYS).'
  const rows = entries.map(({ at, lists, revocations = [], unknownSince, bytes }) => [
    at,
    lists ? lists.map(({ name, keys }) => `${name} ${keys}`).join(', ') || 'no list' : 'nothing was kept from here on',
    revocations.map(({ name, batches }) => `${name} ${batches}`).join(', '),
    String(bytes),
    unknownSince === undefined ? '' : `not known from ${unknownSince} on`,
  ])
  return table([['FROM', 'KEYS OF LISTS', 'BATCHES', 'BYTES', ''], ...rows])
}
