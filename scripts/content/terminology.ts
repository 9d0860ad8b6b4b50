import { readFileSync } from 'node:fs'
import type { CodeSystem, CodeSystemConcept, ConceptMap, ValueSet } from '../../src/fhir/types.ts'
import {
  certificateKinds,
  checks,
  decisions,
  formats,
  icd11Concepts,
  loincAntigen,
  loincNucleicAcid,
  statuses,
  type Term,
} from './code-tables.ts'
import { computedSystems } from './computed-systems.ts'
import { agents, euVaccines, type MapRow, prophylaxes, testResults, testTypes } from './icd-11-maps.ts'
import { canonical, computerName, icd11, published } from './metadata.ts'

const date = '2026-11-25'
/** Version of what is taken from systems of other publishers: the day, so that it is never taken for theirs or another copy of it. */
const excerptVersion = date
const EU = {
  iso: 'urn:iso:std:iso:3166',
  snomed: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  register: 'https://ec.europa.eu/health/documents/community-register/html/',
  product: 'http://ec.europa.eu/temp/vaccineproductname',
  holder: 'https://spor.ema.europa.eu/v1/organisations',
  manufacturer: 'http://ec.europa.eu/temp/vaccinemanufacturer',
  country: 'http://ec.europa.eu/temp/countrycodes',
  device: 'https://covid-19-diagnostics.jrc.ec.europa.eu/devices',
  atc: 'http://www.whocc.no/atc',
}
const cvx = 'http://hl7.org/fhir/sid/cvx'

const tsv = (name: string): string[][] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))

const cvxRows = tsv('./cvx.tsv')

interface EuCode {
  valueSet: string
  system: string
  code: string
  display: string
  inactive: boolean
}

const euCodes: EuCode[] = tsv('./eu-dcc.tsv').map(([valueSet = '', system = '', code = '', display = '', mark]) => ({
  valueSet,
  system,
  code,
  display,
  inactive: mark === 'inactive',
}))

/** Systems that have no FHIR CodeSystem elsewhere: published so that displays and inactive codes are known. */
const euSystems: [id: string, system: string, content: CodeSystem['content'], title: string][] = [
  ['eu-temporary-country-codes', EU.country, 'complete', 'EU temporary country codes'],
  ['eu-temporary-vaccine-product-names', EU.product, 'complete', 'EU temporary names of vaccine products'],
  ['eu-temporary-vaccine-manufacturers', EU.manufacturer, 'complete', 'EU temporary names of vaccine manufacturers'],
  ['eu-community-register', EU.register, 'fragment', 'EU community register of medicinal products, COVID-19 vaccines'],
  ['ema-spor-organisations', EU.holder, 'fragment', 'EMA SPOR organisations, COVID-19 vaccines'],
  ['jrc-covid-19-test-devices', EU.device, 'fragment', 'JRC database of COVID-19 test devices, rapid antigen tests'],
  ['who-atc-covid-19', EU.atc, 'fragment', 'WHO ATC, COVID-19 vaccines'],
]

function euCodeSystem([id, url, content, title]: (typeof euSystems)[number]): CodeSystem {
  const concept = euCodes
    .filter((each) => each.system === url)
    .map(({ code, display, inactive }): CodeSystemConcept => {
      const property = inactive ? { property: [{ code: 'inactive', valueBoolean: true }] } : {}
      return { code, display, ...property }
    })
  return {
    resourceType: 'CodeSystem',
    id,
    url,
    ...published(date),
    version: excerptVersion,
    name: computerName(id),
    title,
    description: `Codes of this system that EU Digital COVID Certificates use. Inactive ones are no longer issued and stay valid for verification.`,
    caseSensitive: true,
    content,
    count: concept.length,
    property: [
      {
        code: 'inactive',
        uri: 'http://hl7.org/fhir/concept-properties#inactive',
        description: 'No longer issued; a certificate that carries the code is still verified.',
        type: 'boolean',
      },
    ],
    concept,
  }
}

