/** Language reference sets by the tags of the dialects whose terms they choose. */
import { dialectAliases } from '../ecl/evaluate/dialect.ts'

const NONE: readonly string[] = []

/** Of these there are two, of which releases have one or the other. */
const FURTHER: Readonly<Record<string, string>> = { es: '448879004' }

/**
 * The language reference sets of a dialect, by its tag in any case: an alias (SNOMED CT Expression Constraint Language, appendix C), or a
 * tag that names a reference set itself (Using SNOMED CT with HL7 Standards: `en-x-sctlang-90000000-00005080-04`). None for any other.
 */
export function dialectRefsets(tag: string): readonly string[] {
  const lower = tag.toLowerCase()
  const alias = dialectAliases.get(lower)
  if (alias !== undefined) return Object.hasOwn(FURTHER, lower) ? [alias, FURTHER[lower] ?? alias] : [alias]
  const named = /-x-sctlang-([\d-]+)$/.exec(lower)?.[1]?.replaceAll('-', '')
  return named !== undefined && /^\d{6,18}$/.test(named) ? [named] : NONE
}
