import path from 'node:path'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { unknownMember } from '../../base/nearest.ts'
import { participantCode, sameParticipant } from '../../base/participant-codes.ts'
import { parseJson } from '../../fhir/json.ts'
import { gatewayMembers, gatewayProblems, gatewaySettings, modeProblems } from './gateway/gateway-settings.ts'
import {
  isOfGateway,
  isUrl,
  trustSourceKinds as kinds,
  type TrustSource,
  type TrustSourceKind,
} from './trust-source.ts'

/** Kinds whose keys may be bound. */
const keyKinds: TrustSourceKind[] = ['did-v2', 'jwks', 'certificates', 'gateway', 'issuers', 'icao-master-list', 'ldif']

/** Members of a source, each with the kinds for which it means something; without, for all. */
const members: Record<string, TrustSourceKind[] | undefined> = {
  name: undefined,
  kind: undefined,
  location: undefined,
  key: ['did-v2', 'icao-master-list', 'ldif'],
  id: ['did-v2'],
  issuer: ['jwks', 'certificates', 'revocation'],
  participant: [...keyKinds, 'revocation', 'gateway-revocation'],
  domain: keyKinds,
  usage: ['did-v2', 'jwks', 'certificates', 'gateway', 'issuers', 'ldif'],
  required: keyKinds,
  ...gatewayMembers,
  firstCopy: ['did-v2', 'jwks', 'icao-master-list'],
  maxAgeSeconds: undefined,
  rejectAgeSeconds: undefined,
  refreshSeconds: undefined,
}
/** Kinds that are read from a folder or file alone. */
const localKinds: readonly TrustSourceKind[] = ['certificates']
const secondsMembers = ['refreshSeconds', 'maxAgeSeconds', 'rejectAgeSeconds'] as const
const textMembers = ['id', 'issuer', 'participant', 'domain', 'usage'] as const

/** How settings read a file they name; relative paths inside it count from its folder. */
export type ReadText = (path: string) => string

/**
 * Reads the setting TRUST_LISTS: a JSON array of sources `{name, kind, location, key?, id?, issuer?, participant?, domain?, usage?, required?, firstCopy?, maxAgeSeconds?,
 * rejectAgeSeconds?, refreshSeconds?, withFederation?, anchors?, mode?}`;
 * or the path of a JSON file with such an array; or paths separated by commas: a folder or a certificate file is of kind
 * `certificates`, a `*.json` file of kind `did-v2` with its pinned key beside it as `<name>.key.json`, a `*.jwks.json` file of
 * kind `jwks`. Empty text means no lists. Throws Error with every problem, one a line.
 */
export function parseTrustLists(text: string, readText: ReadText): TrustSource[] {
  const trimmed = text.trim()
  if (trimmed === '') return []
  if (trimmed.startsWith('{')) throw new Error('TRUST_LISTS: a JSON array of sources is wanted: [{…}]')
  if (trimmed.startsWith('[')) return readSources(parse(trimmed, 'TRUST_LISTS'), '')
  const paths = trimmed
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const [only] = paths
  if (paths.length === 1 && only?.endsWith('.json') && !isJwks(only)) {
    const json = parse(readText(only), only)
    if (Array.isArray(json)) return readSources(json, path.dirname(only))
  }
  const sources = withUniqueNames(paths.map(sourceOfPath))
  const problems = sources.flatMap((source) => pinnedKeyProblem(source, readText) ?? [])
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return sources
}

