import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { GatewayError } from '../../gateway/gateway-error.ts'
import type { OpenGateway } from '../../gateway/open-gateway.ts'
import { openConfiguredGateway } from '../../server/gateway.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { addCertificateCommands } from './gateway-certificate.ts'
import { type AtGateway, type GatewayOptions, gatewayCommand } from './gateway-command.ts'
import { addDownloadCommand } from './gateway-download.ts'
import { addRevocationCommands } from './gateway-revocation.ts'
import { addRuleCommands } from './gateway-rule.ts'

/** `vidimus gateway …`: what a participant gives to a gateway and takes back, signed with its upload certificate. */
export function addGateway(program: Command, result: CommandResult): void {
  const gateway = program
    .command('gateway')
    .description(
      'certificates, revocations and rules of this participant at its Trust Network Gateway (docs/gateway.md); a gateway may have the routes of revocations and rules switched off, and says "not offered" then; exit status 1 when the gateway refuses, 2 when nothing was fit to be sent',
    )
    .exitOverride()
  const at: AtGateway = (options, work) => atGateway(gateway, result, options, work)
  gatewayCommand(
    gateway,
    'check',
    'asks whether the gateway answers, knows this server, and until when its certificates are valid',
  ).action((options: GatewayOptions) =>
    at(options, async ({ client, tls, upload, warnings }, now) => {
      // An ended certificate is why a gateway refuses: it is told before the refusal.
      for (const warning of warnings(now)) console.error(warning)
      const countries = await client.countries()
      console.log(`the gateway answers; ${countries.length} ${countries.length === 1 ? 'participant' : 'participants'}`)
      console.log(`client certificate valid to ${tls.validToDate.toISOString()}`)
      if (upload) console.log(`upload certificate valid to ${upload.validToDate.toISOString()}`)
    }),
  )
  addCertificateCommands(gateway, at)
  addRevocationCommands(gateway, at)
  addRuleCommands(gateway, at)
  addDownloadCommand(gateway, at, result)
}

async function atGateway(
  command: Command,
  result: CommandResult,
  options: GatewayOptions,
  work: (gateway: OpenGateway, now: Date) => Promise<void>,
): Promise<void> {
  const config = readConfig()
  const now = () => new Date()
  const ids = config.gateways.map(({ id }) => id)
  if (ids.length === 0) command.error('error: no gateway is configured (GATEWAY_URL, GATEWAYS)')
  if (options.gateway === undefined && ids.length > 1) command.error(`error: --gateway is one of ${ids.join(', ')}`)
  const settings = config.gateways.find(({ id }) => options.gateway === undefined || id === options.gateway)
  if (!settings) return command.error(`error: there is no gateway ${options.gateway}; there are ${ids.join(', ')}`)
  const opening = { isOn: config.network, hosts: config.networkHosts, now }
  const gateway = await openConfiguredGateway(
    settings,
    options.dryRun ? { ...opening, instead: shown(settings.url) } : opening,
  )
  try {
    await work(gateway, now())
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    console.error(error.message)
    result.exitCode = exitCodes.negative
  } finally {
    gateway.close()
  }
}

/** Prints what would change something in place of sending it, and answers as if it had been taken. */
function shown(url: string): NonNullable<Parameters<typeof openConfiguredGateway>[1]['instead']> {
  return ({ method, path, headers, body }) => {
    if (method === 'GET') return undefined
    const text = body && Buffer.from(body).toString()
    console.log(JSON.stringify({ method, url: url + path, contentType: headers['content-type'], body: text }, null, 2))
    return { status: method === 'DELETE' ? 204 : 201, headers: {}, body: Buffer.alloc(0) }
  }
}
