import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manual',
  pages: 'Páginas',
  intro:
    'Cómo verificar, escribir reglas y transformaciones, publicar y operar un servidor. Estas páginas son las de esta versión.',
  inEnglish: 'Esta página está escrita en inglés.',
}
