import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manuel',
  pages: 'Pages',
  intro:
    'Comment vérifier, écrire des règles et des transformations, publier et exploiter un serveur. Ces pages sont celles de cette version.',
  inEnglish: 'Cette page est rédigée en anglais.',
}
