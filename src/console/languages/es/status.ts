import type { Texts } from '../texts.ts'

/** Texts of the view status. */
export const status: Texts['status'] = { title: 'Estado' }
