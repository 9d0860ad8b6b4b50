import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { UnknownPast } from '../../../../src/trust/history/history.ts'
import { historyFolder } from '../support.ts'

/** What came of histories that were killed while they were written. */
export interface HistoryKillReport {
  rounds: number
  /** Lists that counted. */
  counted: number
  /** Moments that were told, and those that were refused. */
  told: number
  refused: number
  faults: string[]
}

/**
 * Changes trust lists in a process that is killed (-9), again and again, over one history. Whatever counted at a moment is told of it
 * afterwards, or nothing is.
 */
export async function killHistories({ rounds, seed }: { rounds: number; seed: number }): Promise<HistoryKillReport> {
  const { folder, open, end } = historyFolder()
  const report: HistoryKillReport = { rounds, counted: 0, told: 0, refused: 0, faults: [] }
  let random = seed % 2147483647 || 1
  const draw = () => {
    random = (random * 48271) % 2147483647
    return random / 2147483647
  }
  const counted: { at: number; name: string }[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      counted.push(...(await changeUntilKilled(folder, round, draw() * 120)))
      const killed = Date.now()
      const history = open()
      for (const [place, { at, name }] of counted.entries()) {
        const until = counted[place + 1]?.at ?? killed
        // Two began in one millisecond: the later counts at its end.
        for (const moment of new Set([at, Math.floor((at + until) / 2), until - 1])) {
          if (moment < at || moment >= until) continue
          const found = await history.at(new Date(moment)).then((past) => past.standing(), unknown)
          if (found === undefined) report.refused++
          else if (found.rules.gap === name) report.told++
          else report.faults.push(`round ${round}: at ${moment} ${found.rules.gap} is told, and ${name} counted`)
        }
      }
    }
    return { ...report, counted: counted.length }
  } finally {
    end()
  }
}

function unknown(error: unknown): undefined {
  if (!(error instanceof UnknownPast) || error.kind === 'damaged') throw error
}

/** @param delay milliseconds from its first word to the kill */
async function changeUntilKilled(folder: string, round: number, delay: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => (output += chunk))
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
  await once(child, 'close')
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${child.exitCode}`)
  const lines = output.split('\n').slice(0, -1)
  return lines.map((line) => {
    const [at = '', name = ''] = line.split(' ')
    return { at: Number(at), name }
  })
}