function parse(text: string, what: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    throw new Error(`${what} is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

const isJwks = (location: string): boolean => /jwks(\.json)?$/.test(location)

function sourceOfPath(location: string): TrustSource {
  const name = path.basename(location).replace(/\.(jwks\.)?json$/, '')
  if (isJwks(location)) return { name, kind: 'jwks', location }
  if (!location.endsWith('.json')) return { name, kind: 'certificates', location }
  return { name, kind: 'did-v2', location, key: [location.replace(/\.json$/, '.key.json')] }
}

/** A list that is named by its path alone has its pinned key beside it: without one no key of it would count. */
function pinnedKeyProblem({ kind, name, location, key = [] }: TrustSource, readText: ReadText): string | undefined {
  const [beside] = key
  if (kind !== 'did-v2' || beside === undefined) return undefined
  try {
    readText(beside)
    return undefined
  } catch {
    const named = JSON.stringify([{ name, kind, location, key: 'signer.json' }])
    return `TRUST_LISTS: ${location} needs the pinned key of its signer, a DID document or JWK, in ${beside} beside it, or in the member "key" of a JSON source: ${named}`
  }
}

/** Two folders may have one base name; lists are told apart by name. */
function withUniqueNames(sources: TrustSource[]): TrustSource[] {
  const seen = new Map<string, number>()
  return sources.map((source) => {
    const count = (seen.get(source.name) ?? 0) + 1
    seen.set(source.name, count)
    return count === 1 ? source : { ...source, name: `${source.name}-${count}` }
  })
}

function readSources(json: Json, folder: string): TrustSource[] {
  if (!Array.isArray(json)) throw new Error('TRUST_LISTS must be a list of sources')
  const problems: string[] = []
  const sources = json.flatMap((entry, at) => {
    const found = isJsonObject(entry) ? sourceProblems(entry) : ['is not an object']
    problems.push(...found.map((problem) => `TRUST_LISTS, source ${at + 1}: ${problem}`))
    return isJsonObject(entry) && found.length === 0 ? [sourceOfEntry(entry, folder)] : []
  })
  const names = sources.map(({ name }) => name)
  for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at))) {
    problems.push(`TRUST_LISTS: two sources are named ${name}`)
  }
  problems.push(...modeProblems(sources))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return sources
}

function sourceProblems(entry: JsonObject): string[] {
  const problems: string[] = []
  const kind = kinds.find((each) => each === entry.kind)
  for (const member of Object.keys(entry)) {
    const known = Object.hasOwn(members, member)
    // A member that would be ignored is a mistake, too.
    if (!known) problems.push(unknownMember(member, Object.keys(members)))
    else if (kind && members[member]?.includes(kind) === false) {
      problems.push(`${member} means nothing for a source of kind ${kind}`)
    }
  }
  for (const member of ['name', 'location']) {
    if (typeof entry[member] !== 'string' || entry[member] === '') problems.push(`${member} is missing`)
  }
  if (!kind) problems.push(`kind must be one of ${kinds.join(', ')}`)
  const keys = [entry.key ?? []].flat()
  if (!keys.every((key) => typeof key === 'string')) problems.push('key must be a path or a list of paths')
  if (entry.kind === 'did-v2' && keys.length === 0) problems.push('a did-v2 list needs the pinned signing key: key')
  problems.push(...gatewayProblems(entry))
  problems.push(...bindingProblems(entry))
  if ('required' in entry && typeof entry.required !== 'boolean') problems.push('required must be true or false')
  problems.push(...placeProblems(entry, kind))
  for (const member of secondsMembers) {
    const value = entry[member]
    if (value !== undefined && !(typeof value === 'number' && value > 0))
      problems.push(`${member} must be a positive number`)
  }
  return problems
}

/** What may be asked for over the network, and what must be a file: a key that came with the list would prove nothing. */
function placeProblems({ location, key, firstCopy }: JsonObject, kind: TrustSourceKind | undefined): string[] {
  const problems: string[] = []
  const isRemote = typeof location === 'string' && isUrl(location)
  if (isRemote && !isPlainAddress(location))
    problems.push('location must be an https address without user, password and fragment')
  if (isRemote && kind && localKinds.includes(kind))
    problems.push(`a source of kind ${kind} is a folder or file, and not an address`)
  if ([key ?? []].flat().some((each) => typeof each === 'string' && isUrl(each)))
    problems.push('key must be a file: a key that is fetched proves nothing')
  if (firstCopy === undefined) return problems
  if (typeof firstCopy !== 'string' || firstCopy === '' || isUrl(firstCopy)) problems.push('firstCopy must be a file')
  if (!isRemote) problems.push('firstCopy means nothing for a location that is a file')
  return problems
}

function isPlainAddress(location: string): boolean {
  const url = URL.parse(location)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && !location.includes('#')
}

/** Whom the keys are bound to must be understood: a misspelt binding would bind nobody. */
function bindingProblems(entry: JsonObject): string[] {
  const problems = textMembers
    .filter((member) => member in entry && (typeof entry[member] !== 'string' || entry[member] === ''))
    .map((member) => `${member} must be a text`)
  const { issuer, participant, kind, location } = entry
  if (typeof participant === 'string' && participant !== '') {
    const isCode = participantCode(participant) !== undefined
    if (!isCode) problems.push('participant must be a code of two or three letters')
    const isOther = typeof issuer === 'string' && participantCode(issuer) !== undefined
    if (isCode && isOther && !sameParticipant(issuer, participant)) problems.push('issuer and participant differ')
  }
  if (kind === 'revocation' && issuer !== undefined) {
    if (typeof issuer === 'string' && !issuer.startsWith('https://'))
      problems.push(
        'issuer of a revocation list must be the https address of an issuer of cards; a country is a participant',
      )
    if (participant !== undefined) problems.push('a revocation list is of an issuer or of a participant, not both')
  }
  const isRemote = typeof location === 'string' && isUrl(location)
  if (kind === 'jwks' && isRemote && issuer === undefined && participant === undefined) {
    problems.push('a JWK set from the network needs the issuer or participant that its keys are bound to')
  }
  return problems
}

function sourceOfEntry(entry: JsonObject, folder: string): TrustSource {
  const resolve = (place: string) => (/^[a-z][a-z0-9+.-]+:/i.test(place) ? place : path.resolve(folder, place))
  const keys = [entry.key ?? []].flat().map((key) => resolve(String(key)))
  const source: TrustSource = {
    name: String(entry.name),
    kind: kinds.find((kind) => kind === entry.kind) ?? 'certificates',
    location: isOfGateway(entry) ? String(entry.location) : resolve(String(entry.location)),
    ...gatewaySettings(entry, resolve),
  }
  if (keys.length > 0) source.key = keys
  if (typeof entry.firstCopy === 'string') source.firstCopy = resolve(entry.firstCopy)
  for (const member of secondsMembers) {
    const value = entry[member]
    if (typeof value === 'number') source[member] = value
  }
  if (entry.required === true) source.required = true
  for (const member of textMembers) {
    const value = entry[member]
    if (typeof value === 'string') source[member] = value
  }
  return source
}
