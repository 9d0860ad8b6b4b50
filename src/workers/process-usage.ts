import { readFileSync } from 'node:fs'

/** What a process has used so far. */
export interface ProcessUsage {
  /** Of all its threads, user and system. */
  cpuSeconds: number
  residentMegabytes: number
}

/** Linux tells times in hundredths of a second, whatever the machine (proc(5), USER_HZ). */
const ticksPerSecond = 100

/** What a process has used, from /proc; undefined where there is none, or no such process. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name of the program in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    if (!Number.isFinite(ticks)) return undefined
    return { cpuSeconds: ticks / ticksPerSecond, residentMegabytes: Number(resident ?? 0) / 1024 }
  } catch {
    return undefined
  }
}
