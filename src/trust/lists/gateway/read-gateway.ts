import type { X509Certificate } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'
import { participantCode } from '../../../base/participant-codes.ts'
import { checkChains, gatewayHierarchy } from '../../keys/chain.ts'
import type { TrustedKey } from '../../keys/trusted-key.ts'
import type { MessageOpener } from '../../messages/message-process.ts'
import type { SignedStatement } from '../../messages/open-messages.ts'
import { makeTurns } from '../../turns.ts'
import { parseJson } from '../did-source.ts'
import type { GatewayDownloads } from '../gateway-source.ts'
import {
  bindingOf,
  entryName,
  keptDocument,
  type LeftOut,
  type SourceContent,
  scopeFault,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from '../trust-source.ts'
import { downloaded } from './downloaded.ts'
import { pinnedCertificates } from './pinned-certificates.ts'
import { type GatewayRow, isLeftOut, readGatewayRow } from './rows.ts'

/** With what a gateway's list is read. */
export interface GatewayReading {
  readers: TrustReaders
  messages: MessageOpener
}

/** More rows than any network has; checking them would take a processor for a minute. */
const MOST_ROWS = 50_000
/** Rows that are left out are told one by one up to this number. */
const MOST_TOLD = 1000

/** Whose word counts for rows: the anchors of the gateway, and of others by the name that rows give them. */
type Anchors = ReadonlyMap<string | undefined, readonly X509Certificate[]>

/**
 * Reads a `gateway` source: the trust list of a gateway, row by row. Its trust anchor must have signed each certificate of a
 * participant's authorities, upload and TLS certificates; the participant's upload certificate each document signer, which must chain
 * to an authority that is listed. Rows of other gateways count if they are asked for and the anchor of that gateway is configured. A
 * row that fails is left out with its reason.
 * @throws UnusableSource, or the client's error
 */
export async function readGatewaySource(source: TrustSource, reading: GatewayReading): Promise<SourceContent> {
  const { readers } = reading
  const gateway = gatewayOf(source, readers)
  const anchors = await anchorsOf(source, gateway, readers)
  const withFederation = source.withFederation === true
  const rows = await keptRows(source, readers, () => gateway.certificates({ withFederation }))
  const read = await readRows(rows, { source, anchors })
  const anchored = await checkSignatures(read.rows, 'anchor', { anchors, messages: reading.messages })
  const uploads = uploadCertificates(anchored.rows)
  const uploaded = await checkSignatures(read.rows, 'upload', { anchors: uploads, messages: reading.messages })
  const chained = await chain([...anchored.rows, ...uploaded.rows])
  const leftOut = [...read.leftOut, ...anchored.leftOut, ...uploaded.leftOut, ...chained.leftOut]
  const ownParticipant = participantCode(gateway.country) ?? gateway.country
  return { ...contentOf(source, chained, leftOut), ownParticipant }
}

/** The configured gateway of a source. @throws UnusableSource */
export function gatewayOf({ location }: TrustSource, readers: TrustReaders): GatewayDownloads {
  const gateway = readers.gateway?.(location)
  if (!gateway) throw new UnusableSource(`no gateway ${location} is configured (GATEWAYS), or the network is off`)
  return gateway
}

/** The anchors of a source, by the gateway that its rows name. @throws UnusableSource */
export async function anchorsOf(
  source: TrustSource,
  gateway: GatewayDownloads,
  readers: TrustReaders,
): Promise<Anchors> {
  if (gateway.anchors.length === 0)
    throw new UnusableSource(
      `the gateway ${gateway.id} has no trust anchor in the configuration, without which no row counts`,
    )
  const others = Object.entries(source.anchors ?? {}).map(
    async ([name, paths]): Promise<[string, X509Certificate[]]> => [name, await pinnedCertificates(paths, readers)],
  )
  return new Map<string | undefined, readonly X509Certificate[]>([
    [undefined, gateway.anchors],
    ...(await Promise.all(others)),
  ])
}

/** The rows of a gateway's list: as it sends them now, or as they were kept with the last good copy. @throws UnusableSource */
export async function keptRows(
  source: TrustSource,
  readers: TrustReaders,
  download: () => Promise<unknown>,
): Promise<Json[]> {
  const bytes = await keptDocument(readers, source.location, async () => writeLines(await downloaded(download)))
  return readLines(bytes)
}

const LINE_FEED = 0x0a

/** A row a line, so that neither writing nor reading thousands of them holds anybody up. An empty list or an endless one is none. */
async function writeLines(answer: unknown): Promise<Buffer> {
  if (!Array.isArray(answer)) throw new UnusableSource('the gateway did not answer with a list')
  if (answer.length === 0) throw new UnusableSource('the gateway lists nothing')
  if (answer.length > MOST_ROWS)
    throw new UnusableSource(`the gateway lists ${answer.length} rows, more than the ${MOST_ROWS} that are read`)
  const turn = makeTurns()
  const lines: Buffer[] = []
  for (const row of answer) {
    await turn()
    lines.push(Buffer.from(`${JSON.stringify(flat(row))}\n`))
  }
  return Buffer.concat(lines)
}

/** Members that count are texts. One that is made of others stays as such, and what is in it, however deep, is not looked at. */
function flat(row: unknown): unknown {
  if (!isJsonObject(row)) return Array.isArray(row) ? [] : null
  const members = Object.entries(row).map(([name, value]) => [name, typeof value === 'object' && value ? {} : value])
  return Object.fromEntries(members)
}

async function readLines(bytes: Buffer): Promise<Json[]> {
  const turn = makeTurns()
  const rows: Json[] = []
  for (let at = 0; at < bytes.length; ) {
    await turn()
    const found = bytes.indexOf(LINE_FEED, at)
    const end = found < 0 ? bytes.length : found
    rows.push(parseJson(bytes.subarray(at, end), 'what was kept of the list'))
    at = end + 1
  }
  return rows
}

interface Sorted {
  rows: GatewayRow[]
  leftOut: LeftOut[]
}

/** Reads the rows; one that says what another said already is not looked at twice. */
async function readRows(rows: readonly Json[], about: { source: TrustSource; anchors: Anchors }): Promise<Sorted> {
  const { source, anchors } = about
  const sorted: Sorted = { rows: [], leftOut: [] }
  const seen = new Set<string>()
  const turn = makeTurns()
  for (const [at, json] of rows.entries()) {
    await turn()
    const row = readGatewayRow(json, at, source.name)
    if (isLeftOut(row)) {
      sorted.leftOut.push(row)
      continue
    }
    const { key, country, message, sourceGateway = '' } = row
    const identity = [key.thumbprint, key.keyId, key.usage, key.domain, country, sourceGateway, message].join('|')
    if (seen.has(identity)) continue
    seen.add(identity)
    const fault = federationFault(row, source, anchors)
    if (fault === undefined) sorted.rows.push(row)
    else sorted.leftOut.push({ entry: entryName(key), reason: fault, key })
  }
  return sorted
}

function federationFault({ sourceGateway }: GatewayRow, { withFederation }: TrustSource, anchors: Anchors) {
  if (sourceGateway === undefined) return undefined
  if (!withFederation) return `it comes from the gateway ${sourceGateway}, and withFederation is not set`
  return anchors.has(sourceGateway)
    ? undefined
    : `it comes from the gateway ${sourceGateway}, whose trust anchor is not configured (member "anchors")`
}

/** Upload certificates that the anchor vouches for sign for their country, each at the gateway that lists it. */
function uploadCertificates(rows: readonly GatewayRow[]): Map<string | undefined, X509Certificate[]> {
  const own = Map.groupBy(
    rows.filter(({ key }) => key.usage === 'UP'),
    uploaderName,
  )
  return new Map([...own].map(([name, some]) => [name, some.map(({ key }) => key.certificate)]))
}

const uploaderName = ({ country, sourceGateway = '' }: GatewayRow): string => `${country}|${sourceGateway}`

/** Checks the signature of each row that must be signed by such a certificate. */
async function checkSignatures(
  all: readonly GatewayRow[],
  signedBy: GatewayRow['signedBy'],
  { anchors, messages }: { anchors: Anchors; messages: MessageOpener },
): Promise<Sorted> {
  const signers = [...new Set([...anchors.values()].flat())]
  const places = new Map(signers.map((certificate, at) => [certificate, at]))
  const sorted: Sorted = { rows: [], leftOut: [] }
  const asked: { row: GatewayRow; statement: SignedStatement }[] = []
  for (const row of all.filter((each) => each.signedBy === signedBy)) {
    const own = anchors.get(signedBy === 'anchor' ? row.sourceGateway : uploaderName(row)) ?? []
    const by = own.flatMap((certificate) => places.get(certificate) ?? [])
    if (by.length > 0) asked.push({ row, statement: { message: row.message, content: row.key.certificate.raw, by } })
    else sorted.leftOut.push(leftOut(row, 'its country has no upload certificate that the trust anchor signed'))
  }
  const opened = await messages.statements(
    asked.map(({ statement }) => statement),
    signers.map(({ raw }) => raw),
  )
  for (const [at, { row }] of asked.entries()) {
    const { fault, signer } = opened[at] ?? { fault: 'it was not checked' }
    const uploadedBy = signedBy === 'upload' && signer !== undefined ? signers[signer] : undefined
    if (fault !== undefined) sorted.leftOut.push(leftOut(row, fault))
    else sorted.rows.push(uploadedBy ? { ...row, key: { ...row.key, uploadedBy } } : row)
  }
  return sorted
}

const leftOut = ({ key }: GatewayRow, reason: string): LeftOut => ({ entry: entryName(key), reason, key })

interface Chained {
  keys: TrustedKey[]
  leftOut: LeftOut[]
  warnings: string[]
}

/** Holds signers against the authorities of their participant, at each gateway for itself. */
async function chain(rows: readonly GatewayRow[]): Promise<Chained> {
  const all: Chained = { keys: [], leftOut: [], warnings: [] }
  for (const own of Map.groupBy(rows, ({ sourceGateway }) => sourceGateway).values()) {
    const keys = own.map(({ key }) => key)
    const { verdicts, warnings } = await checkChains(keys, 'network', gatewayHierarchy)
    all.warnings.push(...warnings)
    for (const [at, key] of keys.entries()) {
      const {
        fault = undefined,
        warning = undefined,
        authority = undefined,
      } = verdicts[at] ?? { fault: 'it was not checked' }
      const above = authority === undefined ? undefined : keys[authority]?.certificate
      if (fault !== undefined) all.leftOut.push({ entry: entryName(key), reason: fault, key })
      else
        all.keys.push({
          ...key,
          ...(above ? { chain: [above] } : {}),
          warnings: warning === undefined ? key.warnings : [...key.warnings, `${entryName(key)}: ${warning}`],
        })
    }
  }
  return all
}

/** What of the list the source is about; the signatures of the others were needed all the same. */
function contentOf(source: TrustSource, { keys, warnings }: Chained, leftOut: LeftOut[]): SourceContent {
  const content: SourceContent = { keys: [], warnings, leftOut }
  for (const key of keys) {
    const fault = bindingOf(source).fault({ participant: key.participant }) ?? scopeFault(key, source)
    if (fault === undefined) content.keys.push(key)
    else content.leftOut.push({ entry: entryName(key), reason: fault, key })
  }
  const more = content.leftOut.length - MOST_TOLD
  if (more <= 0) return content
  return {
    ...content,
    leftOut: content.leftOut.slice(0, MOST_TOLD),
    warnings: [...warnings, `${more} more rows do not count`],
  }
}
