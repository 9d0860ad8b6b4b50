import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'Manual',
  pages: 'Páginas',
  intro:
    'Cómo verificar, escribir reglas y transformaciones, publicar y operar un servidor. Estas páginas son las de esta versión.',
  inEnglish: 'Esta página está escrita en inglés.',
  inEnglishAll: 'Las páginas están escritas en inglés.',
  begin: 'Por dónde empezar',
  verify: { head: 'Verifico certificados', text: 'De un código a un veredicto, con un lector, una cámara o sin red.' },
  author: {
    head: 'Escribo reglas, mapas y conjuntos de valores',
    text: 'Una política en reglas, probada con casos, publicada con una versión.',
  },
  operate: {
    head: 'Mantengo un servidor',
    text: 'Instalar, vigilar, proteger y respaldar; claves, listas de confianza y pasarelas.',
  },
  connect: { head: 'Conecto programas', text: 'Lo que entra, lo que sale y lo que lleva cada formato.' },
}
