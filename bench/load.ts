import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type HostileRequest, hostileRequests } from '../test/support/hostile-requests.ts'
import { json } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, type Cost, costOfWork, type Effort, plainFigure, timeFigure } from './support/harness/measure.ts'

interface Used {
  /** Milliseconds of the server's process; job processes have their own. */
  cpu: number
  held: number
  megabytes: number
}

/**
 * The worst requests known of each operation: status, CPU of the server's process, the longest it went on without letting others have a
 * turn, and what it took of memory. The test of the same requests bounds them without looking at time.
 */
export async function bench(effort: Effort): Promise<Measured[]> {
  const program = fileURLToPath(new URL('support/load-server.ts', import.meta.url))
  const server = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  try {
    const { url } = await answerOf<{ url: string }>(server)
    await send(url, { path: 'ValueSet/$expand?url=http://example.org/hostile/vs&count=1&filter=concept' })
    const bare = await costOfWork(json.make(), effort)
    const figures: Measured[] = []
    for (const hostile of effort.isQuick ? hostileRequests.filter((_, at) => at % 5 === 0) : hostileRequests) {
      server.send({ begin: true })
      await answerOf(server)
      const status = await send(url, hostile)
      server.send({ figures: true })
      const used = await answerOf<Used>(server)
      figures.push(...figuresOf(`${hostile.operation}: ${hostile.name}`, used, bare, `${status}; ${hostile.bound}`))
    }
    return figures
  } finally {
    server.send({ end: true })
  }
}

/** One request each: what the collection of garbage happens to take differs from run to run. */
function figuresOf(name: string, { cpu, held, megabytes }: Used, bare: Cost, detail: string): Measured[] {
  return [
    timeFigure(`${name}: CPU`, beside(bare, cpu), 'ms', { target: { value: 1000 }, tolerance: 1, grain: 50, detail }),
    timeFigure(`${name}: held`, beside(bare, held), 'ms', { target: { value: 50 }, tolerance: 2, grain: 20 }),
    plainFigure(`${name}: memory`, Math.max(0, megabytes), 'MB', { target: { value: 64 }, tolerance: 2, grain: 20 }),
  ]
}

async function send(url: string, { path, body, contentType }: Pick<HostileRequest, 'path' | 'body' | 'contentType'>) {
  const response = await fetch(path.startsWith('/') ? `${url}${path}` : `${url}/fhir/${path}`, {
    ...(body ? { method: 'POST', body: body() } : {}),
    headers: body ? { 'Content-Type': contentType ?? 'application/fhir+json' } : {},
  })
  await response.arrayBuffer()
  return response.status
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = (code: number | null) => reject(new Error(`the server of the benchmark ended with ${code}`))
    child.once('exit', failed)
    child.once('message', (answer) => {
      child.off('exit', failed)
      resolve(answer as T)
    })
  })
}
