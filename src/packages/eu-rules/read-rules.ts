/**
 * Files of rules of the EU, item by item; nothing is judged here. Known are one rule; a list or lines of rules, also with their tests
 * (`{rule, tests}`); a gateway's answer, in which each rule is a signed message (`{identifier: [{version, validFrom, validTo, cms}]}`);
 * the lists for wallets, which name rules by their hash, with or without their text.
 */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import { jsonPlaces } from '../../fhir/places/json-places.ts'
import { readBytes } from '../large-code-system/byte-reader.ts'
import { BYTE, pastSpace, stringEnd, syntaxFault, valueEnd } from '../large-code-system/json-scan.ts'
import type { ArchiveFile } from '../tar.ts'
import { type EuRuleForm, messageBytes } from './form.ts'
import { beginning, placeWithin, shownPlace, type TextPlace } from './text-place.ts'

/** What a list says of a rule that it holds or names. */
export interface RuleClaims {
  identifier?: string
  version?: string
  country?: string
  validFrom?: string
  validTo?: string
}

/** One item of a file. */
export type EuRuleItem = { place: TextPlace; claims?: RuleClaims } & (
  | { kind: 'rule'; text: Buffer; rule: JsonObject }
  /** A signed message; what is inside is read when it is known to be genuine. */
  | { kind: 'message'; message: Buffer }
  /** A rule that is only named, by the SHA-256 of its text. */
  | { kind: 'hash'; hash: string }
  | { kind: 'fault'; reason: string }
)

/** Longest text of one rule; the longest published one has some 10 kB. */
const mostBytes = 262_144

/** Reads a file whose form is known. Never throws for what is wrong with it: that is an item. */
export function* readEuRules({ bytes }: Pick<ArchiveFile, 'bytes'>, form: EuRuleForm): Generator<EuRuleItem> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (form === 'message') {
    const message = messageBytes(text) ?? Buffer.alloc(0)
    yield { kind: 'message', message, place: beginning }
  } else if (form === 'object') yield* readWhole(text)
  else yield* readSeveral(text, form)
}

/** What was signed: a rule or a list of rules, and no message once more. */
export function* readSignedRules(content: Buffer): Generator<EuRuleItem> {
  const first = readBytes([content])
  const isList = first.peek(pastSpace(first, 0)) === BYTE.openArray
  for (const item of isList ? readSeveral(content, 'list') : readWhole(content))
    yield item.kind === 'message'
      ? { kind: 'fault', reason: 'a signed message inside of a signed message is not read', place: item.place }
      : item
}

function* readSeveral(text: Buffer, form: 'list' | 'lines'): Generator<EuRuleItem> {
  const reader = readBytes([text])
  try {
    if (form === 'list') reader.skip(pastSpace(reader, 0) + 1)
    for (let isFirst = true; ; isFirst = false) {
      const start = pastSpace(reader, 0)
      const next = reader.peek(start)
      if (form === 'lines' ? next < 0 : isFirst && next === BYTE.closeArray) {
        reader.skip(start + 1)
        break
      }
      reader.skip(start)
      const length = valueEnd(reader, 0)
      const place = { line: reader.line(), column: reader.column() }
      yield* readItem(Buffer.from(reader.view(length)), place)
      reader.skip(length)
      if (form === 'lines') continue
      reader.skip(pastSpace(reader, 0))
      const after = reader.peek()
      if (after !== BYTE.comma && after !== BYTE.closeArray) throw syntaxFault(reader, 0, 'a comma or ]')
      reader.skip(1)
      if (after === BYTE.closeArray) break
    }
    const rest = pastSpace(reader, 0)
    if (reader.peek(rest) >= 0) throw syntaxFault(reader, rest, 'the end of the list')
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    yield { kind: 'fault', reason: `${error.message} (${error.issues[0]?.diagnostics ?? ''})`, place: beginning }
  }
}

/** One object is a rule, or a gateway's answer with many. */
function* readWhole(text: Buffer): Generator<EuRuleItem> {
  const read = parsed(text, beginning, Number.POSITIVE_INFINITY)
  if ('kind' in read) return yield read
  const lists = Object.entries(read.value)
  if (!('Logic' in read.value) && lists.length > 0 && lists.every(([, versions]) => Array.isArray(versions)))
    yield* readGateway(text, read.value)
  else yield* readItem(text, beginning)
}

function* readGateway(text: Buffer, answer: JsonObject): Generator<EuRuleItem> {
  const places = jsonPlaces(
    text.toString('utf8'),
    Object.keys(answer).map((name) => `Rules.${name}`),
  )
  for (const [identifier, versions] of Object.entries(answer)) {
    const place = places.get(`Rules.${identifier}`) ?? beginning
    for (const each of Array.isArray(versions) ? versions : []) yield signedVersion(each, identifier, place)
  }
}

