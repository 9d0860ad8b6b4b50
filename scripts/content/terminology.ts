import type { CodeSystem, CodeSystemConcept, ValueSet } from '../../src/fhir/types.ts'
import { codeSystem, type Named, valueSet } from './conformance.ts'
import { icvpValueSets } from './icvp-products.ts'
import { listedValueSets } from './listed-sets.ts'
import { canonical, computerName, icd11, published, readData, readTable, releaseDate } from './metadata.ts'
import { productOrganizations } from './product-catalogue.ts'
import { productSystem, productValueSets } from './products.ts'

const folder = 'valuesets/tables'

/** Code systems by the keys that the tables use. */
const systems = readData<Record<string, string>>(`${folder}/systems.json`)

/** Address of a system of the tables. @throws Error for a key that systems.json does not have */
export function systemOf(key: string): string {
  const found = systems[key]
  if (found === undefined) throw new Error(`${key} is no key of systems.json`)
  return found
}

/** Version of what is taken from systems of other publishers: the day, so that it is never taken for theirs or another copy of it. */
const excerptVersion = releaseDate

interface EuCode {
  valueSet: string
  system: string
  code: string
  display: string
  inactive: boolean
}

/** Codes of the EU DCC. */
export const euCodes: EuCode[] = readTable(`${folder}/eu-dcc.tsv`).map(
  ([valueSet = '', system = '', code = '', display = '', mark]) => ({
    valueSet,
    system,
    code,
    display,
    inactive: mark === 'inactive',
  }),
)

/** Systems that have no FHIR CodeSystem elsewhere, published so that displays and inactive codes are known; and the value sets. */
interface EuData {
  codeSystems: { id: string; system: string; content: CodeSystem['content']; title: string }[]
  valueSets: { id: string; title: string }[]
}

const eu = readData<EuData>(`${folder}/eu-dcc.json`)

function euCodeSystem({ id, system, content, title }: EuData['codeSystems'][number]): CodeSystem {
  const url = systemOf(system)
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
    ...published,
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

interface OwnSystem {
  id: string
  title: string
  description: string
  concepts: { code: string; display: string; definition: string; translations?: Record<string, string> }[]
}

const ownSystems = readData<OwnSystem[]>(`${folder}/own-systems.json`)

const ownCodeSystem = ({ concepts, ...named }: OwnSystem): CodeSystem =>
  codeSystem(
    named,
    concepts.map(({ code, display, definition, translations }) => ({
      code,
      display,
      definition,
      ...(translations
        ? { designation: Object.entries(translations).map(([language, value]) => ({ language, value })) }
        : {}),
    })),
  )

const icd11Concepts = readTable(`${folder}/icd-11.tsv`).map(([code = '', display = '']) => ({ code, display }))

const icd11CodeSystem: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'icd-11-certificate-codes',
  url: icd11.official,
  ...published,
  version: excerptVersion,
  name: 'Icd11CertificateCodes',
  title: 'ICD-11 MMS, codes of health certificates',
  description:
    'The ICD-11 and ICHI codes that the DDCC core data set and the international certificate of vaccination use. A fragment: a code that is not here is unknown, not wrong. WHO’s DDCC guide spells the same system http://id.who.int/icd11/mms.',
  caseSensitive: true,
  content: 'fragment',
  count: icd11Concepts.length,
  concept: icd11Concepts,
}

type ComputedSystem = Required<Pick<CodeSystem, 'id' | 'url' | 'name' | 'title' | 'caseSensitive'>> &
  Pick<CodeSystem, 'version' | 'copyright' | 'compositional' | 'hierarchyMeaning'>

/** A system that is computed rather than listed: published so that clients find what the server answers for. */
function computedSystem({ id, url, version, name, title, ...rest }: ComputedSystem): CodeSystem {
  // No version of ours: a system that has no versions must not seem to have one.
  const { version: _, ...metadata } = published
  return {
    resourceType: 'CodeSystem',
    id,
    url,
    ...(version === undefined ? {} : { version }),
    ...metadata,
    name,
    title,
    description:
      'The server computes the codes of this system: it validates, looks up, filters and, where there is an end to them, expands them. None is listed here.',
    ...rest,
    content: 'not-present',
  }
}

