/** A worker that cannot begin what the lead does; it ends with 7 when it is told so. */
import { takePlace } from '../../../src/server/workers/worker.ts'

const { together, on, ready } = await takePlace()
await together.lead({
  begin: () => Promise.reject(new Error('the disk is full')),
  end: async () => {},
})
on({
  drain: () => {},
  reload: () => {},
  end: () => process.exit(0),
  cannotLead: (error) => process.exit(error instanceof Error && error.message === 'the disk is full' ? 7 : 8),
})
ready()
