import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type Config, publicAddress, readConfig } from '../../config.ts'
import { createNetworkClient } from '../../network/network-client.ts'
import { gatewayDownloads, openGateways } from '../../server/gateway.ts'
import { configuredSources, loadConfiguredTrust } from '../../server/trust.ts'
import { createServer } from '../../server.ts'
import { urlOfDid } from '../../trust/did-web/did-url.ts'
import { didOfAddress, rootDid } from '../../trust/directory/documents.ts'
import type { DirectoryState } from '../../trust/directory/key-directory.ts'
import { evaluateSource, isWhole, type OnboardReport } from '../../trust/directory/onboard.ts'
import { parseTrustLists } from '../../trust/lists/trust-list-settings.ts'
import { isUrl, type TrustSource } from '../../trust/lists/trust-source.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { oneLine, table } from '../table.ts'

/** `vidimus directory …`: the signed directory of the keys that this server trusts (docs/directory.md). */
export function addDirectory(program: Command, result: CommandResult): void {
  const directory = program
    .command('directory')
    .description('the directory of trusted keys that this server keeps for other verifiers (docs/directory.md)')
    .exitOverride()
  for (const [name, description] of [
    ['status', 'makes the directory as the server would, and says what it holds and what not; nothing is changed'],
    ['make', 'makes the directory now and stores its seals, which running servers with the same store take over'],
  ] as const)
    directory
      .command(name)
      .description(`${description}; exit status 1 when it is withheld`)
      .option('--json', 'print JSON')
      .action(async ({ json }: { json?: boolean }) => {
        const state = await madeDirectory(readConfig(), name === 'make')
        console.log(json ? JSON.stringify(state, null, 2) : printedState(state))
        if (state.state !== 'made') result.exitCode = exitCodes.negative
      })
  addOnboard(directory, result)
}

interface OnboardOptions {
  name?: string
  kind?: string
  key?: string
  participant?: string
  domain?: string
  usage?: string
  json?: boolean
}

function addOnboard(directory: Command, result: CommandResult): void {
  directory
    .command('onboard')
    .description('evaluates a local directory before it is merged; exit status 1 when something of it would not count')
    .argument('<source>', 'a path, an https address, a did:web, a source of TRUST_LISTS as JSON, or the name of one')
    .option('--name <name>', 'name of the source')
    .option('--kind <kind>', 'kind of the source, where it cannot be told')
    .option('--key <file>', 'pinned key of the signer of a list: DID document, JWK or PEM')
    .option('--participant <code>', 'whose keys all are')
    .option('--domain <code>', 'domain of all keys')
    .option('--usage <code>', 'usage of all keys')
    .option('--json', 'print JSON')
    .action(async (given: string, options: OnboardOptions) => {
      const config = readConfig()
      const report = await onboard(sourceOf(given, options, config), config)
      console.log(options.json ? JSON.stringify(report, null, 2) : printedReport(report))
      if (!isWhole(report)) result.exitCode = exitCodes.negative
    })
}

async function madeDirectory(config: Config, isKept: boolean): Promise<DirectoryState> {
  const server = await createServer(config)
  try {
    return isKept ? await server.directory.make() : await server.directory.look()
  } finally {
    await server.close()
  }
}

/** The source that is meant, checked as the setting TRUST_LISTS is. Error says what is wrong with it. */
function sourceOf(given: string, { json: _, ...options }: OnboardOptions, config: Config): TrustSource {
  const configured = configuredSources(config).find(({ name }) => name === given)
  if (configured) return configured
  try {
    const [source] = parseTrustLists(JSON.stringify([{ ...entryOf(given, options), ...options }]), readText)
    if (source) return source
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    // The entry is made here, of the command line: its place in the setting would lead nowhere.
    throw wrongUse(text.replaceAll('TRUST_LISTS, source 1', given).replace(/signing key: key$/m, 'signing key: --key'))
  }
  throw wrongUse(`${given} names no source`)
}

const readText = (path: string): string => readFileSync(path, 'utf8')
const wrongUse = (text: string) => Object.assign(new Error(text), { code: 'TRUST_LIST' })

