/** A text by language tag; English is the plain text. */
export type Translations = { en: string } & Record<'ar' | 'es' | 'fr' | 'pt' | 'ru' | 'zh', string>

/** A rule library: `rules/cql/<name>.cql` and what is said about it. */
export interface RuleLibrary {
  name: string
  id: string
  title: string
  description: string
  /** Name, FHIR type, maximum, documentation. */
  parameters: [name: string, type: string, max: string, documentation: string][]
  /** Boolean defines for use in rules. */
  results: string[]
  valueSets: string[]
}

/** A PlanDefinition with one check. */
export interface RuleSet {
  id: string
  name: string
  kind: 'vaccination' | 'test' | 'recovery' | 'on-request'
  library: string
  expression: string
  title: Translations
  description: string
  /** What a person reads when the check fails or cannot be answered. */
  message: Translations
  sources: [label: string, url: string][]
}

/** The rule libraries. */
export const libraries: RuleLibrary[] = [
  {
    name: 'VaccinationSchedule',
    id: 'vaccination-schedule',
    title: 'Vaccination schedule',
    description: 'Whether the vaccinations of a certificate complete a primary series or a single-dose schedule.',
    parameters: [
      ['Minimum Days Since Dose', 'integer', '1', 'Days that must have passed since the completing dose; default 0.'],
      [
        'Maximum Days Since Dose',
        'integer',
        '1',
        'Days for which the completing dose counts; default 36525: for ever.',
      ],
      ['Target Diseases', 'string', '*', 'Codes of the diseases that count; default *: every disease.'],
    ],
    results: ['Complete Primary Series', 'Single Dose Schedule'],
    valueSets: ['single-dose-vaccines'],
  },
  {
    name: 'ValidTest',
    id: 'valid-test',
    title: 'Valid test',
    description: 'Whether a certificate shows a negative test that is recent enough.',
    parameters: [
      ['NAAT Hours', 'integer', '1', 'Hours for which a nucleic acid amplification test counts; default 72.'],
      ['Antigen Hours', 'integer', '1', 'Hours for which a rapid antigen test counts; default 24.'],
    ],
    results: ['Valid Test'],
    valueSets: ['nucleic-acid-tests', 'antigen-tests', 'virus-detected', 'virus-not-detected'],
  },
  {
    name: 'RecoveryWindow',
    id: 'recovery-window',
    title: 'Recovery window',
    description: 'Whether a certificate shows a recovery in the days for which it counts.',
    parameters: [
      ['First Day', 'integer', '1', 'Days after the first positive test from which a recovery counts; default 11.'],
      ['Last Day', 'integer', '1', 'Days after the first positive test until which a recovery counts; default 180.'],
    ],
    results: ['Recovery In Window'],
    valueSets: ['covid-19'],
  },
]

const whoVaccination: [string, string] = [
  'WHO: Digital documentation of COVID-19 certificates: vaccination status, technical specifications and implementation guidance (2021)',
  'https://www.who.int/publications/i/item/WHO-2019-nCoV-Digital-certificates-vaccination-2021.1',
]
const whoTest: [string, string] = [
  'WHO: Digital documentation of COVID-19 certificates: test result, technical specifications and implementation guidance (2022)',
  'https://www.who.int/publications/i/item/WHO-2019-nCoV-Digital_certificates_diagnostic_test_results-2022.1',
]
const euRegulation: [string, string] = ['Regulation (EU) 2021/953', 'http://data.europa.eu/eli/reg/2021/953/oj']
const euRecommendation: [string, string] = [
  'Council Recommendation (EU) 2022/107',
  'http://data.europa.eu/eli/reco/2022/107/oj',
]

