import type { Texts } from '../texts.ts'

/** Texts of the pages of docs/. */
export const manual: Texts['manual'] = {
  title: 'الدليل',
  pages: 'الصفحات',
  intro: 'كيف تتحقّق، وتكتب القواعد وخرائط التحويل، وتنشرها، وتشغّل الخادم. هذه الصفحات جاءت مع هذا الإصدار منه.',
  inEnglish: 'هذه الصفحة مكتوبة بالإنجليزية.',
}
