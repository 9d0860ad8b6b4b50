import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'
import { participantCode } from '../../../base/participant-codes.ts'
import { urlOfDid } from '../../did-web/did-url.ts'
import { subjectCountries } from '../../keys/chain.ts'
import type { TrustedKey } from '../../keys/trusted-key.ts'
import { readJwksSource } from '../jwks-source.ts'
import {
  type LeftOut,
  type SourceContent,
  scopeFault,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from '../trust-source.ts'
import { readDidKeys } from './did-issuer.ts'
import { downloaded } from './downloaded.ts'
import { anchorsOf, type GatewayReading, gatewayOf, keptRows } from './read-gateway.ts'

/** A trusted issuer of a gateway, as its row names it. */
interface IssuerRow {
  /** For an administrator. */
  entry: string
  country: string
  name: string
  url: string
  /** `HTTP` or `DID`. */
  type: string
  keyStorageType: string
  domain: string
  message: string
  sourceGateway: string | undefined
}

/** The issuers of one gateway; each costs a request to another server. */
const MOST_ISSUERS = 1000
/** Requests at a time. */
const AT_A_TIME = 4
/** Longest key set. */
const MOST_BYTES = 1_000_000
const MESSAGE_CHARACTERS = 65_536

/**
 * Reads an `issuers` source: the trusted issuers of a gateway. Its trust anchor must have signed `country;name;url;urlType` of the row,
 * and nothing else of it: the keys behind the address are vouched for by TLS alone. Key sets of type JWKS and DIDDocument are fetched; an
 * issuer whose keys cannot be had is shown with the reason, and keeps those of the last reading.
 * @throws UnusableSource, or the client's error
 */
export async function readIssuersSource(
  source: TrustSource,
  reading: GatewayReading & { before: SourceContent | undefined },
): Promise<SourceContent> {
  const { readers, messages, before } = reading
  const gateway = gatewayOf(source, readers)
  const anchors = await anchorsOf(source, gateway, readers)
  const withFederation = source.withFederation === true
  const rows = await keptRows(source, readers, () => gateway.issuers({ withFederation }))
  if (rows.length > MOST_ISSUERS)
    throw new UnusableSource(`the gateway lists ${rows.length} issuers, more than the ${MOST_ISSUERS} that are read`)
  const content: SourceContent = { keys: [], warnings: [], leftOut: [] }
  const read: IssuerRow[] = []
  for (const [at, json] of rows.entries()) {
    const row = readIssuerRow(json, at)
    const fault = 'reason' in row ? row.reason : faultOf(row, source, anchors)
    if ('reason' in row || fault !== undefined) content.leftOut.push({ entry: row.entry, reason: fault ?? '' })
    else read.push(row)
  }
  const signers = [...new Set([...anchors.values()].flat())]
  const verdicts = await messages.statements(
    read.map((row) => ({
      message: row.message,
      content: Buffer.from([row.country, row.name, row.url, row.type].join(';'), 'utf8'),
      by: (anchors.get(row.sourceGateway) ?? []).map((anchor) => signers.indexOf(anchor)),
    })),
    signers.map(({ raw }) => raw),
  )
  const vouched = read.filter((row, at) => {
    const fault = verdicts[at] ? verdicts[at].fault : 'it was not checked'
    if (fault !== undefined) content.leftOut.push({ entry: row.entry, reason: fault })
    return fault === undefined
  })
  return addKeys(content, vouched, { source, readers, before: before?.parts })
}

function faultOf(row: IssuerRow, { withFederation }: TrustSource, anchors: ReadonlyMap<string | undefined, unknown>) {
  const { sourceGateway, keyStorageType, type } = row
  if (sourceGateway !== undefined && !withFederation)
    return `it comes from the gateway ${sourceGateway}, and withFederation is not set`
  if (!anchors.has(sourceGateway))
    return `it comes from the gateway ${sourceGateway}, whose trust anchor is not configured (member "anchors")`
  if (keyStorageType === 'JKS') return 'its keys are in a Java key store (JKS), which is not read'
  if (!['JWKS', 'DIDDocument'].includes(keyStorageType))
    return `its keys are stored as ${keyStorageType}, which is not read: JWKS and DIDDocument are`
  if (type === 'DID' && keyStorageType !== 'DIDDocument') return 'it is named by a DID, and its keys are no DIDDocument'
  return undefined
}

const TEXT = /^[^\p{C}]{1,1024}$/u

function readIssuerRow(json: Json, at: number): IssuerRow | LeftOut {
  const entry = `issuer ${at + 1}`
  if (!isJsonObject(json)) return { entry, reason: 'it is no object' }
  const text = (name: string): string => {
    const value = json[name]
    return typeof value === 'string' && TEXT.test(value) ? value : ''
  }
  const [country, name, url, type] = [text('country'), text('name'), text('url'), text('type')]
  const named = { entry: `${entry} (${name || 'without name'} of ${country || 'nobody'})` }
  if (!/^[A-Z]{2}$/.test(country)) return { ...named, reason: 'its country is no code of two capital letters' }
  if (name === '' || url === '') return { ...named, reason: 'it has no name or no url' }
  // What is signed has them one after the other, with nothing that would tell where one ends.
  if (name.includes(';') || url.includes(';')) return { ...named, reason: 'its name or url has a semicolon' }
  if (type !== 'HTTP' && type !== 'DID') return { ...named, reason: 'its type is neither HTTP nor DID' }
  const { signature } = json
  if (typeof signature !== 'string' || signature === '' || signature.length > MESSAGE_CHARACTERS)
    return { ...named, reason: 'it has no signature' }
  const sourceGateway = text('sourceGateway')
  if (sourceGateway === '' && (json.sourceGateway ?? '') !== '')
    return { ...named, reason: 'its sourceGateway is no short text' }
  return {
    ...named,
    country,
    name,
    url,
    type,
    keyStorageType: text('keyStorageType') || 'nothing',
    domain: text('domain'),
    message: signature,
    sourceGateway: sourceGateway === '' ? undefined : sourceGateway,
  }
}

interface KeyReading {
  source: TrustSource
  readers: TrustReaders
  /** Keys of the last reading, by issuer. */
  before: ReadonlyMap<string, readonly TrustedKey[]> | undefined
}

async function addKeys(content: SourceContent, rows: IssuerRow[], reading: KeyReading): Promise<SourceContent> {
  const parts = new Map<string, readonly TrustedKey[]>()
  const waiting = [...rows]
  const work = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const name = [row.country, row.name, row.url, row.domain, row.sourceGateway ?? ''].join(';')
      const keys = await keysOfIssuer(row, content, reading).catch((error: unknown) => {
        if (!(error instanceof UnusableSource)) throw error
        // What withdraws a key and does not say which leaves none of the issuer's.
        const kept = error.withdrawsUnknown ? undefined : reading.before?.get(name)
        const reason = error.message
        if (kept) content.warnings.push(`${row.entry}: its keys are those of an earlier reading: ${reason}`)
        else content.leftOut.push({ entry: row.entry, reason })
        return kept
      })
      if (keys) parts.set(name, keys)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return { ...content, keys: [...parts.values()].flat(), parts }
}

async function keysOfIssuer(row: IssuerRow, content: SourceContent, { source, readers }: KeyReading) {
  const address = addressOf(row)
  const body = await downloaded(() => readers.readFile(address), 'its key set')
  if (body.length > MOST_BYTES) throw new UnusableSource(`its key set is larger than ${MOST_BYTES} bytes`)
  const own = boundTo(row, source)
  const read = await (row.keyStorageType === 'JWKS'
    ? readJwksSource(own, { ...readers, readFile: async () => body })
    : readDidKeys(body, { id: row.type === 'DID' ? row.url : undefined, source: own }))
  const gateways = row.sourceGateway === undefined ? {} : { sourceGateways: [row.sourceGateway] }
  const keys: TrustedKey[] = []
  // Without the keys: what an issuer says against one holds for its own set, and not for the same key on the list of another.
  const leftOut = read.leftOut.map(({ entry, reason }) => ({ entry, reason }))
  for (const key of currentKeys(read)) {
    const fault = scopeFault(key, source) ?? foreignFault(key, row)
    if (fault === undefined) keys.push({ ...key, ...gateways })
    else leftOut.push({ entry: key.keyId, reason: fault })
  }
  content.leftOut.push(...leftOut.map(({ entry, reason }) => ({ entry: `${row.entry}, ${entry}`, reason })))
  return keys
}

/** The keys of a set that nothing in it speaks against. */
function currentKeys({ keys, leftOut, suspended = [], distrust }: SourceContent): TrustedKey[] {
  const doubted = [...keys.filter(({ status }) => status !== 'current'), ...leftOut.flatMap(({ key }) => key ?? [])]
  const prints = new Set([...doubted, ...suspended.map(({ key }) => key)].map((key) => key.publicKeyThumbprint))
  const ids = new Set(distrust?.keyIds)
  return keys.filter(({ publicKeyThumbprint, keyId }) => !prints.has(publicKeyThumbprint) && !ids.has(keyId))
}

/** An issuer may not speak of another country's certificates: a shorter period that it names would hold for those, too. */
function foreignFault({ certificate }: TrustedKey, { country }: IssuerRow): string | undefined {
  const countries = certificate ? subjectCountries(certificate) : []
  return countries.every((each) => each === country) ? undefined : 'its certificate is of another country'
}

/** Where the keys are. @throws UnusableSource */
function addressOf({ type, url }: IssuerRow): string {
  const address = type === 'DID' ? urlOfDid(url) : url
  if (address === undefined) throw new UnusableSource('its DID is none of the method web')
  if (!/^https:\/\//i.test(address)) throw new UnusableSource('its address is not https')
  return address
}

/** Where issuers of SMART Health Cards have their keys. */
const CARD_KEYS = '/.well-known/jwks.json'

/**
 * Whom the keys of an issuer are bound to: an issuer of cards and a DID to that address alone, other key sets to the country, which alone
 * was signed.
 */
function boundTo({ country, domain, type, url }: IssuerRow, { name, location }: TrustSource): TrustSource {
  const address = type === 'DID' ? url : url.endsWith(CARD_KEYS) ? url.slice(0, -CARD_KEYS.length) : undefined
  return {
    name,
    kind: 'jwks',
    location,
    participant: participantCode(country) ?? country,
    ...(address === undefined ? {} : { issuer: address }),
    ...(domain === '' ? {} : { domain }),
  }
}