/** Every CodeSystem of the folder `valuesets/`. */
export const codeSystems = (): CodeSystem[] => [
  ...eu.codeSystems.map(euCodeSystem),
  ...ownSystems.map(ownCodeSystem),
  icd11CodeSystem,
  productSystem(),
  ...readData<ComputedSystem[]>(`${folder}/computed-systems.json`).map(computedSystem),
  productOrganizations(),
]

type Include = { system: string; concept?: { code: string; display?: string }[] }

function euValueSet({ id, title }: EuData['valueSets'][number]): ValueSet {
  const codes = euCodes.filter((each) => each.valueSet === id)
  const named = [...new Set(codes.map((each) => each.system))]
  const include = named.map((system) => ({
    system,
    concept: codes.filter((each) => each.system === system).map(({ code, display }) => ({ code, display })),
  }))
  const description = `Value set \`${id}\` of the EU Digital COVID Certificate, codes that are no longer issued included.`
  return {
    ...valueSet({ id, title: `EU DCC: ${title}`, description }, include),
    identifier: [{ system: 'https://ec.europa.eu/health/ehealth/covid-19', value: id }],
  }
}

/** A part of a value set for rules: codes of ICD-11, single ones and ranges, or codes of one system, of its table as well. */
type Part =
  | { icd11: string[] }
  | { system: string; codes: Record<string, string>; table?: string }
  | { table: 'cvx.tsv' }

/** COVID-19 vaccines in CVX: code, code of ICD-11, what that is to it, display. */
export const cvxRows = readTable(`${folder}/cvx.tsv`)

function includeOf(part: Part, id: string): Include[] {
  // Under both spellings of ICD-11, so that membership does not depend on which of them a map wrote.
  if ('icd11' in part) {
    const concept = part.icd11.flatMap(icd11Codes)
    return [icd11.ddcc, icd11.official].map((system) => ({ system, concept }))
  }
  if (!('system' in part))
    return [{ system: systemOf('cvx'), concept: cvxRows.map(([code = '', , , display = '']) => ({ code, display })) }]
  const listed = Object.entries(part.codes).map(([code, display]) => ({ code, display }))
  // Without displays: LOINC's own stay with LOINC.
  const tabled = part.table === undefined ? [] : readTable(`${folder}/${part.table}`)
  const further = tabled.flatMap(([set, code = '']) => (set === id ? [{ code }] : []))
  return [{ system: systemOf(part.system), concept: [...listed, ...further] }]
}

/** `XN109..XN161`: from the one to the other in the order of the table. */
export function icd11Codes(range: string): { code: string; display: string }[] {
  const [first = '', last = first] = range.split('..')
  const at = (code: string) => {
    const found = icd11Concepts.findIndex((each) => each.code === code)
    if (found < 0) throw new Error(`ICD-11 code ${code} is not in the table`)
    return found
  }
  return icd11Concepts.slice(at(first), at(last) + 1)
}

/** Display of a code of another system where a table here has one. */
export function displayOf(system: string, code: string): string | undefined {
  if (system === icd11.ddcc || system === icd11.official)
    return icd11Concepts.find((each) => each.code === code)?.display
  if (system === systemOf('cvx')) return cvxRows.find(([each]) => each === code)?.[3]
  return euCodes.find((each) => each.system === system && each.code === code)?.display
}

/** Every ValueSet of the folder `valuesets/`. */
export const valueSets = (): ValueSet[] => [
  ...icvpValueSets(),
  ...eu.valueSets.map(euValueSet),
  ...ownSystems.map((each) => valueSet(each, [{ system: canonical('CodeSystem', each.id) }])),
  ...readData<(Named & { include: Part[] })[]>(`${folder}/rule-value-sets.json`).map((each) =>
    valueSet(
      each,
      each.include.flatMap((part) => includeOf(part, each.id)),
    ),
  ),
  ...productValueSets(displayOf),
  ...listedValueSets(),
]
