/** Trusted references: create, update, delete, read one, list. */
import { randomUUID } from 'node:crypto'
import {
  type Answer,
  type Asked,
  empty,
  internalError,
  invalid,
  json,
  problem,
  uuidPattern,
  valuesOf,
  wantsFederation,
} from './answer.ts'
import type { Quirks } from './quirks.ts'
import type { ReferenceRow, Rows } from './rows.ts'
import { openByUploader } from './upload.ts'

const texts = {
  url: [1, 100],
  country: [2, 2],
  service: [1, 1024],
  thumbprint: [1, 64],
  name: [1, 512],
  sslPublicKey: [1, 2048],
  contentType: [1, 512],
} as const
const enums = { type: ['DCC', 'FHIR'], signatureType: ['CMS', 'JWS', 'NONE'] } as const
const columns = { referenceVersion: 256, domain: 32 } as const
const required = ['referenceVersion', 'type', 'signatureType', ...Object.keys(texts)]

const notParsed = (details: string) => problem(400, '0x000', 'JSON Could not be parsed', details)
const missing = () => problem(404, '0x000', 'Trusted Reference does not exist')

/** POST /trust/reference */
export async function uploadReference(rows: Rows, quirks: Quirks, asked: Asked): Promise<Answer> {
  const sent = parseReference(await openByUploader(rows, asked))
  const { country, uuid } = sent
  if (country === undefined) throw internalError()
  if (country !== asked.country)
    throw problem(403, '0x000', 'Invalid Country sent', 'Country does not match your authentication.')
  const faults = faultsOf(sent, asked)
  if (faults.length > 0) throw problem(400, '0x000', 'TrustedReference has invalid values.', faults.join(', '))
  const present = rows.references.find((each) => each.uuid === uuid)
  if (uuid !== undefined && !present) throw missing()
  if (present && quirks.updateChecksOwner && present.country !== asked.country)
    throw problem(403, '0x000', 'Invalid Country sent', 'The reference is of another country.')
  const tooLong = Object.entries(columns).some(([name, most]) => (sent[name]?.length ?? 0) > most)
  if (tooLong) throw internalError()
  // an update moves the row to the end of the list, and to the country of whoever sends it
  if (present) rows.references.splice(rows.references.indexOf(present), 1)
  rows.references.push({
    ...sent,
    uuid: uuid ?? randomUUID(),
    domain: sent.domain ?? 'DDCC',
    version: 1,
  } as ReferenceRow)
  return empty(201)
}

/** Strings, numbers for strings, enumerations by name or position; unknown members are passed over, the last of two counts. */
function parseReference(text: string): Record<string, string | undefined> {
  const read = parseObject(text)
  const sent: Record<string, string | undefined> = {}
  for (const name of [...Object.keys(texts), ...Object.keys(columns), 'uuid']) {
    const value = read[name]
    if (value === undefined || value === null) continue
    if (typeof value === 'object') throw notParsed(`${name} is not a text`)
    sent[name] = String(value)
  }
  for (const [name, values] of Object.entries(enums)) {
    const value = read[name]
    if (value === undefined || value === null) continue
    const found = typeof value === 'number' ? values[value] : values.find((each) => each === value)
    if (!found) throw notParsed(`${name} is none of ${values.join(', ')}`)
    sent[name] = found
  }
  if (read.version !== undefined && Number.isNaN(Number(read.version))) throw notParsed('version is not a number')
  return sent
}

/**
 * A JSON object of a signed text.
 * @throws Refusal 400 0x000
 */
export function parseObject(text: string): Record<string, unknown> {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (error) {
    throw notParsed(String(error))
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) throw notParsed('not an object')
  return read as Record<string, unknown>
}

function faultsOf(sent: Record<string, string | undefined>, asked: Asked): string[] {
  const nulls = required.filter((name) => sent[name] === undefined).map((name) => `${name}: ${invalid(asked, 'null')}`)
  const sizes = Object.entries(texts).flatMap(([name, [least, most]]) => {
    const length = sent[name]?.length // UTF-16 units
    return length !== undefined && (length < least || length > most)
      ? [`${name}: ${invalid(asked, 'size', least, most)}`]
      : []
  })
  const isPattern = sent.uuid === undefined || uuidPattern.test(sent.uuid)
  return [...nulls, ...sizes, ...(isPattern ? [] : [`uuid: ${invalid(asked, 'pattern', uuidPattern.source)}`])]
}

/** DELETE /trust/reference */
export async function deleteReference(rows: Rows, asked: Asked): Promise<Answer> {
  const { uuid } = parseObject(await openByUploader(rows, asked))
  const at = rows.references.findIndex((each) => each.uuid === uuid)
  if (at < 0) throw missing()
  if (rows.references[at]?.country !== asked.country)
    throw problem(403, '0x000', 'Invalid Country sent', 'The reference is of another country.')
  rows.references.splice(at, 1)
  return empty(204)
}

/** GET /trust/reference/{uuid} */
export function readReference(rows: Rows, quirks: Quirks, asked: Asked): Answer {
  const uuid = asked.path.split('/').at(-1) ?? ''
  if (!uuidPattern.test(uuid))
    throw problem(400, '0x001', 'Validation Error', `uuid: ${invalid(asked, 'pattern', uuidPattern.source)}`)
  const found = rows.references.find((each) => each.uuid === uuid)
  if (!found) throw problem(quirks.notFoundAs400 ? 400 : 404, '0x000', 'Trusted Reference does not exist')
  return json(found)
}

/** GET /trustList/references */
export function listReferences(rows: Rows, quirks: Quirks, asked: Asked): Answer {
  const filter = (name: string) => valuesOf(asked.query, name)
  const [countries, domains] = quirks.swappedFilters
    ? [filter('domain'), filter('country')]
    : [filter('country'), filter('domain')]
  const known = (name: string, values: readonly string[]) => {
    const asks = filter(name)
    return quirks.ignoreUnknownEnumFilters ? asks.filter((each) => values.includes(each)) : asks
  }
  const types = known('referenceType', enums.type)
  const signatures = known('signatureType', enums.signatureType)
  const withFederation = wantsFederation(asked)
  const fits = (wanted: string[], value: string) => wanted.length === 0 || wanted.includes(value)
  return json(
    rows.references.filter(
      (row) =>
        (withFederation || row.sourceGateway === undefined) &&
        fits(countries, row.country) &&
        fits(domains, row.domain) &&
        fits(types, row.type) &&
        fits(signatures, row.signatureType),
    ),
  )
}