/** The rule sets. */
export const ruleSets: RuleSet[] = [
  {
    id: 'complete-primary-series',
    name: 'CompletePrimarySeries',
    kind: 'vaccination',
    library: 'VaccinationSchedule',
    expression: 'Complete Primary Series',
    title: {
      en: 'Complete primary series',
      fr: 'Primovaccination complète',
      es: 'Pauta primaria completa',
      pt: 'Esquema vacinal primário completo',
      ru: 'Полный первичный курс вакцинации',
      zh: '完成基础免疫',
      ar: 'اكتمال سلسلة التطعيم الأولية',
    },
    description:
      'A vaccination completes its series: the number of the dose is at least the number of doses of the series, or the product needs one dose only. Undetermined when the certificate does not tell the numbers.',
    message: {
      en: 'The certificate does not show a complete vaccination series.',
      fr: 'Le certificat n’atteste pas un schéma vaccinal complet.',
      es: 'El certificado no acredita una pauta de vacunación completa.',
      pt: 'O certificado não comprova um esquema vacinal completo.',
      ru: 'Сертификат не подтверждает завершённый курс вакцинации.',
      zh: '该证书未能证明已完成疫苗接种程序。',
      ar: 'لا تثبت الشهادة اكتمال سلسلة التطعيم.',
    },
    sources: [whoVaccination, euRegulation],
  },
  {
    id: 'single-dose-schedule',
    name: 'SingleDoseSchedule',
    kind: 'on-request',
    library: 'VaccinationSchedule',
    expression: 'Single Dose Schedule',
    title: {
      en: 'Single-dose schedule',
      fr: 'Schéma à dose unique',
      es: 'Pauta de dosis única',
      pt: 'Esquema de dose única',
      ru: 'Однодозовая схема вакцинации',
      zh: '单剂接种程序',
      ar: 'جدول التطعيم بجرعة واحدة',
    },
    description:
      'A dose of a product whose primary course is one dose was given, whatever total the certificate states. Runs only when a request names it: the rule for the complete primary series counts such a dose already.',
    message: {
      en: 'The certificate does not show a dose of a vaccine with a single-dose schedule.',
      fr: 'Le certificat n’atteste aucune dose d’un vaccin à dose unique.',
      es: 'El certificado no acredita ninguna dosis de una vacuna de dosis única.',
      pt: 'O certificado não comprova nenhuma dose de uma vacina de dose única.',
      ru: 'Сертификат не подтверждает введение вакцины с однодозовой схемой.',
      zh: '该证书未能证明接种过单剂程序疫苗。',
      ar: 'لا تثبت الشهادة تلقي جرعة من لقاح ذي جرعة واحدة.',
    },
    sources: [whoVaccination],
  },
  {
    id: 'valid-test',
    name: 'ValidTestRule',
    kind: 'test',
    library: 'ValidTest',
    expression: 'Valid Test',
    title: {
      en: 'Valid negative test',
      fr: 'Test négatif valide',
      es: 'Prueba negativa válida',
      pt: 'Teste negativo válido',
      ru: 'Действительный отрицательный тест',
      zh: '有效的阴性检测',
      ar: 'اختبار سلبي ساري المفعول',
    },
    description:
      'A negative test was sampled no longer ago than its type allows: 72 hours for nucleic acid amplification, 24 hours for rapid antigen tests. Undetermined when the type or the result is not known.',
    message: {
      en: 'The certificate does not show a negative test that is recent enough.',
      fr: 'Le certificat n’atteste pas un test négatif suffisamment récent.',
      es: 'El certificado no acredita una prueba negativa lo bastante reciente.',
      pt: 'O certificado não comprova um teste negativo suficientemente recente.',
      ru: 'Сертификат не подтверждает достаточно недавний отрицательный тест.',
      zh: '该证书未能证明有足够近期的阴性检测结果。',
      ar: 'لا تثبت الشهادة وجود اختبار سلبي حديث بما يكفي.',
    },
    sources: [whoTest, euRecommendation],
  },
  {
    id: 'recovery-window',
    name: 'RecoveryWindowRule',
    kind: 'recovery',
    library: 'RecoveryWindow',
    expression: 'Recovery In Window',
    title: {
      en: 'Recovery in its window',
      fr: 'Rétablissement dans le délai',
      es: 'Recuperación dentro del plazo',
      pt: 'Recuperação dentro do prazo',
      ru: 'Выздоровление в пределах срока',
      zh: '康复处于有效期内',
      ar: 'التعافي ضمن المدة المحددة',
    },
    description:
      'The first positive test lies between 11 and 180 days back. Undetermined when the certificate does not tell the day and it matters.',
    message: {
      en: 'The certificate does not show a recovery in the days for which it counts.',
      fr: 'Le certificat n’atteste pas un rétablissement dans le délai requis.',
      es: 'El certificado no acredita una recuperación dentro del plazo exigido.',
      pt: 'O certificado não comprova uma recuperação dentro do prazo exigido.',
      ru: 'Сертификат не подтверждает выздоровление в пределах установленного срока.',
      zh: '该证书未能证明康复时间处于有效期内。',
      ar: 'لا تثبت الشهادة تعافيًا ضمن المدة المحددة.',
    },
    sources: [euRegulation],
  },
]