const ownSystems: [id: string, title: string, description: string, terms: Term[]][] = [
  [
    'certificate-kind',
    'Certificate kind',
    'What a rule set is about, in `useContext` with the code `focus`.',
    certificateKinds,
  ],
  ['decision', 'Decision', 'The one word of an evaluation.', decisions],
  [
    'verification-status',
    'Verification status',
    'Whether a credential is authentic and in force; the first thing that is wrong.',
    statuses,
  ],
  ['verification-check', 'Verification check', 'The steps of verifying a credential, in their order.', checks],
  ['credential-format', 'Credential format', 'Formats of health credentials that are told apart.', formats],
  [
    'rule-type',
    'Rule type',
    'Which side of the border a rule belongs to, in `PlanDefinition.action.code`.',
    [
      ['acceptance', 'Acceptance rule', 'A demand of the verifying jurisdiction.'],
      [
        'invalidation',
        'Invalidation rule',
        'A condition under which the issuing jurisdiction holds its own certificate invalid.',
      ],
    ],
  ],
  [
    'publication',
    'Publication',
    'What publication found, in `meta.tag` of what an import stored as a draft and in the details of issues.',
    [
      [
        'not-fit',
        'Not fit to be active',
        'The artefact cannot be read, cannot be run or can never answer; it is kept as a draft and used for nothing.',
      ],
    ],
  ],
]

function ownCodeSystem([id, title, description, terms]: (typeof ownSystems)[number]): CodeSystem {
  return {
    resourceType: 'CodeSystem',
    id,
    url: canonical('CodeSystem', id),
    ...published(date),
    name: computerName(id),
    title,
    description,
    caseSensitive: true,
    valueSet: canonical('ValueSet', id),
    content: 'complete',
    count: terms.length,
    concept: terms.map(([code, display, definition, translations]) => ({
      code,
      display,
      definition,
      ...(translations
        ? { designation: Object.entries(translations).map(([language, value]) => ({ language, value })) }
        : {}),
    })),
  }
}

const icd11CodeSystem: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'icd-11-certificate-codes',
  url: icd11.official,
  ...published(date),
  version: excerptVersion,
  name: 'Icd11CertificateCodes',
  title: 'ICD-11 MMS, codes of health certificates',
  description:
    'The ICD-11 and ICHI codes that the DDCC core data set and the international certificate of vaccination use. A fragment: a code that is not here is unknown, not wrong. WHO’s DDCC guide spells the same system http://id.who.int/icd11/mms.',
  caseSensitive: true,
  content: 'fragment',
  count: icd11Concepts.length,
  concept: icd11Concepts.map(([code, display]) => ({ code, display })),
}

/** Every CodeSystem of the folder `valuesets/`. */
export const codeSystems: CodeSystem[] = [
  ...euSystems.map(euCodeSystem),
  ...ownSystems.map(ownCodeSystem),
  icd11CodeSystem,
  ...computedSystems,
]

type Include = { system: string; concept?: { code: string; display?: string }[] }

function valueSet(id: string, title: string, description: string, include: Include[]): ValueSet {
  return {
    resourceType: 'ValueSet',
    id,
    url: canonical('ValueSet', id),
    ...published(date),
    name: computerName(id),
    title,
    description,
    immutable: false,
    compose: { inactive: true, include },
  }
}

const euTitles: Record<string, string> = {
  'country-2-codes': 'Countries',
  'disease-agent-targeted': 'Disease or agent targeted',
  'covid-19-lab-test-manufacturer-and-name': 'Rapid antigen test devices',
  'covid-19-lab-result': 'Test result',
  'covid-19-lab-test-type': 'Type of test',
  'vaccines-covid-19-auth-holders': 'Marketing authorisation holder or manufacturer',
  'vaccines-covid-19-names': 'Vaccine product',
  'sct-vaccines-covid-19': 'Vaccine or prophylaxis',
}

function euValueSet(id: string, title: string): ValueSet {
  const codes = euCodes.filter((each) => each.valueSet === id)
  const systems = [...new Set(codes.map((each) => each.system))]
  const include = systems.map((system) => ({
    system,
    concept: codes.filter((each) => each.system === system).map(({ code, display }) => ({ code, display })),
  }))
  const description = `Value set \`${id}\` of the EU Digital COVID Certificate, codes that are no longer issued included.`
  return {
    ...valueSet(id, `EU DCC: ${title}`, description, include),
    identifier: [{ system: 'https://ec.europa.eu/health/ehealth/covid-19', value: id }],
  }
}

