import type { Texts } from '../texts.ts'

/** Texts of the view manual. */
export const manual: Texts['manual'] = { title: 'Manual' }
