import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { knownParticipants } from '../../server/participants.ts'
import { openLoadedServer } from '../loaded-server.ts'

/** `vidimus trust participants`: who stands on the lists, and which of them WHO's value sets have. */
export function addParticipants(trust: Command): void {
  trust
    .command('participants')
    .description(
      'participants of the trust lists, one JSON object a line: keys, domains, lists, and which of WHO’s value sets have them (`inValueSet`: any)',
    )
    .option('--unknown', 'only those that no value set has')
    .action(async ({ unknown }: { unknown?: boolean }) => {
      const server = await openLoadedServer(readConfig())
      try {
        for (const each of await knownParticipants(server))
          if (!unknown || !each.inValueSet) console.log(JSON.stringify(each))
      } finally {
        await server.close()
      }
    })
}
