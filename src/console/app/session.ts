/**
 * What holds while the console is open. Language and appearance are remembered on this machine; the token, the clock and everything of a
 * person are held in memory alone and gone with the page.
 */
import { effect, signal } from '@preact/signals'
import { type LanguageCode, languageCodes } from '../languages/codes.ts'

const memoryKey = 'vidimus.appearance'

/** `system` follows the machine. */
export type Scheme = 'system' | 'light' | 'dark'

interface Remembered {
  language?: string
  scheme?: string
}

function remembered(): Remembered {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(memoryKey) ?? '{}')
    return typeof found === 'object' && found !== null ? found : {}
  } catch {
    return {}
  }
}

function firstLanguage(): LanguageCode {
  const wanted = [remembered().language ?? '', ...navigator.languages].map((tag) => tag.toLowerCase().split('-')[0])
  return (
    languageCodes.find((code) => code === wanted.find((each) => languageCodes.some((known) => known === each))) ?? 'en'
  )
}

function firstScheme(): Scheme {
  const { scheme } = remembered()
  return scheme === 'light' || scheme === 'dark' ? scheme : 'system'
}

/** Language of the console and of what it asks the server to say. */
export const language = signal<LanguageCode>(firstLanguage())
/** Light or dark. */
export const scheme = signal<Scheme>(firstScheme())
/** Bearer token for what is not open to everybody; empty without one. Never stored. */
export const token = signal('')

/** Keeps the page's own attributes, and what is remembered, as the signals say. */
export function applyAppearance(): void {
  effect(() => {
    const { documentElement } = document
    documentElement.lang = language.value
    documentElement.dir = language.value === 'ar' ? 'rtl' : 'ltr'
    if (scheme.value === 'system') delete documentElement.dataset.scheme
    else documentElement.dataset.scheme = scheme.value
    try {
      localStorage.setItem(memoryKey, JSON.stringify({ language: language.value, scheme: scheme.value }))
    } catch {
      // A browser that remembers nothing shows the same page.
    }
  })
}
