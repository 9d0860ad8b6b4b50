import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { readClock } from '../evaluate/request.ts'
import { configuredGatewayStatus } from '../server/gateway.ts'
import { loadConfiguredTrust } from '../server/trust.ts'
import { type KeyFilter, listKeys, verifyTrustListFiles } from '../trust/explain.ts'
import { createListProcess } from '../trust/lists/list-process.ts'
import { fileReaders, loadTrustLists, type Trust, type TrustListStatus } from '../trust/trust.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { addExplain } from './network/trust-explain.ts'
import { addHistory } from './network/trust-history.ts'
import { addParticipants } from './network/trust-participants.ts'
import { printedLists } from './network/trust-printed.ts'
import { addRefresh } from './network/trust-refresh.ts'

/** `vidimus trust …`: the configured trust lists and offline verification of lists. */
export function addTrust(program: Command, result: CommandResult): void {
  const trust = program.command('trust').description('trust lists: whose keys count').exitOverride()
  trust
    .command('list')
    .description('the configured trust lists; exit status 1 when one cannot be used')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const lists = (await loadConfiguredTrust(readConfig())).status()
      console.log(options.json ? JSON.stringify(lists, null, 2) : printedLists(lists, false))
      if (lists.some((list) => !list.usable)) result.exitCode = exitCodes.negative
    })
  trust
    .command('status')
    .description(
      'every source as JSON: state, keys, ages, the last error, every warning and entry that was left out; and every gateway',
    )
    .option('--json', 'print JSON (the default)')
    .option('--text', 'print a table')
    .action(async ({ text }: { text?: boolean }) => {
      const config = readConfig()
      const lists = (await loadConfiguredTrust(config)).status()
      const status = { sources: lists.map(statusLine), gateways: await configuredGatewayStatus(config) }
      console.log(text ? printedLists(lists, true) : JSON.stringify(status, null, 2))
      if (lists.some((list) => !list.usable)) result.exitCode = exitCodes.negative
    })
  addRefresh(trust, result)
  addExplain(trust, result)
  addHistory(trust, result)
  addKeysOfLists(trust)
  addParticipants(trust)
  addVerify(trust, result)
}

/** One source of `vidimus trust status`. */
function statusLine({ readAt, failure, name, kind, state, keys, created, ...more }: TrustListStatus) {
  return {
    name,
    kind,
    state,
    keys,
    ...(created === undefined ? {} : { created }),
    ...(readAt === undefined ? {} : { fetchedAt: readAt }),
    ...(failure === undefined ? {} : { lastError: failure }),
    ...more,
  }
}

function addKeysOfLists(trust: Command): void {
  trust
    .command('keys')
    .description('trusted keys, one JSON object a line')
    .option('--kid <kid>', 'key id')
    .option('--participant <code>', 'participant, any spelling')
    .option('--domain <code>', 'GDHCN domain')
    .option('--usage <code>', 'SCA, DSC, DECA, …')
    .option('--list <file>', 'a did:web list instead of the configured ones; needs --key')
    .option('--key <file>', 'pinned signing key of that list: DID document or JWK')
    .action(async ({ list, key, ...filter }: KeyFilter & { list?: string; key?: string }) => {
      if ((list === undefined) !== (key === undefined)) trust.error('--list and --key go together')
      const source = list && key ? { name: list, kind: 'did-v2' as const, location: list, key: [key] } : undefined
      const loaded = source ? await loadOneList(source) : await loadConfiguredTrust(readConfig())
      for (const line of listKeys(loaded.keys(), filter, new Date())) console.log(JSON.stringify(line))
    })
}

async function loadOneList(source: Parameters<typeof loadTrustLists>[0][0]): Promise<Trust> {
  const loaded = await loadTrustLists([source], { now: () => new Date() })
  const failure = loaded.status()[0]?.failure
  if (failure) throw Object.assign(new Error(`${source.location}: ${failure}`), { code: 'TRUST_LIST' })
  return loaded
}

function addVerify(trust: Command, result: CommandResult): void {
  trust
    .command('verify')
    .description('verifies did:web trust lists offline; one JSON object a file; exit status 1 when one is not valid')
    .argument('<file...>', 'trust list documents')
    .requiredOption('--key <file>', 'pinned signing key: DID document or JWK')
    .option('--at <dateTime>', 'the clock, instead of now')
    .action(async (files: string[], options: { key: string; at?: string }) => {
      const at = options.at === undefined ? new Date() : readClock(options.at)
      // In a process of its own, as the server does it: a file may be made to take all memory.
      const lists = createListProcess()
      const verify = { key: options.key, at, readers: fileReaders, check: lists.check }
      const reports = await verifyTrustListFiles(files, verify).finally(() => lists.close())
      for (const report of reports) console.log(JSON.stringify(report))
      if (reports.some((report) => !report.valid)) result.exitCode = exitCodes.negative
    })
}
