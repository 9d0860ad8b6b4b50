/** The texts in the language that is chosen; a language is loaded when it is first needed. */
import { signal } from '@preact/signals'
import type { LanguageCode } from './codes.ts'
import type { Texts } from './texts.ts'

const tables: Record<LanguageCode, () => Promise<{ texts: Texts }>> = {
  en: () => import('./en/en.ts'),
  fr: () => import('./fr/fr.ts'),
  es: () => import('./es/es.ts'),
  ar: () => import('./ar/ar.ts'),
  pt: () => import('./pt/pt.ts'),
}

const current = signal<Texts | undefined>(undefined)

/** Loads a language and shows it. */
export async function loadLanguage(code: LanguageCode): Promise<void> {
  const { texts } = await tables[code]()
  current.value = texts
}

/** The texts that are shown; whoever reads them in a component is drawn anew in another language. @throws Error before one is loaded */
export function texts(): Texts {
  if (!current.value) throw new Error('no language is loaded')
  return current.value
}
