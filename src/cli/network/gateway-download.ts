import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { publicAddress, readConfig } from '../../config.ts'
import { downloadLegacy } from '../../server/legacy-download.ts'
import type { CommandResult } from '../exit-codes.ts'
import { exitCodes } from '../exit-codes.ts'
import { type AtGateway, type GatewayOptions, gatewayCommand, unfit } from './gateway-command.ts'

interface DownloadOptions extends GatewayOptions {
  into: string
  country: string[]
  valueSets?: boolean
  canonical?: string
}

const collect = (value: string, before: string[]) => [...before, value.toUpperCase()]

/** `vidimus gateway download`: rules and value sets of the DCC era, as files for `vidimus import`. */
export function addDownloadCommand(gateway: Command, at: AtGateway, result: CommandResult): void {
  gatewayCommand(
    gateway,
    'download',
    'writes EU rules and value sets of the gateway into a folder for `vidimus import`; a rule that is not signed by an upload certificate of its country is left out; exit status 1 when something was',
  )
    .requiredOption('--into <folder>', 'where the files are written')
    .option('--country <code>', 'whose rules, alpha-2 (repeatable)', collect, [])
    .option('--value-sets', 'also the value sets, which nobody has signed')
    .option('--canonical <url>', 'base of the urls of the rules (default: <BASE_URL>/fhir)')
    .action((options: DownloadOptions) =>
      at(options, async (open, now) => {
        const { country: countries, valueSets = false, into } = options
        const strange = countries.filter((each) => !/^[A-Z]{2}$/.test(each))
        if (strange.length > 0) throw unfit(strange.map((each) => `--country ${each}: two letters are wanted`))
        if (countries.length === 0 && !valueSets) throw unfit(['name a --country, or ask for --value-sets'])
        const config = readConfig()
        const canonical = options.canonical ?? `${publicAddress(config)}/fhir`
        const { files, leftOut } = await downloadLegacy({ config, gateway: open, countries, valueSets, canonical, now })
        mkdirSync(into, { recursive: true })
        for (const { name, text } of files) writeFileSync(join(into, name), text)
        console.log(`${files.length} files written to ${into}`)
        for (const { name, reason } of leftOut) console.error(`${name}: left out, ${reason}`)
        if (leftOut.length > 0) result.exitCode = exitCodes.negative
      }),
    )
}
