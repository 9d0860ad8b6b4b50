import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manual',
  pages: 'Páginas',
  intro:
    'Como verificar, escrever regras e transformações, publicar e operar um servidor. Estas páginas são as desta versão.',
  inEnglish: 'Esta página está escrita em inglês.',
}
