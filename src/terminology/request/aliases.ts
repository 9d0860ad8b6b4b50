import type { CodeSystem } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'

/**
 * Names under which WHO's published packages ask for their own artefacts, and systems that several suppliers
 * publish. Look-ups know all names of a thing; what is written out keeps the name the maps use.
 */
const WHO = 'http://smart.who.int/ddcc/'

/** Value set asked for → published as. */
const VALUE_SETS: Record<string, string> = {
  'lab-test-pathogen-covid19-snomed': 'LabTestPathogenCovid19SnomedValueSet',
  'lab-test-qual-result-snomed': 'LabTestQualitativeResultSnomedValueSet',
  'lab-test-qual-result-divoc': 'LabTestQualitativeResultDivocValueSet',
  'lab-test-qual-result-icao': 'LabTestResultIcaoValueSet',
  'lab-test-type-covid19-loinc': 'LabTestTypeCovid19LoincValueSet',
  'lab-test-type-divoc': 'LabTestTypeDivocValueSet',
  'lab-test-type-icao': 'LabTestTypeIcaoValueSet',
  'vaccine-covid19-cvx': 'VaccineCovid19CvxValueSet',
  'vaccine-covid19-euur': 'VaccineCovid19EUUnionRegisterValueSet',
  'vaccine-covid19-snomed': 'VaccineCovid19SnomedValueSet',
}

/** Names of one code system in maps, in value sets, in the published CodeSystem; the first one is written out. */
const LOCAL_SYSTEMS = [
  ['lab-test-type-divoc', 'LabTestTypeDivocValueSet', 'WHODDCCdivoclabtesttype'],
  ['lab-test-type-icao', 'LabTestTypeIcaoValueSet', 'WHODDCCicaolabtesttype'],
  ['lab-test-qual-result-divoc', 'LabTestQualitativeResultDivocValueSet', 'WHODDCCdivoclabtestresult'],
  ['lab-test-qual-result-icao', 'LabTestResultIcaoValueSet', 'WHODDCCicaolabtestresult'],
  ['lab-test-sample-origin-divoc', 'LabTestSampleOriginDivocValueSet', 'WHODDCCdivoclabtestorigin'],
  ['lab-test-sample-origin-icao', 'LabTestSampleOriginIcaoValueSet', 'WHODDCCicaolabtestorigin'],
  ['lab-test-pathogen-divoc', 'LabTestPathogenDivocValueSet', 'WHODDCCdivoclabtestpathogen'],
].map((names) => names.map((name) => `${WHO}CodeSystem/${name}`))

/** Names of one system of which each stays as it was written. */
const SYSTEMS = [
  [`${WHO}DIVOC`, `${WHO}CodeSystem/DIVOCCodeSystem`],
  [`${WHO}ICAOV1`, `${WHO}CodeSystem/ICAOV1CodeSystem`],
  ['http://id.who.int/icd/release/11/mms', 'http://id.who.int/icd11/mms', `${WHO}CodeSystem/DDCCICD11CodeSystem`],
]

/** A system of which packages republish parts, as fragments or as if they were complete, under a version of their own. */
interface ForeignSystem {
  /** Fewest concepts of a real edition. */
  concepts: number
  /** How its own versions look; absent when it has none. */
  version?: RegExp
}

