/** How many processes serve together. */
import type { Setting } from './setting.ts'

/** More processes than this are not started: each takes 100 to 200 MB, and connections, bodies and job processes are divided among them. */
const mostWorkers = 64

/** The setting, in the order of the README's table. */
export const workersSettings = [
  {
    variable: 'WORKERS',
    kind: 'workers',
    description: `How many processes \`serve\` answers with, 1 to ${mostWorkers}: one for each core that it is to use (docs/operator.md). They share the port, the store and DATA_DIR; limits are those of all together. Without it one process serves, and nothing is shared. \`serve --workers N\` says the same.`,
    fallbackText: 'none: one process',
  },
] as const satisfies readonly Setting[]

/** What is wrong with a number of workers; undefined when nothing is. */
export function workersProblem(text: string): string | undefined {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= mostWorkers) return undefined
  const wanted = `a whole number from 1 to ${mostWorkers} is wanted`
  return /^[1-9]\d*$/.test(text)
    ? `${wanted}: each worker takes 100 to 200 MB, and more than there are cores make nothing faster; more machines share a store (docs/operator.md)`
    : wanted
}

/** The number of workers; undefined: one process serves, and nothing is shared. */
export function readWorkers(texts: ReadonlyMap<string, string>): number | undefined {
  const text = texts.get('WORKERS')
  return text === undefined ? undefined : Number(text)
}
