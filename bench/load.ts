import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type HostileRequest, hostileRequests } from '../test/support/hostile-requests.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

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
export async function bench(): Promise<Figure[]> {
  const program = fileURLToPath(new URL('support/load-server.ts', import.meta.url))
  const server = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  try {
    const { url } = await answerOf<{ url: string }>(server)
    await send(url, { path: 'ValueSet/$expand?url=http://example.org/hostile/vs&count=1&filter=concept' })
    const figures: Figure[] = []
    for (const hostile of hostileRequests) {
      server.send({ begin: true })
      await answerOf(server)
      const status = await send(url, hostile)
      server.send({ figures: true })
      const { cpu, held, megabytes } = await answerOf<Used>(server)
      figures.push({
        name: `${hostile.operation}: ${hostile.name} (${status}; ${hostile.bound})`,
        value: `${cpu.toFixed(0)} ms, ${held.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
        target: '1000 ms CPU, 50 ms at a time, 64 MB',
      })
    }
    return figures
  } finally {
    server.send({ end: true })
  }
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
