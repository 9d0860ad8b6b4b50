import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { publicAddress, readConfig } from '../../config.ts'
import { GatewayError } from '../../gateway/gateway-error.ts'
import type { OpenGateway } from '../../gateway/open-gateway.ts'
import type { Action, Wanted } from '../../gateway/register/decide.ts'
import { endpointKey } from '../../gateway/register/endpoint-key.ts'
import { registerOnce } from '../../gateway/register/job.ts'
import { forgetSingles, keepSingle, type SingleReference, setWithdrawn } from '../../gateway/register/records.ts'
import { planRegistration } from '../../gateway/register/run.ts'
import { wantedReferences } from '../../gateway/register/wanted.ts'
import type { GatewayStatus, ReferenceStatus } from '../../gateway/status.ts'
import { NetworkError } from '../../network/network-error.ts'
import { signingWarnings } from '../../server/gateway.ts'
import type { VidimusServer } from '../../server.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { openLoadedServer } from '../loaded-server.ts'
import { table } from '../table.ts'

interface Options {
  dryRun?: boolean
  status?: boolean
  withdraw?: boolean
  gateway?: string
  url?: string
  service?: string
  name?: string
  domain?: string
  signature?: string
  json?: boolean
}

/** `vidimus register`: sees to it now that the gateways list what this server publishes, tells how it stands, or withdraws it. */
export function addRegister(program: Command, result: CommandResult): void {
  program
    .command('register')
    .description(
      'registers what this server publishes at its gateways (docs/gateway.md), as the running server does by itself every 15 minutes; exit status 1 when something is not registered',
    )
    .option('--dry-run', "read the gateways' lists and print what would be done")
    .option('--status', 'print how it stands, as the last run left it; asks no gateway')
    .option('--withdraw', 'withdraw everything until `vidimus register` is run again, or with --url this alone')
    .option('--gateway <id>', 'at this gateway alone')
    .option('--url <address>', 'one artefact or package more, at this https address (100 characters at most)')
    .option('--service <name>', 'its service, e.g. ValueSet; needed with --url')
    .option('--name <name>', 'its name; the last part of the address by default')
    .option('--domain <code>', 'its trust domain', 'DDCC')
    .option('--signature <type>', 'how it is signed: JWS, CMS or NONE; by its content type by default')
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      const { dryRun, status, withdraw, url, service, signature } = options
      if ([status, dryRun].filter(Boolean).length + (status && withdraw ? 1 : 0) > 1)
        command.error('error: --status goes with nothing else')
      if (service !== undefined && url === undefined) command.error('error: --service goes with --url')
      if (url !== undefined && !withdraw && service === undefined) command.error('error: --url needs --service')
      if (signature !== undefined && !['JWS', 'CMS', 'NONE'].includes(signature))
        command.error('error: --signature is JWS, CMS or NONE')
      if (!(await register(options, command))) result.exitCode = exitCodes.negative
    })
}

/** Answers whether everything is as it should be. */
async function register(options: Options, command: Command): Promise<boolean> {
  const server = await openLoadedServer(readConfig())
  try {
    const gateways = chosen(server, options, command)
    if (options.status) return printStatus(await server.registration.status(), options)
    if (!server.config.network) command.error('error: NETWORK=off: no gateway can be asked')
    const single = options.url !== undefined && !options.withdraw ? await fetched(server, options) : undefined
    if (options.dryRun) return await printPlans(server, gateways, options, single)
    if (!(await keep(server, options, single))) {
      console.error('there is no such reference that was registered by itself')
      return false
    }
    const isWhole = await run(server, gateways, options)
    if (!options.withdraw) for (const warning of signingWarnings(server.config, gateways)) console.error(warning)
    return isWhole
  } finally {
    await server.close()
  }
}

/** The gateways that are meant, at which this server may register. */
function chosen(server: VidimusServer, { gateway, status }: Options, command: Command): OpenGateway[] {
  const { gateways } = server.registration
  if (gateways.length === 0) command.error('error: no gateway is configured (GATEWAY_URL, GATEWAYS)')
  const found = gateways.filter(({ settings: { id } }) => gateway === undefined || id === gateway)
  if (found.length === 0)
    command.error(
      `error: there is no gateway ${gateway}; there are ${gateways.map(({ client }) => client.id).join(', ')}`,
    )
  const able = found.filter(({ upload }) => upload !== undefined)
  if (able.length === 0 && !status) command.error('error: there is no upload certificate (GATEWAY_UPLOAD_CERTIFICATE)')
  return able
}

/** Keeps what is wanted from now on. */
async function keep({ storage: { records } }: VidimusServer, options: Options, single: SingleReference | undefined) {
  const { withdraw, url } = options
  if (single) await keepSingle(records, single)
  else if (withdraw && url !== undefined) return (await forgetSingles(records, url)) > 0
  else await setWithdrawn(records, withdraw === true)
  return true
}

