/** Texts of the pages of docs/. */
export const manual = {
  title: 'Manual',
  pages: 'Pages',
  intro:
    'How to verify, to write rules and maps, to publish, and to run a server. These pages came with this version of it.',
  inEnglish: 'This page is written in English.',
  inEnglishAll: 'The pages are written in English.',
  begin: 'Where to begin',
  verify: {
    head: 'I verify certificates',
    text: 'From a code to a verdict, with a scanner, a camera, or without a network.',
  },
  author: {
    head: 'I write rules, maps and value sets',
    text: 'Policy as rules, tested with cases, published under a version.',
  },
  operate: { head: 'I run a server', text: 'Install, watch, secure and back up; keys, trust lists and gateways.' },
  connect: { head: 'I connect software', text: 'What goes in, what comes out, and what each format carries.' },
}
