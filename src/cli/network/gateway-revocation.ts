import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { JsonObject } from '../../base/json-value.ts'
import type { GatewayClient } from '../../gateway/client.ts'
import type { BatchEntry } from '../../gateway/read-rows.ts'
import { batchesOfLines, batchHashTypes, batchProblems } from '../../gateway/upload/revocation.ts'
import { readBatch } from '../../trust/revocation/read-batch.ts'
import { listTable } from '../table.ts'
import { type AtGateway, type GatewayOptions, gatewayCommand, readObject, unfit } from './gateway-command.ts'

interface AddOptions extends GatewayOptions {
  type?: string
  kid?: string
  expires?: string
}

interface ListOptions extends GatewayOptions {
  since: string
  all?: boolean
  json?: boolean
}

/** `vidimus gateway revocation add|list|remove`. */
export function addRevocationCommands(gateway: Command, at: AtGateway): void {
  const revocation = gateway
    .command('revocation')
    .description('batches of revoked certificates; many gateways have these routes switched off')
    .exitOverride()
  gatewayCommand(revocation, 'add', 'uploads hashes of revoked certificates, as many batches as are needed')
    .argument(
      '<file>',
      'a batch as JSON {country, expires, kid, hashType, entries}, or one hash a line (base64 or hex)',
    )
    .option('--type <type>', `of a file of hashes, what is hashed: ${batchHashTypes.join(', ')}`)
    .option('--expires <instant>', 'of a file of hashes, until when they count, e.g. 2027-12-31T00:00:00Z')
    .option('--kid <base64>', "of a file of hashes, the signer's key id; by default any key of this participant")
    .option('--dry-run', 'print what would be sent')
    .action((file: string, options: AddOptions) =>
      at(options, async ({ client }, now) => {
        const batches = readBatches(file, options, { country: client.country, now })
        for (const batch of batches) {
          if (options.dryRun) console.log(JSON.stringify(batch, null, 2))
          const id = await client.postBatch(batch)
          const { length } = Array.isArray(batch.entries) ? batch.entries : []
          if (!options.dryRun) console.log(`batch ${id ?? 'without a told id'}: ${length} hashes uploaded`)
        }
      }),
    )
  gatewayCommand(revocation, 'list', 'prints the batches of this participant')
    .option('--since <instant>', 'changed since', '2021-06-01T00:00:00Z')
    .option('--all', 'of all participants')
    .option('--json', 'print JSON')
    .action((options: ListOptions) => at(options, ({ client }) => list(client, options)))
  gatewayCommand(revocation, 'remove', 'takes a batch back; the gateway shows it as deleted for some days')
    .argument('<batchId>', 'uuid of the batch, in lower case')
    .option('--dry-run', 'print what would be sent')
    .action((batchId: string, options: GatewayOptions) =>
      at(options, async ({ client }) => {
        await client.deleteBatch(batchId)
        if (!options.dryRun) console.log(`batch ${batchId}: removed`)
      }),
    )
}

function readBatches(
  file: string,
  { type, kid, expires }: AddOptions,
  { country, now }: { country: string; now: Date },
): JsonObject[] {
  const text = readFileSync(file, 'utf8')
  if (!/^\s*[{[]/.test(text)) {
    const hashType = batchHashTypes.find((each) => each === type)
    if (hashType === undefined) throw unfit([`--type is one of ${batchHashTypes.join(', ')}`])
    const until = instantOf(expires)
    if (until <= now) throw unfit(['--expires is not in the future'])
    return checked(file, batchesOfLines(text, { country, kid, hashType, expires: until }), { country, now })
  }
  if (type !== undefined || kid !== undefined || expires !== undefined)
    throw unfit(['--type, --kid and --expires go with a file of hashes; a batch says them itself'])
  return checked(file, [readObject(file)], { country, now })
}

/** The reader of downloaded batches judges what is sent as well: what it would not understand is not sent. */
function checked(file: string, batches: JsonObject[], { country, now }: { country: string; now: Date }): JsonObject[] {
  for (const batch of batches) {
    const read = readBatch(batch)
    const problems = [...(typeof read === 'string' ? [read] : []), ...batchProblems(batch, country, now)]
    if (problems.length > 0) throw unfit(problems.map((each) => `${file}: ${each}`))
  }
  return batches
}

function instantOf(text: string | undefined): Date {
  const isForm = text !== undefined && /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)
  const instant = isForm ? new Date(text) : undefined
  if (!instant || Number.isNaN(instant.getTime())) throw unfit(['--expires is an instant, e.g. 2027-12-31T00:00:00Z'])
  return instant
}

async function list(client: GatewayClient, { since, all, json }: ListOptions): Promise<void> {
  const batches = await batchesSince(client, since)
  if (batches === 'not-offered') return console.log('the gateway does not offer revocation lists')
  const found = batches.filter(({ country }) => all || country === client.country)
  if (json) return console.log(JSON.stringify(found, null, 2))
  const rows = found.map(({ batchId, country, date, deleted }) => [batchId, country, date, deleted ? 'deleted' : ''])
  console.log(listTable([['BATCH', 'COUNTRY', 'CHANGED', 'STATE'], ...rows]))
}

/** Every page; several batches may share the last date of one, so the next begins at it. */
async function batchesSince(client: GatewayClient, since: string): Promise<BatchEntry[] | 'not-offered'> {
  const found = new Map<string, BatchEntry>()
  for (let from = since; ; ) {
    const page = await client.revocationList(from)
    if (page === 'not-offered') return page
    const news = page?.batches.filter((each) => found.get(each.batchId)?.date !== each.date) ?? []
    for (const batch of news) found.set(batch.batchId, batch)
    const last = page?.batches.at(-1)
    if (!page?.more || news.length === 0 || !last) return [...found.values()]
    from = last.date
  }
}
