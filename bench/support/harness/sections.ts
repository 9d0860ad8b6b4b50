/** Sections of a folder, each measured in a process of its own, so that none finds the memory and the compiled code of another. */
import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSystemError } from '../../../src/base/system-error.ts'
import type { Figure } from './figure.ts'
import type { BaselineFound } from './measure.ts'
import { figuresFault, type SectionResult } from './results.ts'

/** What the process of a section says. */
interface SectionAnswer {
  figures: Figure[]
  baselines: BaselineFound[]
}

/** A section that cannot be measured here, and says so: what is needed is not there. */
export class Skipped extends Error {}

/** Names of the sections of a folder: its programs but for `run.ts`. */
export function sectionNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
    .map((file) => file.slice(0, -3))
    .sort()
}

const program = fileURLToPath(new URL('section-process.ts', import.meta.url))
/** A section that says nothing for so long will say nothing any more; there is no bound for one that goes on. */
const longestMilliseconds = 300_000

/** That a section goes on. */
interface Sign {
  isWorking: true
}

/** Measures one. A section that fails is told of as failed. */
export async function runSection(folder: string, name: string, isQuick: boolean): Promise<SectionResult> {
  const start = performance.now()
  const answer = await answerOf(join(folder, `${name}.ts`), isQuick)
  const seconds = Math.round((performance.now() - start) / 100) / 10
  if ('figures' in answer) {
    const fault = figuresFault(answer.figures, `section ${name}`)
    if (!fault) return { name, status: 'measured', seconds, ...answer }
    return { name, status: 'failed', reason: fault, seconds, baselines: [], figures: [] }
  }
  return { name, ...answer, seconds, baselines: [], figures: [] }
}

type Unmeasured = Required<Pick<SectionResult, 'status' | 'reason'>>

function answerOf(path: string, isQuick: boolean): Promise<SectionAnswer | Unmeasured> {
  const child = fork(program, [path, ...(isQuick ? ['quick'] : [])], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  const endAll = () => endGroup(child.pid)
  process.once('exit', endAll)
  return new Promise((resolve) => {
    let isTimedOut = false
    const timeout = setTimeout(() => {
      isTimedOut = true
      endAll()
    }, longestMilliseconds)
    let answer: SectionAnswer | Unmeasured | undefined
    child.on('message', (message) => {
      const said = message as SectionAnswer | Unmeasured | Sign
      if ('isWorking' in said) timeout.refresh()
      else answer = said
    })
    child.on('error', (error) => {
      answer ??= { status: 'failed', reason: error.message }
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timeout)
      endAll()
      process.off('exit', endAll)
      const reason = isTimedOut ? 'it said nothing for five minutes' : `its process ended with ${code ?? signal}`
      resolve(answer ?? { status: 'failed', reason })
    })
  })
}

/** Ends what a section has started, too: a server that it left would be measured with every later one. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    // It is gone, as it should be.
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error
  }
}
