import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { readClock } from '../../evaluate/request.ts'
import { loadConfiguredTrust } from '../../server/trust.ts'
import { explainKey, type KeyEntry, type KeyExplanation } from '../../trust/explain-key.ts'
import { fileReaders, loadTrustLists } from '../../trust/trust.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'

interface ExplainArguments {
  list?: string[]
  key?: string
  at?: string
  json?: boolean
}

/** `vidimus trust explain <kid>`: every list that holds a key id, and why it counts or not. */
export function addExplain(trust: Command, result: CommandResult): void {
  trust
    .command('explain')
    .description('every list that holds a key id, and why it counts or not; exit status 0 when it counts, else 1')
    .argument('<kid>', 'key id, or the thumbprint of a certificate in hex')
    .option('--list <file...>', 'a list that is searched and not believed; with --key the one list that counts')
    .option('--key <file>', 'pinned signing key of that list: DID document or JWK')
    .option('--at <dateTime>', 'the clock, instead of now')
    .option('--json', 'print JSON')
    .action(async (kid: string, options: ExplainArguments) => {
      const { list = [], key } = options
      const at = options.at === undefined ? new Date() : readClock(options.at)
      const [first, ...others] = list
      if (key !== undefined && first === undefined) trust.error('--key needs the --list that it belongs to')
      const source = key && first ? { name: first, kind: 'did-v2' as const, location: first, key: [key] } : undefined
      const lists = source
        ? await loadTrustLists([source], { now: () => new Date() })
        : await loadConfiguredTrust(readConfig())
      const evidence = source ? others : list
      const told = await explainKey(lists, kid, { at, readers: fileReaders, evidence })
      console.log(options.json ? JSON.stringify(told, null, 2) : printed(told))
      if (!told.counts) result.exitCode = exitCodes.negative
    })
}

function printed({ kid, verdict, entries, evidence, unread }: KeyExplanation): string {
  return [
    `${kid} ${verdict}`,
    ...entries.flatMap(printedEntry),
    ...evidence.map(
      ({ list, entries: count, text }) => `\n${list}: ${count} ${count === 1 ? 'entry' : 'entries'} on ${text}`,
    ),
    ...unread.map(({ list, why }) => `\n${list}: not read: ${why}`),
  ].join('\n')
}

function printedEntry(entry: KeyEntry): string[] {
  const { list, kind, listState, participant, issuer, domain, usage, counts, why, chain, frameworks } = entry
  const day = (text: string | undefined) => text?.slice(0, 10) ?? 'open'
  const lines: [string, string][] = [
    ['whose', [participant, issuer].filter(Boolean).join(', ') || 'nobody’s'],
    ['for', [domain || 'any domain', usage || 'any usage', ...(frameworks ?? [])].join(', ')],
    ['key', `${entry.algorithm}, ${entry.thumbprint}`],
    ['period', `${day(entry.validFrom)} to ${day(entry.validTo)}${entry.expired ? ' (expired)' : ''}`],
    ['status', entry.status],
    ['chain', [chainTexts[chain.state], chain.authority].filter(Boolean).join(' ')],
    ...why.map((each): [string, string] => [counts ? 'remark' : 'why not', each]),
  ]
  const heading = `\n${list} (${kind}, ${listState}): ${counts ? 'counts' : 'does not count'}`
  return [heading, ...lines.map(([name, text]) => `  ${name.padEnd(8)} ${text}`)]
}

const chainTexts: Record<KeyEntry['chain']['state'], string> = {
  verified: 'verified under',
  'not-verified': 'not signed by the authority of its name on this list',
  'no-authority': 'this list has no authority of its issuer’s name',
  authority: 'it is an authority itself',
  'not-checked': 'not checked for this usage',
}
