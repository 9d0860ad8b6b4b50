/** Reads what gateways answer, strictly: what is there has the right type, or the whole answer counts for nothing. Further members may be there. */
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayReference } from './reference.ts'

/** One entry of a gateway's list of revocation batches. */
export interface BatchEntry {
  batchId: string
  country: string
  /** Instant of its last change, as the gateway wrote it. */
  date: string
  deleted: boolean
}

/** A page of it. */
export interface BatchPage {
  more: boolean
  batches: BatchEntry[]
}

/** An answer that is not what was asked for. */
function malformed(what: string): GatewayError {
  return new GatewayError({
    state: 'unreachable',
    isRetried: true,
    text: `the gateway's answer is not understood: ${what}`,
  })
}

/**
 * Most arrays and objects of an answer: a row of a list is two, and a list of 20 MB has a few thousand rows. Twenty megabytes of empty
 * arrays would hold the server for seconds while they are parsed.
 */
const MOST_VALUES = 120_000
const OPENING = [0x5b, 0x7b]

function isCrowded(body: Buffer): boolean {
  let values = 0
  for (const opening of OPENING)
    for (let at = body.indexOf(opening); at >= 0; at = body.indexOf(opening, at + 1))
      if (++values > MOST_VALUES) return true
  return false
}

/** JSON of an answer; duplicate members and further ones are the gateway's affair. @throws GatewayError */
function readJson(body: Buffer): Json {
  if (isCrowded(body)) throw malformed(`it has more than ${MOST_VALUES} arrays and objects`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw malformed('it is not UTF-8')
  }
  try {
    const json: Json = JSON.parse(text)
    return json
  } catch {
    throw malformed('it is not JSON, or only a part of it came') // the parser's message would quote it
  }
}

/** The objects of a list. @throws GatewayError */
function readObjects(body: Buffer): JsonObject[] {
  const json = readJson(body)
  if (!Array.isArray(json)) throw malformed('a list is wanted')
  return json.map((each, at) => {
    if (isJsonObject(each)) return each
    throw malformed(`entry ${at + 1} is no object`)
  })
}

/** Participants' codes. @throws GatewayError */
export function readCountries(body: Buffer): string[] {
  const json = readJson(body)
  if (!Array.isArray(json)) throw malformed('a list of countries is wanted')
  return json.map((each, at) => {
    if (typeof each === 'string' && /^[A-Za-z]{2}$/.test(each)) return each
    throw malformed(`entry ${at + 1} is no code of a country`)
  })
}

/** A list of names. @throws GatewayError */
export function readTexts(body: Buffer): string[] {
  const json = readJson(body)
  if (!Array.isArray(json)) throw malformed('a list of names is wanted')
  return json.map((each, at) => {
    if (typeof each === 'string' && /^[\w.-]{1,100}$/.test(each)) return each
    throw malformed(`entry ${at + 1} is no name`)
  })
}

/** Rows of trusted references. @throws GatewayError */
export const readReferences = (body: Buffer): GatewayReference[] =>
  readObjects(body).map((row, at) => referenceOf(row, `entry ${at + 1}`))

/** One row. @throws GatewayError */
export function readReference(body: Buffer): GatewayReference {
  const json = readJson(body)
  if (!isJsonObject(json)) throw malformed('an object is wanted')
  return referenceOf(json, 'the entry')
}

function referenceOf(row: JsonObject, place: string): GatewayReference {
  const text = textOf(row, place)
  return {
    uuid: text('uuid'),
    url: text('url'),
    country: text('country'),
    type: text('type'),
    service: text('service'),
    name: text('name'),
    contentType: text('contentType'),
    signatureType: text('signatureType'),
    // A row of another gateway may lack what this one demands of those that it takes itself.
    domain: text.orAbsent('domain') ?? '',
    referenceVersion: text.orAbsent('referenceVersion') ?? '',
    thumbprint: text.orAbsent('thumbprint'),
    sslPublicKey: text.orAbsent('sslPublicKey'),
    sourceGateway: text.orAbsent('sourceGateway'),
  }
}

/** Members of rows of the other lists that are read by somebody, all texts. */
const certificateTexts = {
  needed: ['certificate', 'group', 'country'],
  others: ['signature', 'kid', 'domain', 'uuid', 'thumbprint', 'sourceGateway'],
}
const issuerTexts = {
  needed: ['url', 'type', 'country'],
  others: [
    'thumbprint',
    'sslPublicKey',
    'keyStorageType',
    'signature',
    'timestamp',
    'name',
    'domain',
    'uuid',
    'sourceGateway',
  ],
}

/** Rows of certificates, as they came, their known members being texts. @throws GatewayError */
export const readCertificates = (body: Buffer): JsonObject[] => checkedRows(body, certificateTexts)

/** Rows of trusted issuers, likewise. @throws GatewayError */
export const readIssuers = (body: Buffer): JsonObject[] => checkedRows(body, issuerTexts)

function checkedRows(body: Buffer, { needed, others }: typeof certificateTexts): JsonObject[] {
  const rows = readObjects(body)
  rows.forEach((row, at) => {
    const text = textOf(row, `entry ${at + 1}`)
    for (const name of needed) text(name)
    for (const name of others) text.orAbsent(name)
  })
  return rows
}

/** A page of the list of revocation batches. @throws GatewayError */
export function readBatchPage(body: Buffer): BatchPage {
  const json = readJson(body)
  if (!isJsonObject(json) || typeof json.more !== 'boolean' || !Array.isArray(json.batches))
    throw malformed('{more, batches} is wanted')
  const batches = json.batches.map((each, at) => {
    const place = `batch ${at + 1}`
    if (!isJsonObject(each)) throw malformed(`${place} is no object`)
    const text = textOf(each, place)
    if (typeof each.deleted !== 'boolean') throw malformed(`${place}: deleted is neither true nor false`)
    const date = text('date')
    if (Number.isNaN(Date.parse(date))) throw malformed(`${place}: date is none`)
    return { batchId: text('batchId'), country: text('country'), date, deleted: each.deleted }
  })
  return { more: json.more, batches }
}

/** Reads texts of one object; a wrong type is an error that names the member and no value. */
function textOf(row: JsonObject, place: string) {
  const orAbsent = (name: string): string | undefined => {
    const value = row[name]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'string') return value
    throw malformed(`${place}: ${name} is no text`)
  }
  const needed = (name: string): string => {
    const value = orAbsent(name)
    if (value === undefined) throw malformed(`${place}: ${name} is missing`)
    return value
  }
  return Object.assign(needed, { orAbsent })
}

/** One version of a validation rule at the gateway. */
export interface RuleVersion {
  version: string
  validFrom: string
  validTo: string
  /** The signed message that holds the rule. */
  cms: string
}

/** Rules of one participant by their identifier. @throws GatewayError */
export function readRules(body: Buffer): Map<string, RuleVersion[]> {
  const json = readJson(body)
  if (!isJsonObject(json)) throw malformed('an object of rules is wanted')
  const found = Object.entries(json).map(([identifier, versions]): [string, RuleVersion[]] => {
    if (!Array.isArray(versions)) throw malformed('the versions of a rule are no list')
    return [identifier, versions.map(readRuleVersion)]
  })
  return new Map(found)
}

function readRuleVersion(each: Json): RuleVersion {
  if (!isJsonObject(each)) throw malformed('a version of a rule is no object')
  const text = textOf(each, 'a version of a rule')
  const [version, validFrom] = [text('version'), text('validFrom')]
  return { version, validFrom, validTo: text('validTo'), cms: text('cms') }
}