const FOREIGN_SYSTEMS = new Map<string, ForeignSystem>([
  ['http://id.who.int/icd/release/11/mms', { concepts: 10_000, version: /^\d{4}-\d{2}$/ }],
  ['http://snomed.info/sct', { concepts: 100_000, version: /^http:\/\/snomed\.info\/x?sct\/\d+/ }],
  ['http://loinc.org', { concepts: 50_000, version: /^\d\.\d{1,2}[a-z]?$/ }],
  ['http://hl7.org/fhir/sid/cvx', { concepts: 150, version: /^\d{4}-?\d{2}/ }],
  ['http://www.whocc.no/atc', { concepts: 5_000, version: /^\d{4}$/ }],
  ['http://hl7.org/fhir/sid/icd-10', { concepts: 5_000, version: /^\d{4}$/ }],
  ['http://hl7.org/fhir/sid/icd-10-cm', { concepts: 50_000, version: /^\d{4}$/ }],
  ['http://www.nlm.nih.gov/research/umls/rxnorm', { concepts: 50_000, version: /^\d{8}$/ }],
  ['http://www.ama-assn.org/go/cpt', { concepts: 5_000, version: /^\d{4}/ }],
  ['http://hl7.org/fhir/sid/ndc', { concepts: 50_000, version: /^\d{8}$/ }],
  ['https://ec.europa.eu/health/documents/community-register/html/', { concepts: 1_000 }],
  ['https://spor.ema.europa.eu/v1/organisations', { concepts: 10_000 }],
  ['https://covid-19-diagnostics.jrc.ec.europa.eu/devices', { concepts: 5_000 }],
  // Computed: a list of it is always a part.
  ['http://unitsofmeasure.org', { concepts: Number.POSITIVE_INFINITY, version: /^\d\.\d$/ }],
  ['urn:ietf:bcp:47', { concepts: Number.POSITIVE_INFINITY }],
  ['urn:ietf:bcp:13', { concepts: Number.POSITIVE_INFINITY }],
  ['urn:iso:std:iso:3166', { concepts: 240, version: /^\d{4}/ }],
  ['urn:iso:std:iso:3166:-2', { concepts: 3_000, version: /^\d{4}/ }],
  ['urn:iso:std:iso:4217', { concepts: 150, version: /^\d{4}/ }],
])

const systemGroups = new Map<string, readonly string[]>()
for (const names of [...LOCAL_SYSTEMS, ...SYSTEMS]) for (const name of names) systemGroups.set(name, names)
const writtenNames = new Map<string, string>()
for (const names of LOCAL_SYSTEMS) for (const name of names) writtenNames.set(name, names[0] ?? name)

/** One name for all names of a code system: what is compared. */
export function systemIdentity(url: string): string {
  return systemGroups.get(url)?.[0] ?? url
}

/** Every name of a code system, the given one first. */
export function systemNames(url: string): readonly string[] {
  const group = systemGroups.get(url)
  return group ? [url, ...group.filter((name) => name !== url)] : [url]
}

/** The name to write out. */
export function writtenSystem(url: string): string {
  return writtenNames.get(url) ?? url
}

/** The url under which a value set is published, for one that is asked for by another. */
export function publishedValueSet(url: string): string | undefined {
  if (!url.startsWith(`${WHO}ValueSet/`)) return undefined
  const published = VALUE_SETS[url.slice(WHO.length + 'ValueSet/'.length)]
  return published === undefined ? undefined : `${WHO}ValueSet/${published}`
}

/** A stored copy of a system, as its resource describes it. */
export interface StoredEdition {
  url: string
  version?: string | undefined
  content: CodeSystem['content']
  concepts: number
  /** Of one whose concepts are kept outside its resource. */
  head?: CodeSystemHead
}

/**
 * What a stored copy of a system is: one that can only be a part of the real edition is a fragment, whatever it says, and a part
 * has no version that its system cannot have: the version of a package is none of the system it takes codes from.
 */
export function editionOf({ url, version, content, concepts, head }: StoredEdition): {
  isPart: boolean
  version?: string
} {
  // What its publisher released is the whole of it, however small.
  if (head?.isRelease) return { isPart: false, ...(version !== undefined && { version }) }
  const foreign = FOREIGN_SYSTEMS.get(systemIdentity(url))
  const isPart = content === 'fragment' || (foreign !== undefined && concepts < foreign.concepts)
  const isInvented = isPart && foreign !== undefined && version !== undefined && !foreign.version?.test(version)
  return { isPart, ...(version !== undefined && !isInvented && { version }) }
}
