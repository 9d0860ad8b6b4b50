import type { Texts } from '../texts.ts'

/** Texts of the view verify. */
export const verify: Texts['verify'] = { title: 'Verificar' }
