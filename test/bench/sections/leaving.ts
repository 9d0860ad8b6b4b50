/** A section of tests that leaves a process behind; its figure is the number of that. */
import { spawn } from 'node:child_process'

export async function bench() {
  const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  left.unref()
  return [{ name: 'left behind', value: left.pid, unit: 'MB', better: 'lower', noise: 0 }]
}
