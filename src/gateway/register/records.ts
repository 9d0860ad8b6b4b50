/** What is kept of registration in the store, so that a restart, another replica and the command line know it. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Storage } from '../../storage/storage.ts'

/** State of one reference, as it is told. */
export type ReferenceState = 'registered' | 'pending' | 'rejected' | 'conflict'

/** What is kept of one reference at one gateway. */
export interface ReferenceRecord {
  key: string
  url: string
  type: string
  service: string
  domain: string
  state: ReferenceState
  uuid?: string | undefined
  /** As the list last had it in order. */
  thumbprint?: string | undefined
  lastError?: string | undefined
  /** Content that was refused for good. */
  refused?: string | undefined
  /** Equal failures in a row of one content. */
  failures?: number | undefined
  /** That content. */
  failed?: string | undefined
  /** When somebody overwrote the row, as an instant, and what is told of it. */
  overwritten?: { at: string; text: string } | undefined
}

/** What is kept of one gateway. */
export interface GatewayRecord {
  state: 'ok' | 'not-onboarded' | 'unreachable'
  /** Instant of its last answer. */
  lastContact?: string | undefined
  lastError?: string | undefined
  /** Failures in a row. */
  failures: number
}

/** An artefact or package that is registered by itself, beside the manifests (`vidimus register --url`). */
export interface SingleReference {
  url: string
  service: string
  domain: string
  name: string
  thumbprint: string
  contentType: string
  signatureType: 'CMS' | 'JWS' | 'NONE'
  sslPublicKey: string
}

const kinds = {
  reference: 'gateway-reference',
  gateway: 'gateway-state',
  single: 'gateway-single',
  withdrawn: 'gateway-withdrawn',
} as const

type Records = Storage['records']

/** All that is kept of references at one gateway. */
export async function knownReferences(records: Records, gateway: string): Promise<ReferenceRecord[]> {
  const all = await records.all(kinds.reference)
  const own = all.filter(({ key }) => key.startsWith(`${gateway} `))
  return own.flatMap(({ value }) => {
    const json = parsed(value)
    return isReference(json) ? [json] : []
  })
}

/** Keeps one, or forgets it. */
export function keepReference(
  records: Records,
  gateway: string,
  key: string,
  record: ReferenceRecord | undefined,
): Promise<void> {
  return set(records, kinds.reference, `${gateway} ${key}`, record)
}

/** What is kept of a gateway. */
export async function knownGateway(records: Records, gateway: string): Promise<GatewayRecord | undefined> {
  const json = parsed(await records.get(kinds.gateway, gateway))
  return isGateway(json) ? json : undefined
}

/** Keeps it. */
export const keepGateway = (records: Records, gateway: string, record: GatewayRecord): Promise<void> =>
  set(records, kinds.gateway, gateway, record)

/** Artefacts that are registered by themselves. */
export async function singleReferences(records: Records): Promise<SingleReference[]> {
  const all = await records.all(kinds.single)
  return all.flatMap(({ value }) => {
    const json = parsed(value)
    return isSingle(json) ? [json] : []
  })
}

/** Names a single reference. */
const singleKey = ({ url, service, domain }: Pick<SingleReference, 'url' | 'service' | 'domain'>) =>
  JSON.stringify([service, domain, url])

/** Keeps a single reference. */
export const keepSingle = (records: Records, single: SingleReference): Promise<void> =>
  set(records, kinds.single, singleKey(single), single)

/** Forgets the single references of an address; answers how many there were. */
export async function forgetSingles(records: Records, url: string): Promise<number> {
  const found = (await singleReferences(records)).filter((each) => each.url === url)
  for (const each of found) await set(records, kinds.single, singleKey(each), undefined)
  return found.length
}

/** Keys of everything that is known at any gateway. */
export async function knownKeys(records: Records): Promise<string[]> {
  const all = await records.all(kinds.reference)
  return all.map(({ key }) => key.slice(key.indexOf(' ') + 1))
}

/** Whether everything is withdrawn until somebody registers again. */
export const isWithdrawn = async (records: Records): Promise<boolean> =>
  (await records.get(kinds.withdrawn, 'all')) !== undefined

/** Withdraws everything, or no longer. */
export const setWithdrawn = (records: Records, withdrawn: boolean): Promise<void> =>
  set(records, kinds.withdrawn, 'all', withdrawn ? { withdrawn } : undefined)

/** Nothing is written where the same stands already. */
async function set(records: Records, kind: string, key: string, value: object | undefined): Promise<void> {
  const to = value && JSON.stringify(value)
  for (;;) {
    const from = await records.get(kind, key)
    if (from === to || (await records.replace(kind, key, from, to))) return
  }
}

function parsed(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined
  try {
    const json: unknown = JSON.parse(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined // a record of another version of this software: the gateway's list tells it anew
  }
}

const areTexts = (json: JsonObject, names: readonly string[]) => names.every((name) => typeof json[name] === 'string')

const isReference = (json: JsonObject | undefined): json is JsonObject & ReferenceRecord =>
  json !== undefined && areTexts(json, ['key', 'url', 'type', 'service', 'domain', 'state'])

const isGateway = (json: JsonObject | undefined): json is JsonObject & GatewayRecord =>
  json !== undefined && typeof json.state === 'string' && typeof json.failures === 'number'

const singleMembers = ['url', 'service', 'domain', 'name', 'thumbprint', 'contentType', 'signatureType', 'sslPublicKey']

const isSingle = (json: JsonObject | undefined): json is JsonObject & SingleReference =>
  json !== undefined && areTexts(json, singleMembers)
