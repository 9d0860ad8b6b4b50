import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import type { Parameter, Resource } from '../../../src/fhir/types.ts'
import { parseXml } from '../../../src/fhir/xml/read.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'
import { openTestServer } from '../../support/loaded-server.ts'

/** One row of the table: a request of a Terminology Consumer and what the Terminology Repository must answer. */
export interface Row {
  transaction: 'ITI-95' | 'ITI-96' | 'ITI-97' | 'ITI-98' | 'ITI-99' | 'ITI-100' | 'ITI-101'
  /** What the row shows. */
  shows: string
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the FHIR base, with its query; `{name}` is replaced by a value that was found out while writing. */
  path: string
  /** A resource in the row's format, or the text of a form. */
  body?: Resource | string
  headers?: Record<string, string>
  /** Formats to run the row in; both without it. */
  formats?: Format[]
  status: number
  /** Ids of the matches of a search, in any order. */
  ids?: string[]
  /** FHIRPath over the reply that must be true. */
  expect?: string
}

type Format = 'json' | 'xml'

/** A Terminology Repository under test. */
export interface Repository {
  url: string
  values: Map<string, string>
}

const mediaTypes: Record<Format, string> = { json: 'application/fhir+json', xml: 'application/fhir+xml' }

/**
 * A listening server whose store holds these artefacts and the own content of the server. Per artefact the value
 * `lastUpdated:<Type>/<id>` is known afterwards; no two have the same.
 */
export async function openRepository(artefacts: Resource[]): Promise<Repository> {
  const { server, close } = await openTestServer({ DRAFTS: 'public' })
  const listener = createHttpServer(server.handler)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/fhir`
  after(async () => {
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
    await close()
  })
  const values = new Map<string, string>()
  for (const artefact of artefacts) {
    const address = `${artefact.resourceType}/${artefact.id}`
    const written = await fetch(`${url}/${address}`, {
      method: 'PUT',
      headers: { 'Content-Type': mediaTypes.json, Authorization: 'Bearer test' },
      body: JSON.stringify(artefact),
    })
    const text = await written.text()
    assert.equal(written.status, 201, `${address}: ${text}`)
    values.set(`lastUpdated:${address}`, (JSON.parse(text) as Resource).meta?.lastUpdated ?? '')
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  return { url, values }
}

/** Runs every row in its formats as one test each. */
export function runTable(repository: Repository, rows: Row[]): void {
  for (const row of rows) {
    for (const format of row.formats ?? (['json', 'xml'] as const)) {
      test(`${row.transaction} ${format} ${row.shows}: ${row.method ?? 'GET'} ${row.path} → ${row.status}`, () =>
        runRow(repository, row, format))
    }
  }
}

async function runRow({ url, values }: Repository, row: Row, format: Format): Promise<void> {
  const path = row.path.replace(/\{(.+?)\}/g, (_, name: string) => encodeURIComponent(values.get(name) ?? ''))
  const reply = await fetch(`${url}/${path}`, {
    method: row.method ?? 'GET',
    headers: { Accept: mediaTypes[format], ...contentType(row, format), ...row.headers },
    ...(row.body === undefined ? {} : { body: bodyText(row.body, format) }),
  })
  const text = await reply.text()
  assert.equal(reply.status, row.status, text)
  const type = reply.headers.get('content-type') ?? ''
  if (text === '') return assert.equal(row.status === 204 || row.status === 304, true, 'an empty reply')
  const resource = type.startsWith(mediaTypes.xml) ? parseXml(text) : (JSON.parse(text) as Resource)
  const wanted = row.headers?.Accept ? '' : /_format=(json|xml)/.exec(row.path)?.[1]
  if (wanted !== '' && row.status !== 406) {
    assert.ok(type.startsWith(mediaTypes[(wanted as Format | undefined) ?? format]), type)
  }
  if (row.status >= 400) assert.equal(resource.resourceType, 'OperationOutcome')
  if (row.ids) assert.deepEqual(matchIds(resource), [...row.ids].sort(), text)
  if (row.expect !== undefined)
    assert.deepEqual(compileFhirPath(row.expect)(resource), [true], `${row.expect}\n${text}`)
}

function contentType(row: Row, format: Format): Record<string, string> {
  if (row.body === undefined) return {}
  return {
    'Content-Type': typeof row.body === 'string' ? 'application/x-www-form-urlencoded' : mediaTypes[format],
  }
}

function bodyText(body: Resource | string, format: Format): string {
  if (typeof body === 'string') return body
  return format === 'xml' ? writeXml(body) : JSON.stringify(body)
}

function matchIds(resource: Resource): string[] {
  assert.equal(resource.resourceType, 'Bundle')
  if (resource.resourceType !== 'Bundle') return []
  const matches = (resource.entry ?? []).filter((entry) => entry.search?.mode === 'match')
  return matches.map((entry) => entry.resource?.id ?? '').sort()
}

/** The same call of an operation as a GET and as a POST of Parameters. */
export function bothMethods(row: Omit<Row, 'method' | 'path' | 'body'> & { path: string; ask: Parameter[] }): Row[] {
  const { ask, path, ...rest } = row
  const query = ask.map((each) => `${each.name}=${encodeURIComponent(primitive(each))}`).join('&')
  return [
    { ...rest, method: 'GET', path: query === '' ? path : `${path}?${query}` },
    {
      ...rest,
      method: 'POST',
      path,
      body: { resourceType: 'Parameters', ...(ask.length > 0 ? { parameter: ask } : {}) },
    },
  ]
}

function primitive(parameter: Parameter): string {
  for (const [name, value] of Object.entries(parameter)) if (name.startsWith('value')) return String(value)
  throw new Error(`${parameter.name} has no value that a query can carry`)
}

/** Short forms for the parameters of a call. */
export const uri = (name: string, valueUri: string): Parameter => ({ name, valueUri })
export const code = (name: string, valueCode: string): Parameter => ({ name, valueCode })
export const text = (name: string, valueString: string): Parameter => ({ name, valueString })
export const yes = (name: string): Parameter => ({ name, valueBoolean: true })
export const no = (name: string): Parameter => ({ name, valueBoolean: false })
export const number = (name: string, valueInteger: number): Parameter => ({ name, valueInteger })
export const canonical = (name: string, valueCanonical: string): Parameter => ({ name, valueCanonical })
export const dateTime = (name: string, valueDateTime: string): Parameter => ({ name, valueDateTime })