/** What can be told of a source by the text that names it. */
function entryOf(given: string, { kind, key }: OnboardOptions): object {
  if (/^\s*[[{]/.test(given)) {
    const [entry = {}] = [JSON.parse(given)].flat()
    return entry
  }
  const name = nameOf(given)
  const url = urlOfDid(given)
  if (given.startsWith('did:') && url === undefined) throw wrongUse(`${given} is no did:web`)
  if (url !== undefined) return { name, kind: 'did-v2', location: url, id: given }
  const isSet = /jwks(?:\.json)?$/.test(given)
  if (kind === undefined && key === undefined && !isUrl(given) && !isSet)
    return parseTrustLists(given, readText)[0] ?? {}
  return {
    name,
    kind: isSet ? 'jwks' : given.endsWith('.json') || key !== undefined ? 'did-v2' : 'certificates',
    location: given,
  }
}

/** The last part of a path or address that says something. */
function nameOf(given: string): string {
  const parts = given.split(/[/:\\]/).filter((part) => !['', 'did.json', 'jwks.json', '.well-known'].includes(part))
  return (parts.at(-1) ?? 'directory').replace(/(?:\.jwks)?\.json$/, '')
}

async function onboard(source: TrustSource, config: Config): Promise<OnboardReport> {
  const network = createNetworkClient({ isOn: config.network, hosts: config.networkHosts })
  const gateways = await openGateways(config, () => new Date())
  try {
    const gateway = gatewayDownloads(config, gateways)
    const rest = configuredSources(config).filter(({ name }) => name !== source.name)
    const [alone, others] = [
      await loadConfiguredTrust({ ...config, trustLists: [source] }, { network, gateway }),
      await loadConfiguredTrust({ ...config, trustLists: rest }),
    ]
    // What is remote was read from its copy, where there is one.
    await alone.reload()
    const [status] = alone.status()
    if (!status) throw wrongUse(`${source.name} was not read`)
    return await evaluateSource({
      source,
      index: alone.keys(),
      status,
      others: others.keys().find({}),
      did: rootDid(didOfAddress(publicAddress(config))),
      environment: config.keyDirectoryEnvironment,
      ownEnvironment: alone.sources()[0]?.content?.environment,
      now: new Date(),
    })
  } finally {
    for (const each of gateways) each.close()
    network.close()
  }
}

function printedState({ did, state, reason, created, documents, keys, usages, notPublished }: DirectoryState): string {
  const figures = Object.entries(usages).map(([usage, count]) => `${count} ${usage}`)
  return [
    `${did}: ${state}${reason === undefined ? '' : `: ${oneLine(reason)}`}`,
    ...(created === undefined ? [] : [`made ${created}, ${documents} documents, ${keys} keys: ${figures.join(', ')}`]),
    ...(notPublished.length > 0 ? ['', 'NOT PUBLISHED', ...notPublished.map(lineOf)] : []),
  ].join('\n')
}

const lineOf = ({ entry, reason }: { entry: string; reason: string }): string => oneLine(`${entry}: ${reason}`)

function printedReport(report: OnboardReport): string {
  const { name, kind, location, usable, failure, created, keys, published, periods, rawKeys, keyIds } = report
  const counts = (figures: Record<string, number>) =>
    oneLine(
      Object.entries(figures)
        .map(([each, count]) => `${each} ${count}`)
        .join(', '),
    )
  const rows = [
    ['source', oneLine(`${name}, ${kind}, ${location}`)],
    ['format', usable ? `good${created === undefined ? '' : `, made ${created}`}` : 'not usable'],
    ['failure', oneLine(failure ?? '')],
    ['keys', `${keys}, of which ${published} would be published`],
    ['participants', counts(report.participants)],
    ['domains', counts(report.domains)],
    ['usages', counts(report.usages)],
    ['algorithms', counts(report.algorithms)],
    [
      'periods',
      `${periods.expired} expired, ${periods.notYetValid} not yet valid, ${periods.endSoon} end within 30 days`,
    ],
    ['raw keys', `${rawKeys.bare} without certificate, ${rawKeys.wrapped} in a certificate of their own`],
    ['key ids', `${keyIds.derived} derived from the certificate, ${keyIds.other} others`],
  ].filter(([, text]) => text !== '')
  const sections = [
    ['REFUSED', report.refused.map(lineOf)],
    ['DUPLICATES', report.duplicates.map(oneLine)],
    ['WARNINGS', report.warnings.map(oneLine)],
    ['ENTRY FOR TRUST_LISTS', usable ? [JSON.stringify(report.entry)] : []],
  ] as const
  const shown = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n${title}\n${lines.join('\n')}`)
  return [table([['', ''], ...rows]).trimStart(), ...shown].join('\n')
}
