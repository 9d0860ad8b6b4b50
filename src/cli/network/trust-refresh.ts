import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { createNetworkClient } from '../../network/network-client.ts'
import { gatewayDownloads, openGateways } from '../../server/gateway.ts'
import { configuredCopies, configuredSources, loadConfiguredTrust } from '../../server/trust.ts'
import { identityOf } from '../../trust/upkeep/copy-meta.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { printedLists } from './trust-printed.ts'

/** `vidimus trust refresh` and `vidimus trust accept`. A running server with the same DATA_DIR takes over what they write within seconds. */
export function addRefresh(trust: Command, result: CommandResult): void {
  trust
    .command('refresh')
    .description('reads trust lists now, remote ones over the network, and keeps them; exit status 1 when one failed')
    .argument('[name...]', 'names of sources; default all')
    .option('--json', 'print JSON')
    .action(async (names: string[], options: { json?: boolean }) => {
      const config = readConfig()
      const known = configuredSources(config).map(({ name }) => name)
      const unknown = names.filter((name) => !known.includes(name))
      if (unknown.length > 0) trust.error(`there is no trust list ${unknown.join(', ')}; there are ${known.join(', ')}`)
      const network = createNetworkClient({ isOn: config.network, hosts: config.networkHosts })
      const gateways = await openGateways(config, () => new Date())
      try {
        const gateway = gatewayDownloads(config, gateways)
        const loaded = await loadConfiguredTrust(config, { network, keepsCopies: true, gateway })
        const all = await loaded.reload(names.length > 0 ? names : undefined)
        const lists = names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all
        console.log(options.json ? JSON.stringify(lists, null, 2) : printedLists(lists, false))
        if (lists.some(({ failure, usable }) => failure !== undefined || !usable)) result.exitCode = exitCodes.negative
      } finally {
        for (const gateway of gateways) gateway.close()
        network.close()
      }
    })
  trust
    .command('accept')
    .description('accepts the newest list of a source although it lost most of its keys; exit status 1 when none waits')
    .argument('<name>', 'name of the source')
    .action(async (name: string) => {
      const config = readConfig()
      const source = configuredSources(config).find((each) => each.name === name)
      if (!source) trust.error(`there is no trust list ${name}`)
      const copies = configuredCopies(config)
      const waiting = source && (await copies.load(source, 'waiting'))
      if (!waiting || waiting.meta.documents.length === 0) {
        console.error(`no list of ${name} waits; \`vidimus trust refresh ${name}\` asks for the newest`)
        result.exitCode = exitCodes.negative
        return
      }
      await copies.accept(name, identityOf(waiting.meta.documents))
      const { created, keys } = waiting.meta
      console.log(
        `accepted: ${name}, ${keys} entries${created === undefined ? '' : `, made ${created}`}; a running server uses it within seconds`,
      )
    })
}
