import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manual',
  pages: 'Páginas',
  intro:
    'Como verificar, escrever regras e transformações, publicar e operar um servidor. Estas páginas são as desta versão.',
  inEnglish: 'Esta página está escrita em inglês.',
  inEnglishAll: 'As páginas estão escritas em inglês.',
  begin: 'Por onde começar',
  verify: {
    head: 'Verifico certificados',
    text: 'De um código a um veredicto, com um leitor, uma câmara ou sem rede.',
  },
  author: {
    head: 'Escrevo regras, mapas e conjuntos de valores',
    text: 'Uma política em regras, experimentada com casos, publicada com uma versão.',
  },
  operate: {
    head: 'Mantenho um servidor',
    text: 'Instalar, vigiar, proteger e salvaguardar; chaves, listas de confiança e gateways.',
  },
  connect: { head: 'Ligo programas', text: 'O que entra, o que sai e o que cada formato leva.' },
}
