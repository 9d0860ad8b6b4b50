/**
 * A server in a process of its own that tells what it used: CPU time of the process, the longest time that its thread went on without a
 * turn of the event loop (in its own CPU time, so that a busy machine does not count), and the peak of its memory.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { loadBaseContent } from '../../src/publish/base-content/load.ts'
import { threadMilliseconds } from '../../src/workers/budget.ts'
import { hostileArtefacts } from '../../test/support/hostile-requests.ts'

type Message = { begin: true } | { figures: true } | { end: true }

const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-load-'))
const server = await openLoadedServer(readConfig({ DATA_DIR: dataDir, PORT: '0', ACCESS_LOG: 'off' }))
await loadBaseContent(server.storage)
for (const resource of hostileArtefacts())
  await server.storage.write([{ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource }])

let held = 0
let last = threadMilliseconds()
setInterval(() => {
  const now = threadMilliseconds()
  held = Math.max(held, now - last)
  last = now
}, 1)

/** Megabytes, by a name of /proc; 0 where there is none. */
function memory(name: string): number {
  try {
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
  } catch {
    return 0
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
let before = { cpu: 0, memory: 0 }

process.on('message', async (message: Message) => {
  await settle()
  if ('begin' in message) {
    try {
      writeFileSync('/proc/self/clear_refs', '5')
    } catch {
      // Without /proc the peak is that of the whole run.
    }
    held = 0
    before = { cpu: cpu(), memory: memory('VmRSS') }
    process.send?.({})
  } else if ('figures' in message) {
    process.send?.({ cpu: cpu() - before.cpu, held, megabytes: memory('VmHWM') - before.memory })
  } else {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
    process.exit(0)
  }
})
process.send?.({ url: await server.listen() })
