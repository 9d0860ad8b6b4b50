import type { Command } from 'commander'
import { ruleProblems } from '../../gateway/upload/rule.ts'
import { listTable } from '../table.ts'
import { type AtGateway, type GatewayOptions, gatewayCommand, readObject, unfit } from './gateway-command.ts'

interface ListOptions extends GatewayOptions {
  country?: string
  json?: boolean
}

/** `vidimus gateway rule add|list|remove`. */
export function addRuleCommands(gateway: Command, at: AtGateway): void {
  const rule = gateway
    .command('rule')
    .description('EU validation rules (CertLogic) of this participant; a gateway may have these routes switched off')
    .exitOverride()
  gatewayCommand(rule, 'add', 'uploads a version of a rule')
    .argument('<file>', 'the rule as JSON')
    .option('--dry-run', 'print what would be sent')
    .action((file: string, options: GatewayOptions) =>
      at(options, async ({ client }) => {
        const json = readObject(file)
        const problems = ruleProblems(json, client.country)
        if (problems.length > 0) throw unfit(problems.map((each) => `${file}: ${each}`))
        if (options.dryRun) console.log(JSON.stringify(json, null, 2))
        await client.postRule(json)
        if (!options.dryRun) console.log(`${json.Identifier} ${json.Version}: uploaded`)
      }),
    )
  gatewayCommand(rule, 'list', "prints this participant's rules at the gateway")
    .option('--country <code>', 'of another participant')
    .option('--json', 'print JSON, the signed messages included')
    .action((options: ListOptions) =>
      at(options, async ({ client }) => {
        const rules = await client.rules(options.country ?? client.country)
        if (options.json) return console.log(JSON.stringify(Object.fromEntries(rules), null, 2))
        const rows = [...rules].flatMap(([identifier, versions]) =>
          versions.map(({ version, validFrom, validTo }) => [identifier, version, validFrom, validTo]),
        )
        console.log(listTable([['RULE', 'VERSION', 'FROM', 'TO'], ...rows]))
      }),
    )
  gatewayCommand(rule, 'remove', 'takes all versions of a rule back')
    .argument('<identifier>', 'e.g. VR-XA-0001')
    .option('--dry-run', 'print what would be sent')
    .action((identifier: string, options: GatewayOptions) =>
      at(options, async ({ client }) => {
        await client.deleteRule(identifier)
        if (!options.dryRun) console.log(`${identifier}: removed`)
      }),
    )
}
