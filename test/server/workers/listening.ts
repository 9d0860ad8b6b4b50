/** A worker that asks for the ports, and ends when it is told to. */
import { takePlace } from '../../../src/server/workers/worker.ts'

const { together, on } = await takePlace()
on({ drain: () => {}, reload: () => {}, end: () => process.exit(0), cannotLead: () => process.exit(1) })
await together.source?.begin(() => {}).catch(() => undefined)