function signedVersion(each: Json, identifier: string, place: TextPlace): EuRuleItem {
  const name = { identifier: identifier.slice(0, 60) }
  const { version, validFrom, validTo, cms } = isJsonObject(each) ? each : {}
  if ([version, validFrom, validTo, cms].some((value) => typeof value !== 'string'))
    return {
      kind: 'fault',
      reason: 'a version has version, validFrom, validTo and cms, each a text',
      place,
      claims: name,
    }
  const claims = { identifier, version: String(version), validFrom: String(validFrom), validTo: String(validTo) }
  const message = messageBytes(Buffer.from(String(cms), 'latin1'))
  if (!message) return { kind: 'fault', reason: 'cms is no signed message', place, claims }
  return { kind: 'message', message, place, claims }
}

/** One item of a list: a rule, one with its tests, or a row of the lists for wallets. */
function* readItem(text: Buffer, place: TextPlace): Generator<EuRuleItem> {
  const read = parsed(text, place, mostBytes * 10)
  if ('kind' in read) return yield read
  const { value } = read
  if (isJsonObject(value.rule) && !('Logic' in value)) return yield innerRule(text, place)
  if ('hash' in value && 'identifier' in value) return yield hashRow(value, place)
  yield ruleItem(text, value, place)
}

function ruleItem(text: Buffer, rule: JsonObject, place: TextPlace): EuRuleItem {
  if (text.length <= mostBytes) return { kind: 'rule', text, rule, place }
  return { kind: 'fault', reason: `a rule has at most ${mostBytes} bytes`, place }
}

/** The bytes of the member `rule`, as they stand there: others know a rule by their hash. What counts is what these bytes say. */
function innerRule(text: Buffer, start: TextPlace): EuRuleItem {
  const whole = text.toString('utf8')
  const name = jsonPlaces(whole, ['Item.rule']).get('Item.rule') ?? beginning
  const reader = readBytes([Buffer.from(fromPlace(whole, name))])
  reader.skip(pastSpace(reader, stringEnd(reader, 0)) + 1)
  reader.skip(pastSpace(reader, 0))
  const place = placeWithin(start, placeWithin(name, { line: reader.line(), column: reader.column() }))
  const inner = Buffer.from(reader.view(valueEnd(reader, 0)))
  const read = parsed(inner, place, mostBytes)
  return 'kind' in read ? read : ruleItem(inner, read.value, place)
}

function fromPlace(text: string, { line, column }: TextPlace): string {
  let start = 0
  for (let at = 1; at < line; at++) start = text.indexOf('\n', start) + 1
  return text.slice(start + column - 1)
}

function hashRow(row: JsonObject, place: TextPlace): EuRuleItem {
  const { identifier, version, country, hash, content } = row
  const isRow = [identifier, version, country, hash].every((each) => typeof each === 'string')
  if (!isRow || !/^[0-9a-f]{64}$/.test(String(hash)))
    return { kind: 'fault', reason: 'a row has identifier, version, country, and hash (64 hexadecimal digits)', place }
  const claims = { identifier: String(identifier), version: String(version), country: String(country) }
  if (content === undefined) return { kind: 'hash', hash: String(hash), claims, place }
  const text = Buffer.from(typeof content === 'string' ? content : '')
  if (sha256Hex(text) !== hash)
    return { kind: 'fault', reason: 'content is another text than hash says', claims, place }
  const read = parsed(text, place, mostBytes)
  if ('kind' in read) return { ...read, claims }
  return { ...ruleItem(text, read.value, place), claims }
}

/** An object, read strictly; else the fault. */
function parsed(
  text: Buffer,
  place: TextPlace,
  most: number,
): { value: JsonObject } | Extract<EuRuleItem, { kind: 'fault' }> {
  if (text.length > most) return { kind: 'fault', reason: `an item has at most ${most} bytes`, place }
  try {
    const value = parseJson(text)
    if (isJsonObject(value)) return { value }
    return { kind: 'fault', reason: 'it is no object, and so no rule', place }
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const { details, diagnostics } = error.issues[0] ?? {}
    const [, line, column, what] = /^line (\d+), column (\d+): (.*)$/s.exec(diagnostics ?? '') ?? []
    if (what === undefined) return { kind: 'fault', reason: details?.text ?? error.message, place }
    const at = placeWithin(place, { line: Number(line), column: Number(column) })
    return { kind: 'fault', reason: `not valid JSON at ${shownPlace(at)}: ${what.slice(0, 200)}`, place: at }
  }
}
