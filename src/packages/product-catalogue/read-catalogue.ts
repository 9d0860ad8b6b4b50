/** Catalogues of products as their publishers write them, read strictly: a file is taken whole, or refused with every fault and its place. */
import { open } from 'node:fs/promises'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import { jsonPlaces } from '../../fhir/places/json-places.ts'
import { catalogueRows } from './columns.ts'
import { collectFindings, type Findings } from './faults.ts'
import { kindOf } from './fields.ts'
import { readProduct } from './prequalification.ts'
import type { Product, ReadCatalogue } from './product.ts'
import { devicesOfDatabase, devicesOfSet, testDeviceSet } from './test-devices.ts'

/** Most bytes of a catalogue: WHO's has some 2 MB. */
const mostBytes = 20_000_000
/** Most products of one. */
const mostProducts = 20_000

/**
 * Reads a file with a catalogue.
 * @throws FhirError 413 when it is too large, 422 when it is none or has faults
 */
export async function readCatalogueFile(path: string): Promise<ReadCatalogue> {
  const file = await open(path, 'r')
  try {
    const about = await file.stat()
    if (!about.isFile()) throw unprocessable(`${path} is no file.`)
    if (about.size > mostBytes) throw tooLarge(about.size)
    const bytes = Buffer.alloc(about.size + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = (await file.read(bytes, length, bytes.length - length)).bytesRead
    if (length > about.size) throw unprocessable('The file grew while it was read.')
    return readCatalogue(bytes.subarray(0, length))
  } finally {
    await file.close()
  }
}

const tooLarge = (bytes: number) =>
  new FhirError(
    413,
    issue(
      'too-costly',
      `The file has ${Math.ceil(bytes / 1e6)} MB; a product catalogue has at most ${mostBytes / 1e6} MB.`,
    ),
  )

/** Reads a catalogue: WHO's prequalification database as JSON or CSV, the EU's value set of tests, the database of the JRC. */
function readCatalogue(bytes: Uint8Array): ReadCatalogue {
  const text = textOf(bytes)
  if (text.trim() === '') throw unprocessable('The file is empty.', 'structure')
  const findings = collectFindings()
  const read = /^\s*[{[]/.test(text) ? readJson(text, findings) : readCsv(bytes, findings)
  findings.refuse()
  if (read.products.length === 0)
    throw unprocessable('The file lists no product; what is stored would all be taken for gone.', 'structure')
  if (read.products.length > mostProducts)
    throw unprocessable(`The file lists more than ${mostProducts} products.`, 'too-costly')
  refuseTwice(read.products, findings)
  findings.refuse()
  const { products, date } = read
  return { products, remarks: findings.remarks(), ...(date !== undefined && { date }) }
}

type Read = Omit<ReadCatalogue, 'remarks'>

/** @throws FhirError 422 with the line where it is no UTF-8 */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (isUtf16 || bytes.subarray(0, 4).includes(0))
    throw unprocessable('The file is UTF-16 or no text at all; a catalogue is UTF-8.', 'structure')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const line = brokenLine(bytes)
    const text = `line ${line}: the file is not UTF-8; save it as UTF-8`
    throw unprocessable({ text, diagnostics: `line ${line}` }, 'structure')
  }
}

/** Number of the first line that is no UTF-8; a line break is no part of any other character. */
function brokenLine(bytes: Uint8Array): number {
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start)
    const end = found < 0 ? bytes.length : found
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))
    } catch {
      return line
    }
    start = end + 1
  }
  return line
}

function readCsv(bytes: Uint8Array, findings: Findings): Read {
  const products: Product[] = []
  for (const { row, place } of catalogueRows(bytes, findings)) {
    const product = readProduct(row, place, findings)
    if (product) products.push(product)
    if (products.length > mostProducts) break
  }
  return { products }
}

