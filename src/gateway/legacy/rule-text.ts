/** A business rule of the EU (eHealth Network, EU DCC validation rules, annex 1) as the text that its author wrote. */
import { isJsonObject } from '../../base/json.ts'
import { readJsonText } from './eu-value-set.ts'

/** A rule, known by what it says of itself, with its text byte for byte. */
export interface RuleText {
  identifier: string
  version: string
  /** Alpha-2, upper case. */
  country: string
  text: Buffer
}

/** Longest `Identifier` and `Version`. */
const mostCharacters = 200

/**
 * Reads what a list says of a rule; the text itself stays as it is.
 * @returns why it is no rule that others could run, as a text that quotes nothing of it
 */
export function readRuleText(bytes: Uint8Array): RuleText | string {
  const read = readJsonText(bytes)
  if (typeof read === 'string') return read
  if (!isJsonObject(read.value)) return 'it is no object'
  const { Identifier: identifier, Version: version, Country: country, Engine: engine } = read.value
  if (!isName(identifier)) return 'it has no Identifier'
  if (!isName(version)) return 'it has no Version'
  if (typeof country !== 'string' || !/^[A-Za-z]{2}$/.test(country)) return 'its Country is no code of two letters'
  if (engine !== 'CERTLOGIC') return 'its Engine is not CERTLOGIC'
  if (!('Logic' in read.value)) return 'it has no Logic'
  return { identifier, version, country: country.toUpperCase(), text: Buffer.from(bytes) }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= mostCharacters
