/**
 * The EU's form of a value set (eHealth Network, Digital COVID Certificate value sets): `{valueSetId, valueSetDate, valueSetValues}`.
 * Rules and wallets find codes by it.
 */
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { inOrder } from './order.ts'

/** System of the identifier by which a ValueSet says that it is one of the EU's. */
export const euValueSetIds = 'https://ec.europa.eu/health/ehealth/covid-19'

/** Extension of a ValueSet with the text in the EU's form out of which it was made, as an Attachment. */
export const euTextExtension = 'http://vidimus.org/fhir/StructureDefinition/eu-value-set'

/** One code of a value set; what is not known of it is an empty text, as the EU writes it. */
export interface EuCode {
  code: string
  display: string
  /** Language of the display, e.g. `en`. */
  lang: string
  /** Whether it is still issued; what is not is verified all the same. */
  active: boolean
  system: string
  /** Version of the code system. */
  version: string
}

/** A value set that is to be written. */
export interface EuValueSet {
  id: string
  /** ISO 8601 date. */
  date: string
  /** Of two with the same code, which this form cannot tell apart, the first counts. */
  codes: readonly EuCode[]
}

/**
 * The text of a value set, the same bytes whenever the content is the same: members in the order in which the EU names them, codes by
 * their code units.
 */
export function writeEuValueSet({ id, date, codes }: EuValueSet): Buffer {
  const first = new Map<string, EuCode>()
  for (const each of codes) if (!first.has(each.code)) first.set(each.code, each)
  // By hand: an object of JavaScript would put codes that are numbers before the others.
  const values = [...first.values()]
    .sort((a, b) => inOrder(a.code, b.code))
    .map(
      ({ code, display, lang, active, system, version }) =>
        `${JSON.stringify(code)}:${JSON.stringify({ display, lang, active, system, version })}`,
    )
  const head = `"valueSetId":${JSON.stringify(id)},"valueSetDate":${JSON.stringify(date)}`
  return Buffer.from(`{${head},"valueSetValues":{${values.join(',')}}}`)
}

/** Why a text is none whose values are no codes. */
export const notCodes = 'a value has no display or no system'

/** What the text of a value set says, as far as it is needed to use it. */
export interface ReadValueSet {
  id: string
  date: string
  codes: EuCode[]
}

/**
 * Reads a value set in the EU's form.
 * @returns why it is none, as a text that quotes nothing of it
 */
export function readEuValueSet(text: Uint8Array): ReadValueSet | string {
  const read = readJsonText(text)
  if (typeof read === 'string') return read
  const { valueSetId: id, valueSetDate: date, valueSetValues: values } = isJsonObject(read.value) ? read.value : {}
  if (typeof id !== 'string' || !/^[A-Za-z0-9.-]{1,64}$/.test(id)) return 'valueSetId is no id'
  if (typeof date !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(date)) return 'valueSetDate is no date'
  if (!isJsonObject(values)) return 'valueSetValues is no object'
  const codes: EuCode[] = []
  for (const [code, value] of Object.entries(values)) {
    if (!isJsonObject(value) || typeof value.display !== 'string' || typeof value.system !== 'string') return notCodes
    if (typeof value.active !== 'boolean') return 'a value does not say whether it is active'
    codes.push({
      code,
      display: value.display,
      lang: textOf(value.lang),
      active: value.active,
      system: value.system,
      version: textOf(value.version),
    })
  }
  return { id, date, codes }
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** JSON of UTF-8 bytes, a byte-order mark left out; the reason when they are none. */
export function readJsonText(bytes: Uint8Array): { value: Json } | string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return 'it is not UTF-8'
    throw error
  }
  try {
    const value: Json = JSON.parse(text)
    return { value }
  } catch (error) {
    // The parser's message quotes the text.
    if (error instanceof SyntaxError) return 'it is not JSON'
    throw error
  }
}
