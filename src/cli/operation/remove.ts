import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { createServer } from '../../server.ts'

/** Longest reason that is kept, in characters. */
const longestReason = 500

/** `vidimus storage remove`: takes back what was published, for good. */
export function addRemove(storage: Command): void {
  storage
    .command('remove')
    .description(
      'removes published content that is no longer in force from below /fhir/r/, with its signed message, because law demands it: its address answers 410 from then on, with the reason, and an AuditEvent tells it. It does not come back',
    )
    // One id in 64 begins with a hyphen, and none is an option.
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .argument('<content>', 'its address, or the last part of it')
    .requiredOption('--reason <text>', 'why; everybody reads it')
    .action(async (content: string, { reason }: { reason: string }, command: Command) => {
      const [, id] = /^(?:.*\/)?([A-Za-z0-9_-]{22})(?:\.jws)?$/.exec(content) ?? []
      if (id === undefined) command.error('error: content is named by the 22 characters behind /fhir/r/')
      if (reason.trim() === '' || reason.length > longestReason)
        command.error(`error: --reason has between 1 and ${longestReason} characters`)
      const server = await createServer(readConfig())
      try {
        await server.provenance().remove(id, reason)
        console.log(`${id} is removed; ${server.config.baseUrl ?? ''}/fhir/r/${id} answers 410.`)
      } finally {
        await server.close()
      }
    })
}