/** The codes under both spellings of ICD-11, so that membership does not depend on which of them a map wrote. */
const inIcd11 = (...codes: string[]): Include[] => {
  const concept = codes.map((code) => ({ code, display: displayOf(code) }))
  return [icd11.ddcc, icd11.official].map((system) => ({ system, concept }))
}

function displayOf(code: string): string {
  const found = icd11Concepts.find((each) => each[0] === code)
  if (!found) throw new Error(`ICD-11 code ${code} is not in the table`)
  return found[1]
}

const concepts = (system: string, codes: Record<string, string>): Include => ({
  system,
  concept: Object.entries(codes).map(([code, display]) => ({ code, display })),
})

/** Further terms of the same system, without displays: LOINC's own stay with LOINC. */
const withTerms = ({ system, concept = [] }: Include, codes: string[]): Include => ({
  system,
  concept: [...concept, ...codes.map((code) => ({ code }))],
})

const codesFrom = (first: string, last: string): string[] => {
  const codes = icd11Concepts.map((each) => each[0])
  return codes.slice(codes.indexOf(first), codes.indexOf(last) + 1)
}

const ruleValueSets: [id: string, title: string, description: string, include: Include[]][] = [
  [
    'covid-19',
    'COVID-19 and its agent',
    'COVID-19 as the disease that a certificate is about, and SARS-CoV-2 with its variants as the agent.',
    [
      ...inIcd11('RA01', 'RA01.0', ...codesFrom('XN109', 'XN161')),
      concepts(EU.snomed, { '840539006': 'COVID-19', '840533007': 'SARS-CoV-2' }),
      concepts('http://hl7.org/fhir/sid/icd-10', { 'U07.1': 'COVID-19, virus identified' }),
    ],
  ],
  [
    'covid-19-vaccines',
    'COVID-19 vaccines in ICD-11',
    'Vaccine types and products of the ICD-11 extension codes.',
    inIcd11(...codesFrom('XM68M6', 'XM3DT5')),
  ],
  [
    'covid-19-vaccines-cvx',
    'COVID-19 vaccines in CVX',
    'CVX codes that SMART Health Cards use.',
    [concepts(cvx, Object.fromEntries(cvxRows.map(([code = '', , , display = '']) => [code, display])))],
  ],
  [
    'single-dose-vaccines',
    'Single-dose vaccines',
    'Vaccines whose primary course is one dose: Ad26.COV2.S (Janssen), Ad5-nCoV (Convidecia), Sputnik Light, and vaccines against yellow fever (International Health Regulations, annex 7).',
    [
      ...inIcd11('XM6QV1', 'XM1AG7', 'XM5QM6', 'XM0N24', 'XM3418'),
      concepts(EU.register, { 'EU/1/20/1525': 'Jcovden' }),
      concepts(EU.product, { Convidecia: 'Convidecia', 'Sputnik-Light': 'Sputnik Light' }),
      concepts(EU.snomed, { '28951000087107': 'COVID-19 Janssen', '33461000087106': 'COVID-19 Sputnik Light' }),
      concepts(cvx, {
        '212': 'COVID-19 vaccine, vector-nr, rS-Ad26',
        '504': 'COVID-19 VVnr Non-US Vaccine (Sputnik Light)',
        '506': 'COVID-19 VVnr Non-US Vaccine (CanSino, Convidecia)',
      }),
    ],
  ],
  [
    'nucleic-acid-tests',
    'Nucleic acid amplification tests',
    'Test types that look for viral nucleic acid.',
    [
      ...inIcd11('1334426561'),
      withTerms(
        concepts(EU.loinc, { 'LP6464-4': 'Nucleic acid amplification with probe detection' }),
        loincNucleicAcid,
      ),
    ],
  ],
  [
    'antigen-tests',
    'Rapid antigen tests',
    'Test types that look for viral protein.',
    [...inIcd11('2056159157'), withTerms(concepts(EU.loinc, { 'LP217198-3': 'Rapid immunoassay' }), loincAntigen)],
  ],
  [
    'virus-detected',
    'Virus detected',
    'Results that say that the virus was found.',
    [...inIcd11('RA01.0'), concepts(EU.snomed, { '260373001': 'Detected', '10828004': 'Positive' })],
  ],
  [
    'virus-not-detected',
    'Virus not detected',
    'Results that say that the virus was not found. RA01.1 is here because maps of WHO’s DDCC guide write it; ICD-11 means by it a clinical diagnosis without a positive test, so the maps of this project write QA02.',
    [...inIcd11('QA02', 'RA01.1'), concepts(EU.snomed, { '260415000': 'Not detected', '260385009': 'Negative' })],
  ],
]

