import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { readClock } from '../evaluate/request.ts'
import { loadConfiguredTrust } from '../server.ts'
import { type KeyFilter, listKeys, verifyTrustListFiles } from '../trust/explain.ts'
import { createListProcess } from '../trust/lists/list-process.ts'
import { fileReaders, leftOutText, loadTrustLists, type Trust, type TrustListStatus } from '../trust/trust.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { table } from './table.ts'

/** `vidimus trust …`: the configured trust lists and offline verification of lists. */
export function addTrust(program: Command, result: CommandResult): void {
  const trust = program.command('trust').description('trust lists: whose keys count').exitOverride()
  for (const name of ['list', 'status']) {
    trust
      .command(name)
      .description(
        name === 'list'
          ? 'the configured trust lists; exit status 1 when one cannot be used'
          : 'the configured trust lists, with every warning and every entry that was left out',
      )
      .option('--json', 'print JSON')
      .action(async (options: { json?: boolean }) => {
        const lists = (await loadConfiguredTrust(readConfig())).status()
        console.log(options.json ? JSON.stringify(lists, null, 2) : printedLists(lists, name === 'status'))
        if (lists.some((list) => !list.usable)) result.exitCode = exitCodes.negative
      })
  }
  addKeysOfLists(trust)
  addVerify(trust, result)
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

/** Said at the start, too: a server that trusts nobody looks well otherwise. */
export const noTrustLists = 'No trust list is configured: every credential is ISSUER_NOT_TRUSTED.'

function printedLists(lists: TrustListStatus[], withWarnings: boolean): string {
  if (lists.length === 0) return noTrustLists
  const rows = lists.map((list) => [
    list.name,
    list.kind,
    String(list.keys),
    list.expired > 0 ? String(list.expired) : '',
    list.leftOut ? String(list.leftOut.length) : '',
    list.created ?? '',
    stateOf(list),
    list.location,
  ])
  const heading = ['LIST', 'KIND', 'KEYS', 'EXPIRED', 'LEFT OUT', 'CREATED', 'STATE', 'LOCATION']
  const remarks = lists.flatMap((list) => [
    ...(withWarnings ? list.warnings.map((warning) => `${list.name}: ${warning}`) : []),
    ...leftOutLines(list, withWarnings),
  ])
  const shown = table([heading, ...rows])
  return remarks.length > 0 ? `${shown}\n\n${[...new Set(remarks)].join('\n')}` : shown
}

/** Why a list failed, and that its withdrawals are lost when nothing else stands in for them. */
export function failureOf({ usable, failure, kind, required }: TrustListStatus): string {
  const isLost = !usable && !required && kind !== 'distrusted'
  return `${failure}${isLost ? '; what it withdraws is not known' : ''}`
}

function stateOf(list: TrustListStatus): string {
  const { usable, failure, keys, leftOut, withdraws, required, revokes } = list
  if (!usable) return `not usable: ${failureOf(list)}`
  const state = failure ? `old copy: ${failure}` : keys === 0 && leftOut ? 'no key counts' : 'in use'
  const parts = [state, required ? 'required' : '', withdraws === undefined ? '' : `withdraws ${withdraws}`]
  return [...parts, revokes ? revokesText(revokes) : ''].filter(Boolean).join(', ')
}

function revokesText({
  hashes,
  batches,
  cards,
  participants,
  expires,
}: NonNullable<TrustListStatus['revokes']>): string {
  if (participants.length === 0) return cards > 0 ? `revokes ${cards} cards` : 'revokes nothing'
  const until = expires === undefined ? '' : ` until ${expires}`
  return `revokes ${hashes} hashes in ${batches} batches of ${participants.join(' ')}${until}`
}

/** So many entries of one reason are named; `status` names all. */
const NAMED_ENTRIES = 3

/** Entries that do not count, by reason. */
function leftOutLines({ name, leftOut = [] }: TrustListStatus, everyOne: boolean): string[] {
  if (everyOne) return leftOut.map((each) => `${name}: ${leftOutText(each)}`)
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason)
  return [...byReason].map(([reason, entries]) => {
    const named = entries.slice(0, NAMED_ENTRIES).map(({ entry }) => entry)
    const more = entries.length - named.length
    return `${name}: left out ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${reason}`
  })
}
