/** What the commands of a gateway have in common. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { parseJson } from '../../fhir/json.ts'
import type { OpenGateway } from '../../gateway/open-gateway.ts'

/** What every command of a gateway takes. */
export interface GatewayOptions {
  gateway?: string
  dryRun?: boolean
}

/** Does something at the gateway that is meant; with `--dry-run` what would be sent is printed in its place. */
export type AtGateway = (
  options: GatewayOptions,
  work: (gateway: OpenGateway, now: Date) => Promise<void>,
) => Promise<void>

/** A command of a gateway with the options that all have. */
export const gatewayCommand = (parent: Command, name: string, description: string): Command =>
  parent
    .command(name)
    .description(description)
    .exitOverride()
    .option('--gateway <id>', 'which gateway, when several are configured')

/** What a person gave is not fit to be sent: told one line each. */
export const unfit = (problems: readonly string[]): Error =>
  Object.assign(new Error(problems.join('\n')), { code: 'UNFIT' })

/** A JSON object of a file. @throws Error that names the file */
export function readObject(file: string): JsonObject {
  let json: unknown
  try {
    json = parseJson(readFileSync(file))
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error
    throw unfit([`${file} is not JSON`]) // the parser's message may quote it
  }
  if (!isJsonObject(json)) throw unfit([`${file} must be a JSON object`])
  return json
}
