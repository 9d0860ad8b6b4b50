/** Jurisdictions that may be chosen, named in the language of the page. */
import { alpha2FromAlpha3, alpha3FromAlpha2 } from '../../../base/iso-3166.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const codes = [...letters].flatMap((a) => [...letters].map((b) => a + b)).filter((code) => alpha3FromAlpha2(code))

/** All countries of ISO 3166-1 with their names, in the order of the language. */
export function countries(language: string): { code: string; name: string }[] {
  const order = new Intl.Collator(language)
  return codes
    .map((code) => ({ code, name: countryName(code, language) }))
    .sort((a, b) => order.compare(a.name, b.name))
}

/** The name of a country by either of its codes; the code where the language has none. */
export function countryName(code: string, language: string): string {
  const upper = code.toUpperCase()
  const alpha2 = alpha2FromAlpha3(upper) ?? upper
  // Codes that ISO leaves to users have names in browsers that are not theirs: XA, "Pseudo-Accents".
  if (!alpha3FromAlpha2(alpha2)) return code
  try {
    return new Intl.DisplayNames(language, { type: 'region', fallback: 'code' }).of(alpha2) ?? code
  } catch {
    return code
  }
}