/** Every ValueSet of the folder `valuesets/`. */
export const valueSets: ValueSet[] = [
  ...Object.entries(euTitles).map(([id, title]) => euValueSet(id, title)),
  ...ownSystems.map(([id, title, description]) =>
    valueSet(id, title, description, [{ system: canonical('CodeSystem', id) }]),
  ),
  ...ruleValueSets.map((row) => valueSet(...row)),
]

function conceptMap(id: string, title: string, source: string, rows: MapRow[]): ConceptMap {
  const systems = [...new Set(rows.map((row) => row[0]))]
  return {
    resourceType: 'ConceptMap',
    id,
    url: canonical('ConceptMap', id),
    ...published(date),
    name: computerName(id),
    title,
    description:
      'From codes of the EU DCC to the ICD-11 codes of the DDCC core data set; `wider` means that the ICD-11 code says less.',
    sourceCanonical: canonical('ValueSet', source),
    group: systems.map((system) => ({
      source: EU[system],
      target: icd11.ddcc,
      element: rows
        .filter((row) => row[0] === system)
        .map(([, code, target, equivalence = 'equivalent', comment]) => ({
          code,
          display: euCodes.find((each) => each.code === code && each.system === EU[system])?.display ?? code,
          target: [{ code: target, display: displayOf(target), equivalence, ...(comment ? { comment } : {}) }],
        })),
    })),
  }
}

const cvxMap: ConceptMap = {
  resourceType: 'ConceptMap',
  id: 'cvx-vaccine-to-icd-11',
  url: canonical('ConceptMap', 'cvx-vaccine-to-icd-11'),
  ...published(date),
  name: 'CvxVaccineToIcd11',
  title: 'CVX vaccine to ICD-11',
  description: 'From COVID-19 vaccines in CVX to ICD-11; `wider` means that the ICD-11 code says less.',
  sourceCanonical: canonical('ValueSet', 'covid-19-vaccines-cvx'),
  group: [
    {
      source: cvx,
      target: icd11.ddcc,
      element: cvxRows.map(([code = '', target = '', equivalence, display = '']) => ({
        code,
        display,
        target: [
          {
            code: target,
            display: displayOf(target),
            equivalence: equivalence === 'equivalent' ? ('equivalent' as const) : ('wider' as const),
          },
        ],
      })),
    },
  ],
}

/** Every ConceptMap of the folder `valuesets/`. */
export const conceptMaps: ConceptMap[] = [
  conceptMap('eu-vaccine-product-to-icd-11', 'EU vaccine product to ICD-11', 'vaccines-covid-19-names', euVaccines),
  conceptMap('eu-prophylaxis-to-icd-11', 'EU vaccine or prophylaxis to ICD-11', 'sct-vaccines-covid-19', prophylaxes),
  conceptMap('eu-disease-to-icd-11', 'EU disease targeted to ICD-11', 'disease-agent-targeted', [
    ['snomed', '840539006', 'RA01'],
  ]),
  conceptMap('eu-agent-to-icd-11', 'EU agent targeted to ICD-11', 'disease-agent-targeted', agents),
  conceptMap('eu-test-type-to-icd-11', 'EU type of test to ICD-11', 'covid-19-lab-test-type', testTypes),
  conceptMap('eu-test-result-to-icd-11', 'EU test result to ICD-11', 'covid-19-lab-result', testResults),
  cvxMap,
]
