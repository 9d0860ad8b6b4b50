/** Texts of the pages of docs/. */
export const manual = {
  title: 'Manual',
  pages: 'Pages',
  intro:
    'How to verify, to write rules and maps, to publish, and to run a server. These pages came with this version of it.',
  inEnglish: 'This page is written in English.',
}
