/** The languages of the console, by their codes (BCP 47), each with its own name. */
export const languageNames = { en: 'English', fr: 'Français', es: 'Español', ar: 'العربية', pt: 'Português' } as const

/** A language of the console. */
export type LanguageCode = keyof typeof languageNames

/** All of them, in the order in which they are offered. */
export const languageCodes: readonly LanguageCode[] = ['en', 'fr', 'es', 'ar', 'pt']
