import type { Texts } from '../texts.ts'

/** Texts of the view trust. */
export const trust: Texts['trust'] = { title: 'Confianza' }
