import { isJsonObject } from '../base/json-object.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import type { Format } from './credential-format.ts'
import { defineMember } from './encoding/define-member.ts'

/**
 * What StructureMaps get of verified content, in the two shapes that published maps read (credentials.md, section 8). Numbers
 * stay numbers; `""` counts as absent.
 */
export interface MapInput {
  /** First column: what core-data-set maps read. */
  claims: Json
  /** Second column: what composition maps read. */
  composition: Json
}

/** Both shapes of a verified credential's content, which is never changed itself. */
export function mapInput(format: Format, content: Json): MapInput {
  const clean = withoutEmptyTexts(content)
  return { claims: coreDataSetShape(format, clean), composition: compositionShape(format, clean) }
}

/** The same for a credential that holds several kinds of certificate: one input for each kind that has maps. */
export function mapInputs(formats: Format[], content: Json): { format: Format; input: MapInput }[] {
  return formats
    .filter((format) => !withoutMaps.has(format))
    .map((format) => ({ format, input: mapInput(format, content) }))
}

/** Kinds that point at content and have none of their own. */
const withoutMaps = new Set<Format>(['hcert-link', 'smart-health-link'])

/**
 * How many events the claims of an input certify, one at least: as many core data sets are due. Claims have one of several
 * shapes; members of another shape do not make them fewer.
 */
export function certifiedEvents({ claims }: MapInput): number {
  const dcc = subclaim(claims, '1')
  return Math.max(
    1,
    count(member(dcc, 'v')) + count(member(dcc, 't')) + count(member(dcc, 'r')),
    cardEvents(member(member(member(claims, 'vc'), 'credentialSubject'), 'fhirBundle')),
    sealEvents(member(member(claims, 'data'), 'msg')),
    count(member(claims, 'evidence')),
    count(member(claims, 'v')),
    ddccEvents(claims),
  )
}

function cardEvents(bundle: Json | undefined): number {
  const types = listOf(member(bundle, 'entry')).map((entry) => member(member(entry, 'resource'), 'resourceType'))
  return types.filter((type) => type === 'Immunization' || type === 'Observation').length
}

function sealEvents(message: Json | undefined): number {
  const doses = listOf(member(message, 've')).map((vaccine) => Math.max(1, count(member(vaccine, 'vd'))))
  return doses.reduce((sum, each) => sum + each, count(member(message, 'tr')))
}

/** The core data set itself, or the flat form, in which a test may stand beside a vaccination. */
function ddccEvents(claims: Json): number {
  const vaccination = member(claims, 'vaccination') ?? member(claims, 'vaccine')
  return count(vaccination) + count(member(claims, 'test'))
}

const member = (value: Json | undefined, name: string) => (isJsonObject(value) ? value[name] : undefined)
const count = (value: Json | undefined) => listOf(value).length

/** An empty map stands for what is not there: real certificates have `t: {}` beside a list of vaccinations. */
function listOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0)) return []
  return Array.isArray(value) ? value : [value]
}

/** First column: claims as they are; where the subclaim is itself what maps read, the subclaim. */
function coreDataSetShape(format: Format, content: Json): Json {
  const key = subclaimKeys[format]
  return (key === undefined ? undefined : subclaim(content, key)) ?? content
}

/** Second column: what the composition maps and the WHO validator's read. */
function compositionShape(format: Format, content: Json): Json {
  return isJsonObject(content) ? (compositions[format]?.(content) ?? content) : content
}

/** Kinds whose subclaim is handed on without the claims around it. A flat certificate has no subclaim: it stays as it is. */
const subclaimKeys: Partial<Record<Format, string>> = {
  'hcert-ddcc-vs': '3',
  'hcert-ddcc-tr': '4',
  'hcert-dvc': '-6',
  'hcert-icvp': '-6',
}

const subclaimShape = (format: Format) => (content: JsonObject) => coreDataSetShape(format, content)

const compositions: Partial<Record<Format, (content: JsonObject) => Json>> = {
  'hcert-dcc': dccComposition,
  'hcert-ddcc-vs': subclaimShape('hcert-ddcc-vs'),
  'hcert-ddcc-tr': subclaimShape('hcert-ddcc-tr'),
  'hcert-dvc': subclaimShape('hcert-dvc'),
  'hcert-icvp': subclaimShape('hcert-icvp'),
  shc: shcComposition,
}

function subclaim(content: Json, key: string): Json | undefined {
  return member(member(content, '-260'), key)
}

/** {iss, sub, aud, exp, nbf, iat, id, data}; WHO's guide reads `data.cert`, its validator `data.dcc`. */
function dccComposition(content: JsonObject): Json {
  const dcc = subclaim(content, '1') ?? null
  const shape: JsonObject = {}
  const copy = (name: string, value: Json | undefined) => {
    if (value !== undefined) shape[name] = value
  }
  copy('iss', content['1'])
  copy('sub', content['2'])
  copy('aud', content['3'])
  copy('exp', day(content['4']))
  copy('nbf', day(content['5']))
  copy('iat', day(content['6']))
  copy('id', content['7'])
  shape.data = { cert: dcc, dcc }
  return shape
}

/** Times of day precision; every inner resource gets the id by which the others refer to it. */
function shcComposition(content: JsonObject): Json {
  const shape: JsonObject = { ...content }
  for (const name of ['nbf', 'exp']) {
    const value = day(content[name])
    if (value !== undefined) shape[name] = value
  }
  const { vc } = content
  const subject = isJsonObject(vc) ? vc.credentialSubject : undefined
  const bundle = isJsonObject(subject) ? subject.fhirBundle : undefined
  if (!isJsonObject(vc) || !isJsonObject(subject) || !isJsonObject(bundle) || !Array.isArray(bundle.entry)) return shape
  const entry = bundle.entry.map(entryWithId)
  return { ...shape, vc: { ...vc, credentialSubject: { ...subject, fhirBundle: { ...bundle, entry } } } }
}

function entryWithId(entry: Json): Json {
  if (!isJsonObject(entry) || !isJsonObject(entry.resource) || typeof entry.fullUrl !== 'string') return entry
  return { ...entry, resource: { ...entry.resource, id: entry.fullUrl } }
}

/** A time in seconds as a date, UTC; what is no time stays absent. */
function day(seconds: Json | undefined): string | undefined {
  if (typeof seconds !== 'number') return undefined
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10)
}

function withoutEmptyTexts(json: Json): Json {
  if (Array.isArray(json)) return json.filter((each) => each !== '').map(withoutEmptyTexts)
  if (!isJsonObject(json)) return json
  const clean: JsonObject = {}
  for (const [name, value] of Object.entries(json))
    if (value !== '') defineMember(clean, name, withoutEmptyTexts(value))
  return clean
}
