/** The machine as far as a server depends on it: room on the disk, and a clock that can be believed. */
import { statfs } from 'node:fs/promises'
import { errorText } from '../../base/system-error.ts'
import type { ReadinessPart } from '../../http/context.ts'
import type { Tell } from './log.ts'

/** What is looked at, and by what. */
export interface MachineParts {
  /** Folders that are written to. */
  folders: readonly string[]
  /** Fewer free bytes, and the server is not ready. */
  diskFreeBytes: number
  /** FHIR date on which this software was released: no clock can show an earlier one. */
  releaseDate: string
  now(): Date
  /** Milliseconds of a clock that only moves forward. */
  elapsed(): number
  tell: Tell
  /** Free bytes of the file system that a folder lies in; by default what the system says. */
  freeBytes?(folder: string): Promise<number>
}

/** Watches a machine. */
export interface Machine {
  /** Looks now. */
  look(): Promise<void>
  parts(): ReadinessPart[]
  /** Free bytes when it was looked last; undefined when it cannot be told. */
  free(): number | undefined
  /** Seconds by which the clock has jumped at most since the start. */
  largestJump(): number
  close(): void
}

const lookMilliseconds = 10_000
/** A step of the clock that time servers make while they keep it right is smaller. */
const jumpMilliseconds = 30_000
/** A jump is told in `/ready` for so long. */
const rememberMilliseconds = 3_600_000
/** Nobody runs software that is older without noticing. */
const longestYears = 15
const megabyte = 1_000_000

/** Looks at once, and every ten seconds. */
export function watchMachine(given: MachineParts): Machine {
  const { folders, diskFreeBytes, releaseDate, now, elapsed, tell } = given
  const freeBytes = given.freeBytes ?? freeOfFileSystem
  let free: number | undefined
  let fault: string | undefined
  let last = { clock: now().getTime(), elapsed: elapsed() }
  let jump: { seconds: number; at: number } | undefined
  let largestJump = 0
  let told = ''
  const tellOnce = (problems: string[]) => {
    const text = problems.join('; ')
    if (text !== told) tell(text === '' ? 'disk and clock are in order again' : text, text === '' ? 'info' : 'error')
    told = text
  }
  const lookAtClock = () => {
    const current = { clock: now().getTime(), elapsed: elapsed() }
    const difference = current.clock - last.clock - (current.elapsed - last.elapsed)
    last = current
    if (Math.abs(difference) < jumpMilliseconds) return
    const seconds = Math.round(difference / 1000)
    jump = { seconds, at: current.elapsed }
    largestJump = Math.max(largestJump, Math.abs(seconds))
    tell(`the clock of this machine has jumped by ${seconds} s`, 'warn')
  }
  const disk = (): ReadinessPart => {
    if (free === undefined)
      return { name: 'disk', ready: false, state: 'unknown', detail: 'how much is free cannot be told' }
    const detail = `${Math.floor(free / megabyte)} MB free`
    if (free < diskFreeBytes) return { name: 'disk', ready: false, state: 'full', detail }
    if (free < 10 * diskFreeBytes) return { name: 'disk', ready: true, state: 'nearly full', detail }
    return { name: 'disk', ready: true, state: 'room' }
  }
  const clock = (): ReadinessPart => {
    const problem = clockProblem(now(), releaseDate)
    if (problem) return { name: 'clock', ready: false, state: 'wrong', detail: problem }
    if (jump && elapsed() - jump.at < rememberMilliseconds)
      return { name: 'clock', ready: true, state: 'has jumped', detail: `by ${jump.seconds} s` }
    return { name: 'clock', ready: true, state: 'plausible' }
  }
  const look = async () => {
    lookAtClock()
    try {
      free = Math.min(...(await Promise.all(folders.map(freeBytes))))
      fault = undefined
    } catch (error) {
      free = undefined
      fault = errorText(error)
    }
    const wrong = [disk(), clock()].filter(({ ready }) => !ready)
    tellOnce(wrong.map(({ name, state, detail }) => `${name}: ${state} (${(name === 'disk' && fault) || detail})`))
  }
  const timer = setInterval(() => void look(), lookMilliseconds)
  timer.unref()
  return {
    look,
    parts: () => [disk(), clock()],
    free: () => free,
    largestJump: () => largestJump,
    close: () => clearInterval(timer),
  }
}

/** What is wrong with a clock, as far as that shows. */
function clockProblem(now: Date, releaseDate: string): string | undefined {
  const released = new Date(releaseDate)
  const shown = now.toISOString().slice(0, 10)
  // A day for clocks that show the time of another place.
  if (now.getTime() < released.getTime() - 86_400_000) return `it shows ${shown}, before this software was made`
  const last = new Date(released)
  last.setUTCFullYear(released.getUTCFullYear() + longestYears)
  return now > last ? `it shows ${shown}, ${longestYears} years after this software was made` : undefined
}

async function freeOfFileSystem(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