function readJson(text: string, findings: Findings): Read {
  const value = parsed(text)
  if (!isJsonObject(value)) throw notCatalogue(`it is ${kindOf(value)}`)
  if ('FinishedVaccineProducts' in value) return readPrequalification(value, text, findings)
  if (value.valueSetId === testDeviceSet) return readSet(value, text, findings)
  if ('deviceList' in value) return readDevices(value, text, findings)
  const members = Object.keys(value).slice(0, 8).join(', ').slice(0, 200)
  throw notCatalogue(`its members are ${members === '' ? 'none' : members}`)
}

/** What is wrong with a file is no fault of a request. */
function parsed(text: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof FhirError) throw new FhirError(422, error.issues)
    throw error
  }
}

const notCatalogue = (why: string) =>
  unprocessable(
    `The file is no product catalogue: ${why}. Known are WHO's FinishedVaccineProducts, the EU's value set ${testDeviceSet}, the JRC's deviceList, and CSV.`,
    'structure',
  )

function readPrequalification(value: JsonObject, text: string, findings: Findings): Read {
  const { FinishedVaccineProducts: rows, Status: reply, AdditionalInfo: info } = value
  for (const name of Object.keys(value))
    if (!['FinishedVaccineProducts', 'AdditionalInfo', 'Status'].includes(name))
      findings.remark('the file', `the member ${name.slice(0, 100)} is not known and was left out`)
  const code = isJsonObject(reply) ? reply.StatusCode : undefined
  if (code !== undefined && code !== 'SUCCESS')
    throw notCatalogue(`the database answered ${String(code).slice(0, 40)}, and no list`)
  if (!Array.isArray(rows)) throw notCatalogue(`FinishedVaccineProducts is ${kindOf(rows ?? null)} and no list`)
  const total = isJsonObject(info) ? info.TotalRecords : undefined
  if (typeof total === 'number' && total !== rows.length)
    findings.remark(
      'the file',
      `the database says that it has ${total} products, and the file lists ${rows.length}: what it does not list is taken for gone`,
    )
  const placeOf = places(text, 'FinishedVaccineProducts', rows.length)
  const products = rows.flatMap((row, index) => {
    if (isJsonObject(row)) return readProduct(row, placeOf(index), findings) ?? []
    findings.fault(placeOf(index), `is ${kindOf(row)} and no object`)
    return []
  })
  return { products }
}

function readSet({ valueSetValues: values, valueSetDate: date }: JsonObject, _text: string, findings: Findings): Read {
  if (!isJsonObject(values)) throw notCatalogue('valueSetValues is no object')
  const products = devicesOfSet(values, findings)
  return { products, ...dated(date) }
}

function readDevices({ deviceList: list, extracted_on: date }: JsonObject, text: string, findings: Findings): Read {
  if (!Array.isArray(list)) throw notCatalogue('deviceList is no list')
  const placeOf = places(text, 'deviceList', list.length)
  return { products: devicesOfDatabase(list, findings, placeOf), ...dated(date) }
}

const dated = (date: Json | undefined) =>
  typeof date === 'string' && /^\d{4}-\d{2}-\d{2}/.test(date) ? { date: date.slice(0, 10) } : {}

/** Where the items of a list stand, for people. */
function places(text: string, member: string, count: number): (index: number) => string {
  const expressions = Array.from({ length: Math.min(count, mostProducts) }, (_, index) => `File.${member}[${index}]`)
  const found = jsonPlaces(text, expressions)
  return (index) => {
    const line = found.get(`File.${member}[${index}]`)?.line
    return line === undefined ? `row ${index + 1}` : `row ${index + 1} (line ${line})`
  }
}

/** Ids differ by more than case: WHO's system does not tell case apart. */
function refuseTwice(products: Product[], findings: Findings): void {
  const seen = new Map<string, Product>()
  for (const product of products) {
    const key = `${product.kind} ${product.id.toLowerCase()}`
    const earlier = seen.get(key)
    if (earlier) findings.fault(product.place, `the id ${product.id} is that of ${earlier.place}, too`)
    else seen.set(key, product)
  }
}
