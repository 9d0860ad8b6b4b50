import type { Texts } from '../texts.ts'

/** Texts of the view workbench. */
export const workbench: Texts['workbench'] = { title: 'Atelier' }
