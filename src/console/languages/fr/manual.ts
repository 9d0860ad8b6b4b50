import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manuel',
  pages: 'Pages',
  intro:
    'Comment vérifier, écrire des règles et des transformations, publier et exploiter un serveur. Ces pages sont celles de cette version.',
  inEnglish: 'Cette page est rédigée en anglais.',
  inEnglishAll: 'Les pages sont écrites en anglais.',
  begin: 'Par où commencer',
  verify: {
    head: 'Je vérifie des certificats',
    text: 'D’un code à un verdict, avec un lecteur, une caméra, ou sans réseau.',
  },
  author: {
    head: 'J’écris des règles, des transformations et des jeux de valeurs',
    text: 'Une politique en règles, essayée sur des cas, publiée sous une version.',
  },
  operate: {
    head: 'J’exploite un serveur',
    text: 'Installer, surveiller, protéger et sauvegarder ; clés, listes de confiance et passerelles.',
  },
  connect: { head: 'Je raccorde un logiciel', text: 'Ce qui entre, ce qui sort, et ce que porte chaque format.' },
}
