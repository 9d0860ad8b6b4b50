import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { readConfig } from '../../config.ts'
import type { Mirror, MirrorStatus } from '../../server/mirror.ts'
import type { VidimusServer } from '../../server.ts'
import { LEASE_MILLISECONDS } from '../../storage/lease.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { openLoadedServer } from '../loaded-server.ts'

/** `vidimus mirror …`: what is mirrored of other participants' references, and the look at the lists now. */
export function addMirror(program: Command, result: CommandResult): void {
  const mirror = program
    .command('mirror')
    .description(
      "other participants' trusted references that are mirrored here (setting MIRROR, docs/mirror.md), as JSON; exit status 1 when one that is wanted is not mirrored",
    )
    .exitOverride()
  mirror
    .command('status')
    .description('how each reference stands, as the last look left it; asks nobody')
    .action(async () => {
      await withMirror(result, (server) => server.mirror.status())
    })
  mirror
    .command('refresh')
    .description(
      'looks at the lists of the gateways now, as the running server does by itself, and prints how each reference stands',
    )
    .addOption(new Option('--due', 'leaves out what failed a while ago').hideHelp())
    .addOption(new Option('--by-server', 'a server runs it beside itself: nothing is printed').hideHelp())
    .action(async ({ due = false, byServer = false }: { due?: boolean; byServer?: boolean }, command: Command) => {
      const { mirror: wanted, network } = readConfig()
      if (!wanted) command.error('error: nothing is to be mirrored (MIRROR)')
      if (!network) command.error('error: this server does not use the network (NETWORK=off)')
      if (byServer) return refreshByServer(!due)
      await withMirror(result, async ({ mirror: own, trust }) => {
        // Who may sign is what the lists say now.
        await trust.reload()
        if (!(await refreshed(own))) command.error('error: another process is looking at the lists')
        return own.status()
      })
    })
}

/** What a server has done beside itself: the keys are those that it keeps copies of, and who looks already is left alone. */
async function refreshByServer(isForced: boolean): Promise<void> {
  // Whoever listens to it would be kept from ending by it.
  process.once('disconnect', () => process.exit(exitCodes.done))
  process.channel?.unref()
  const server = await openLoadedServer(readConfig())
  try {
    await server.mirror.refresh(isForced)
  } finally {
    await server.close()
  }
}

/** A process that ended without a word holds its lease for a while. */
async function refreshed(mirror: Mirror): Promise<boolean> {
  for (let waited = 0; waited <= LEASE_MILLISECONDS + 5_000; waited += 1_000) {
    if (await mirror.refresh(true)) return true
    await sleep(1_000)
  }
  return false
}

/** Without what only the next look needs. */
const printed = ({ lists, references }: MirrorStatus) => ({
  lists,
  references: references.map(({ tried: _tried, signers: _signers, ...told }) => told),
})

async function withMirror(result: CommandResult, work: (server: VidimusServer) => Promise<MirrorStatus>) {
  const server = await openLoadedServer(readConfig())
  try {
    const status = await work(server)
    console.log(JSON.stringify(printed(status), null, 2))
    const isWhole = status.references.every(({ state }) => ['mirrored', 'gone', 'retired'].includes(state))
    if (!isWhole || status.lists.some(({ error }) => error !== undefined)) result.exitCode = exitCodes.negative
  } finally {
    await server.close()
  }
}