/** What stands at an address: its hash, its type and the TLS key of its host. */
async function fetched(server: VidimusServer, options: Options): Promise<SingleReference> {
  const { url = '', service = '', domain = 'DDCC' } = options
  const { status, body, headers, peer } = await server.registration.look(url).catch((error: unknown) => {
    throw error instanceof NetworkError ? told(`${url}: ${error.message}`) : error
  })
  if (status !== 200 || !peer) throw told(`${url} answers ${status}: what is registered must be public`)
  const contentType = headers['content-type'] ?? 'application/octet-stream'
  const key = endpointKey(peer)
  if (key.warning) console.error(key.warning)
  return {
    url,
    service,
    domain,
    name: options.name ?? (new URL(url).pathname.split('/').at(-1) || service),
    thumbprint: sha256Hex(body),
    contentType,
    signatureType: signatureOf(options.signature, contentType),
    sslPublicKey: key.text,
  }
}

function signatureOf(wanted: string | undefined, contentType: string): SingleReference['signatureType'] {
  if (wanted === 'JWS' || wanted === 'CMS' || wanted === 'NONE') return wanted
  if (/^application\/jose\b/.test(contentType)) return 'JWS'
  return /^application\/(?:cms|pkcs7-mime)\b/.test(contentType) ? 'CMS' : 'NONE'
}

async function wantedAt(
  { registration }: VidimusServer,
  country: string,
  { withdraw, url }: Options,
  single?: SingleReference,
): Promise<Wanted[]> {
  if (withdraw && url === undefined) return []
  const wanted = await registration.wanted(country)
  if (wanted === undefined) throw told('content is still being loaded: what is published cannot be told yet')
  const left = withdraw ? wanted.filter(({ content }) => content.url !== url) : wanted
  const own = single ? wantedReferences(country, { manifests: [], singles: [single], sslPublicKey: '' }) : []
  return [...left.filter(({ key }) => !own.some((each) => each.key === key)), ...own]
}

async function printPlans(
  server: VidimusServer,
  gateways: readonly OpenGateway[],
  options: Options,
  single: SingleReference | undefined,
): Promise<boolean> {
  let isGood = true
  for (const { client } of gateways) {
    const wanted = await wantedAt(server, client.country, options, single)
    const plan = { client, records: server.storage.records, base: baseOf(server), wanted }
    try {
      const { actions } = await planRegistration({
        ...plan,
        now: server.now,
        isHeld: async () => false,
        sendsRefused: true,
      })
      console.log(options.json ? JSON.stringify({ gateway: client.id, actions }) : printedActions(client.id, actions))
    } catch (error) {
      isGood = tellError(client.id, error)
    }
  }
  return isGood
}

async function run(server: VidimusServer, gateways: readonly OpenGateway[], options: Options): Promise<boolean> {
  const { storage, now, registration } = server
  let isGood = true
  for (const { client } of gateways) {
    const wanted = await wantedAt(server, client.country, options)
    const elapsed = () => performance.now()
    const how = { records: storage.records, base: () => baseOf(server), now, elapsed, holder: randomUUID() }
    const outcome = await registerOnce(how, client, wanted)
    for (const { action, error } of outcome.actions)
      console.error(`${client.id}: ${textOf(action)}${error === undefined ? '' : `: ${error}`}`)
    if (outcome.error !== undefined) console.error(`${client.id}: ${outcome.error}`)
    if (!outcome.isDone) isGood = false
  }
  const ids = gateways.map(({ client }) => client.id)
  const status = await registration.status()
  return (
    printStatus(
      status.filter(({ id }) => ids.includes(id)),
      options,
    ) && isGood
  )
}

const baseOf = ({ config }: VidimusServer) => publicAddress(config)
const told = (text: string) => Object.assign(new Error(text), { code: 'REGISTER' })

function tellError(id: string, error: unknown): false {
  if (!(error instanceof GatewayError)) throw error
  console.error(`${id}: ${error.message}`)
  return false
}

const textOf = (action: Action): string =>
  action.kind === 'delete'
    ? `delete ${action.uuid} (${action.reason})`
    : `${action.kind} ${action.content.service} ${action.content.domain} ${action.content.url} (${action.reason})`

function printedActions(id: string, actions: readonly Action[]): string {
  if (actions.length === 0) return `${id}: nothing is to be done`
  return actions.map((action) => `${id}: ${textOf(action)}`).join('\n')
}

/** Answers whether everything is registered. */
function printStatus(status: readonly GatewayStatus[], { json }: Options): boolean {
  if (json) console.log(JSON.stringify(status, null, 2))
  else
    for (const each of status) {
      const { id, country, state, lastContact, lastError, references, warnings } = each
      console.log(
        [`${id} (${country}): ${state}`, lastContact && `last answer ${lastContact}`, lastError]
          .filter(Boolean)
          .join(', '),
      )
      for (const warning of warnings) console.log(warning)
      const rows = references.map((row) => [
        row.service,
        row.domain,
        row.state,
        row.uuid ?? '',
        row.url,
        row.lastError ?? '',
      ])
      if (rows.length > 0) console.log(table([['SERVICE', 'DOMAIN', 'STATE', 'UUID', 'ADDRESS', 'REMARK'], ...rows]))
    }
  return status.every(({ state, references }) => state === 'ok' && references.every(isIn))
}

/** An entry that was overwritten counts when it stands anew. */
const isIn = ({ state, uuid }: ReferenceStatus) =>
  state === 'registered' || (state === 'conflict' && uuid !== undefined)
