import { indexCodeSystem } from '../concept-index.ts'
import type { ImplicitSystem } from './implicit-system.ts'

/** Codes of funds, units of account, metals and tests, which the runtime names but does not list. */
const FURTHER = 'BOV CHE CHW CLF COU MXV USN UYI UYW VED XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'

/** `urn:iso:std:iso:4217`: currency codes, with the names the runtime knows. */
export const currencies: ImplicitSystem = {
  url: 'urn:iso:std:iso:4217',
  make: () => {
    const english = new Intl.DisplayNames('en', { type: 'currency' })
    const provider = indexCodeSystem({
      resourceType: 'CodeSystem',
      url: 'urn:iso:std:iso:4217',
      name: 'ISO4217',
      language: 'en',
      status: 'active',
      content: 'complete',
      caseSensitive: true,
      concept: currencyCodes().map((code) => ({ code, display: english.of(code) ?? code })),
    })
    return {
      ...provider,
      translate: (ref, language) => {
        try {
          return new Intl.DisplayNames(language, { type: 'currency', fallback: 'none' }).of(provider.code(ref))
        } catch {
          return undefined // a language the runtime does not take
        }
      },
    }
  },
}

function currencyCodes(): string[] {
  return [...new Set([...Intl.supportedValuesOf('currency'), ...FURTHER.split(' ')])].sort()
}
