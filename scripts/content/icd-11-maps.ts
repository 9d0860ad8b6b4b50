/** Source system (a key of the EU table), code, ICD-11 code, equivalence of target to source, comment. */
export type MapRow = [
  system: 'register' | 'product' | 'snomed' | 'loinc' | 'atc',
  code: string,
  target: string,
  equivalence?: 'equivalent' | 'wider' | 'relatedto',
  comment?: string,
]

/**
 * Vaccine products. A product whose own ICD-11 code exists is equivalent; every other one goes to its platform, which
 * the EU's encoding instructions tell.
 */
export const euVaccines: MapRow[] = [
  ['register', 'EU/1/20/1528', 'XM8NQ0'],
  ['register', 'EU/1/20/1507', 'XM3DT5'],
  ['register', 'EU/1/21/1529', 'XM4YL8'],
  ['register', 'EU/1/20/1525', 'XM6QV1'],
  ['register', 'EU/1/21/1618', 'XM9T65'],
  ['register', 'EU/1/21/1624', 'XM1NL1', 'wider'],
  ['register', 'EU/1/21/1580', 'XM5JC5', 'wider'],
  ['register', 'EU/1/22/1709', 'XM5JC5', 'wider'],
  ['product', 'CVnCoV', 'XM0GQ8', 'wider'],
  ['product', 'NVX-CoV2373', 'XM9T65'],
  ['product', 'Sputnik-V', 'XM5ZJ4'],
  ['product', 'Convidecia', 'XM1AG7'],
  ['product', 'EpiVacCorona', 'XM6SZ8'],
  ['product', 'BBIBP-CorV', 'XM8866'],
  ['product', 'Inactivated-SARS-CoV-2-Vero-Cell', 'XM1NL1', 'wider'],
  ['product', 'CoronaVac', 'XM7HT3'],
  ['product', 'Covaxin', 'XM1G90'],
  ['product', 'Covishield', 'XM97T2'],
  [
    'product',
    'Covid-19-recombinant',
    'XM9QW8',
    'wider',
    'The viral vector vaccine made by Fiocruz, not a protein subunit.',
  ],
  ['product', 'R-COVI', 'XM9QW8', 'wider', 'The viral vector vaccine made by R-Pharm.'],
  ['product', 'CoviVac', 'XM85P5'],
  ['product', 'Sputnik-Light', 'XM5QM6'],
  ['product', 'Hayat-Vax', 'XM9FQ7'],
  ['product', 'Abdala', 'XM5JC5', 'wider'],
  ['product', 'WIBP-CorV', 'XM1AU2'],
  ['product', 'MVC-COV1901', 'XM4EC8'],
  ['product', 'Covovax', 'XM9T65', 'wider', 'The same substance under another licence.'],
  ['product', 'Vidprevtyn', 'XM5JC5', 'wider'],
  ['product', 'VLA2001', 'XM1NL1', 'wider'],
  ['product', 'EpiVacCorona-N', 'XM3SK8'],
  ['product', 'Sputnik-M', 'XM9QW8', 'wider', 'A viral vector vaccine, as Sputnik V.'],
  ['product', 'Covid-19-adsorvida-inativada', 'XM1NL1', 'wider'],
  ['product', 'NVSI-06-08', 'XM5JC5', 'wider'],
  ['product', 'YS-SC2-010', 'XM5JC5', 'wider'],
  ['product', 'SCTV01C', 'XM5JC5', 'wider'],
  ['product', 'Covifenz', 'XM1J92', 'wider', 'Virus-like particles made in plants.'],
  ['product', 'AZD2816', 'XM9QW8', 'wider', 'A variant vaccine; XM4YL8 is the original product.'],
  ['product', 'Soberana-02', 'XM3PG0'],
  ['product', 'Soberana-Plus', 'XM0RV9'],
]

/** Vaccine or prophylaxis: the platform. */
export const prophylaxes: MapRow[] = [
  ['snomed', '1119305005', 'XM68M6', 'wider'],
  ['snomed', '1119349007', 'XM0GQ8'],
  ['snomed', '1162643001', 'XM5JC5', 'wider'],
  ['snomed', '1157024006', 'XM1NL1'],
  ['snomed', '29061000087103', 'XM9QW8'],
  ['snomed', '28531000087107', 'XM68M6'],
  ['snomed', '30141000087107', 'XM1J92'],
  ['snomed', '1187593009', 'XM6AT1', 'wider'],
  ['atc', 'J07BX03', 'XM68M6'],
]

/** The EU names the disease where a test looks for the agent. */
export const agents: MapRow[] = [
  ['snomed', '840539006', 'XN109', 'relatedto', 'The certificate names the disease; the test looked for its agent.'],
]

/** The two types of test of the EU DCC. */
export const testTypes: MapRow[] = [
  ['loinc', 'LP6464-4', '1334426561'],
  ['loinc', 'LP217198-3', '2056159157'],
]

/** Results, into the value set that the core data set binds. */
export const testResults: MapRow[] = [
  ['snomed', '260373001', 'RA01.0'],
  [
    'snomed',
    '260415000',
    'QA02',
    'relatedto',
    'Ruled out; RA01.1 would be a clinical diagnosis without a positive test.',
  ],
]
