/** Jurisdictions that may be chosen, named in the language of the page. */
import { alpha2FromAlpha3, alpha3FromAlpha2 } from '../../../base/iso-3166.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const codes = [...letters].flatMap((a) => [...letters].map((b) => a + b)).filter((code) => alpha3FromAlpha2(code))

/** Made once for a language: each takes a browser some milliseconds, and a list of countries is drawn with every change. */
const made = new Map<string, Intl.DisplayNames>()

function namesIn(language: string): Intl.DisplayNames {
  const names = made.get(language) ?? new Intl.DisplayNames(language, { type: 'region', fallback: 'code' })
  made.set(language, names)
  return names
}

let listed: { language: string; countries: { code: string; name: string }[] } | undefined

/** All countries of ISO 3166-1 with their names, in the order of the language. */
export function countries(language: string): { code: string; name: string }[] {
  if (listed?.language !== language) {
    const order = new Intl.Collator(language)
    const named = codes.map((code) => ({ code, name: countryName(code, language) }))
    listed = { language, countries: named.sort((a, b) => order.compare(a.name, b.name)) }
  }
  return listed.countries
}

/** The name of a country by either of its codes; the code where there is none. */
export function countryName(code: string, language: string): string {
  const upper = code.toUpperCase()
  const alpha2 = alpha2FromAlpha3(upper) ?? upper
  // Codes that ISO leaves to users have names in browsers that are not theirs: XA, "Pseudo-Accents".
  return alpha3FromAlpha2(alpha2) ? (namesIn(language).of(alpha2) ?? code) : code
}
