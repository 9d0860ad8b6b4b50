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

/** Systems of others that WHO's packages republish in part as complete: url → fewest concepts of a real edition. */
const FOREIGN_SYSTEMS = new Map([
  ['http://id.who.int/icd/release/11/mms', 10_000],
  ['http://snomed.info/sct', 100_000],
  ['http://loinc.org', 50_000],
  ['http://hl7.org/fhir/sid/cvx', 150],
  ['https://ec.europa.eu/health/documents/community-register/html/', 1_000],
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

/** Whether a system of that size, though called complete, can only be a part of the real one. */
export function isPartialEdition(url: string, concepts: number): boolean {
  const fewest = FOREIGN_SYSTEMS.get(systemIdentity(url))
  return fewest !== undefined && concepts < fewest
}
