import { base, canonical } from './metadata.ts'

/** One logical model in short form; see `element` in logical-models.ts for the lines. */
export interface Model {
  id: string
  /** Type url: the canonical of the model that it stands in for, so that maps which name that one find it. */
  type: string
  title: string
  description: string
  base?: string
  elements: string
}

const who = 'http://smart.who.int/ddcc/StructureDefinition'
const icvp = 'http://smart.who.int/icvp/StructureDefinition'
const valueSet = (id: string) => canonical('ValueSet', id)

const holder = `
  name 1..1 string Full name as on the certificate
  birthDate 0..1 date Date of birth, partial where only the year or month is certified
  sex 0..1 code Sex → http://hl7.org/fhir/ValueSet/administrative-gender
  identifier 0..1 Identifier Identifier of the person, e.g. of a travel document
  certificate 0..1 BackboneElement About the certificate
  certificate.issuer 0..1 Reference Who issued it
  certificate.kid 0..1 string Id of the key that signed it
  certificate.hcid 0..1 Identifier Identifier of the certificate
  certificate.ddccid 0..1 Identifier Identifier of the DDCC
  certificate.version 0..1 string Version of the schema
  certificate.period 0..1 Period Validity of the certificate
  certificate.period.start 0..1 dateTime Valid from
  certificate.period.end 0..1 dateTime Valid until`

const coreBase = canonical('StructureDefinition', 'DDCCCoreDataSet')

/** The DDCC core data set: elements and type urls as WHO's models have them, and a recovery event beside. */
export const coreDataSetModels: Model[] = [
  {
    id: 'DDCCCoreDataSet',
    type: `${who}/DDCCCoreDataSet`,
    title: 'DDCC core data set',
    description: 'What every health certificate says: about whom it is, and about the certificate.',
    elements: holder,
  },
  {
    id: 'DDCCCoreDataSetVS',
    type: `${who}/DDCCCoreDataSetVS`,
    title: 'DDCC core data set: vaccination',
    description: 'A certified vaccination event.',
    base: coreBase,
    elements: `${holder}
  vaccination 1..1 BackboneElement Vaccination event
  vaccination.status 0..1 code How far the event went, where the credential says it; absent for a certified event
  vaccination.vaccine 1..1 Coding Vaccine or prophylaxis → ${valueSet('covid-19-vaccines')}
  vaccination.brand 0..1 Coding Product
  vaccination.manufacturer 0..1 Coding Manufacturer
  vaccination.maholder 0..1 Coding Marketing authorisation holder
  vaccination.lot 0..1 string Lot number
  vaccination.date 1..1 dateTime Date of vaccination
  vaccination.validFrom 0..1 date Date from which it counts
  vaccination.validUntil 0..1 date Last day on which it counts
  vaccination.dose 0..1 positiveInt Number of the dose
  vaccination.doseText 0..1 string Dose as the certificate says it where it is no number, e.g. Booster
  vaccination.totalDoses 0..1 positiveInt Number of doses of the series
  vaccination.country 0..1 Coding Country of vaccination
  vaccination.centre 0..1 string Administering centre
  vaccination.signature 0..1 Signature Signature of the health worker
  vaccination.practitioner 0..1 Identifier Identifier of the health worker
  vaccination.practitionerName 0..1 string Name of the health worker
  vaccination.disease 0..1 Coding Disease targeted → ${valueSet('covid-19')}
  vaccination.nextDose 0..1 date Date on which the next dose is due`,
  },
  {
    id: 'DDCCCoreDataSetTR',
    type: `${who}/DDCCCoreDataSetTR`,
    title: 'DDCC core data set: test result',
    description: 'A certified test result.',
    base: coreBase,
    elements: `${holder}
  test 1..1 BackboneElement Test event
  test.status 0..1 code How far the result went, where the credential says it; absent for a certified result
  test.pathogen 0..1 Coding Agent looked for → ${valueSet('covid-19')}
  test.type 1..1 Coding Type of test
  test.brand 0..1 Coding Name of the test
  test.manufacturer 0..1 Coding Manufacturer or device
  test.origin 0..1 Coding Where the sample was taken
  test.date 1..1 dateTime Time of sampling
  test.result 1..1 Coding Result
  test.centre 0..1 Coding Test centre
  test.country 0..1 Coding Country of the test`,
  },
  {
    id: 'DDCCCoreDataSetRecovery',
    type: canonical('StructureDefinition', 'DDCCCoreDataSetRecovery'),
    title: 'Core data set: recovery',
    description: 'A certified recovery. WHO has no model for it; this one continues the other two.',
    base: coreBase,
    elements: `${holder}
  recovery 1..1 BackboneElement Recovery event
  recovery.disease 1..1 Coding Disease recovered from → ${valueSet('covid-19')}
  recovery.date 1..1 date Date of the first positive test
  recovery.validFrom 0..1 date First day on which it counts
  recovery.validUntil 0..1 date Last day on which it counts
  recovery.country 0..1 Coding Country of the test`,
  },
]

const dcc = `
  ver 0..1 string Version of the schema
  nam 1..1 BackboneElement Name
  nam.fn 0..1 string Surname
  nam.fnt 0..1 string Surname, transliterated
  nam.gn 0..1 string Forename
  nam.gnt 0..1 string Forename, transliterated
  dob 0..1 string Date of birth, partial forms included
  v 0..* BackboneElement Vaccination
  v.tg 0..1 string Disease targeted → ${valueSet('disease-agent-targeted')}
  v.vp 0..1 string Vaccine or prophylaxis → ${valueSet('sct-vaccines-covid-19')}
  v.mp 0..1 string Product → ${valueSet('vaccines-covid-19-names')}
  v.ma 0..1 string Marketing authorisation holder → ${valueSet('vaccines-covid-19-auth-holders')}
  v.dn 0..1 integer Number of the dose
  v.sd 0..1 integer Doses of the series
  v.dt 0..1 string Date of vaccination
  v.co 0..1 string Country → ${valueSet('country-2-codes')}
  v.is 0..1 string Issuer
  v.ci 0..1 string Identifier of the certificate
  t 0..* BackboneElement Test
  t.tg 0..1 string Disease targeted → ${valueSet('disease-agent-targeted')}
  t.tt 0..1 string Type of test → ${valueSet('covid-19-lab-test-type')}
  t.nm 0..1 string Name of the nucleic acid test
  t.ma 0..1 string Device → ${valueSet('covid-19-lab-test-manufacturer-and-name')}
  t.sc 0..1 string Time of sampling
  t.tr 0..1 string Result → ${valueSet('covid-19-lab-result')}
  t.tc 0..1 string Test centre
  t.co 0..1 string Country → ${valueSet('country-2-codes')}
  t.is 0..1 string Issuer
  t.ci 0..1 string Identifier of the certificate
  r 0..* BackboneElement Recovery
  r.tg 0..1 string Disease targeted → ${valueSet('disease-agent-targeted')}
  r.fr 0..1 string Date of the first positive test
  r.co 0..1 string Country → ${valueSet('country-2-codes')}
  r.is 0..1 string Issuer
  r.df 0..1 string Valid from
  r.du 0..1 string Valid until
  r.ci 0..1 string Identifier of the certificate`

const below = (path: string, lines: string) =>
  lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `${path}.${line.trim()}`)
    .join('\n')

/** What the maps read. */
export const certificateModels: Model[] = [
  {
    id: 'HcertClaims',
    type: `${base}/StructureDefinition/HcertClaims`,
    title: 'HCERT claims of an EU DCC',
    description: 'The CBOR web token of an EU Digital COVID Certificate with text keys; times in seconds since 1970.',
    elements: `
  1 0..1 string Issuer (country)
  4 0..1 decimal Expiry
  5 0..1 decimal Not before
  6 0..1 decimal Issued at
  -260 1..1 BackboneElement Health certificate
  -260.1 1..1 BackboneElement EU Digital COVID Certificate
${below('-260.1', dcc)}`,
  },
  {
    id: 'CertDCC',
    type: `${who}/CertDCC`,
    title: 'EU DCC as WHO’s maps read it',
    description:
      'Stands in for a model that WHO’s maps name and no package contains: the raw claims of one family of maps and the decoded ones of the other.',
    elements: `
  1 0..1 string Issuer (country)
  4 0..1 decimal Expiry in seconds since 1970
  6 0..1 decimal Issued at in seconds since 1970
  -260 0..1 BackboneElement Health certificate
  -260.1 0..1 BackboneElement EU Digital COVID Certificate
${below('-260.1', dcc)}
  iss 0..1 string Issuer
  sub 0..1 string Subject
  aud 0..1 string Audience
  exp 0..1 dateTime Expiry
  nbf 0..1 dateTime Not before
  iat 0..1 dateTime Issued at
  id 0..1 string Identifier of the token
  data 0..1 BackboneElement Health certificate
  data.cert 0..1 BackboneElement EU Digital COVID Certificate
${below('data.cert', dcc)}
  data.dcc 0..1 BackboneElement EU Digital COVID Certificate, the other name
${below('data.dcc', dcc)}`,
  },
  {
    id: 'FlatCertificate',
    type: 'http://worldhealthorganization.github.io/ddcc/StructureDefinition/CertDDCC',
    title: 'Flat certificate of the first DDCC candidate',
    description: 'The claims of WHO’s first candidate recommendation: one level, vaccination or test.',
    elements: `
  name 1..1 string Full name
  birthDate 0..1 date Date of birth
  sex 0..1 Coding Sex
  identifier 0..1 string Identifier of the person
  vaccine 0..1 Coding Vaccine or prophylaxis
  brand 0..1 Coding Product
  manufacturer 0..1 Coding Manufacturer
  ma_holder 0..1 Coding Marketing authorisation holder
  lot 0..1 string Lot number
  date 0..1 dateTime Date of vaccination
  vaccine_valid 0..1 date Date from which it counts
  dose 0..1 positiveInt Number of the dose
  total_doses 0..1 positiveInt Doses of the series
  country 0..1 Coding Country of vaccination
  centre 0..1 string Administering centre
  hw 0..1 string Identifier of the health worker
  disease 0..1 Coding Disease targeted
  due_date 0..1 date Date on which the next dose is due
  test 0..1 BackboneElement Test
  test.pathogen 0..1 Coding Agent looked for
  test.type 0..1 Coding Type of test
  test.brand 0..1 Coding Name of the test
  test.manufacturer 0..1 Coding Manufacturer
  test.origin 0..1 Coding Where the sample was taken
  test.date 0..1 dateTime Time of sampling
  test.result 0..1 Coding Result
  test.centre 0..1 string Test centre
  test.country 0..1 Coding Country
  pha 0..1 string Issuer
  hcid 0..1 string Identifier of the certificate
  ddccid 0..1 string Identifier of the DDCC
  version 0..1 string Version of the schema
  valid_from 0..1 dateTime Valid from
  valid_until 0..1 dateTime Valid until`,
  },
  {
    id: 'VaccinationCertificateClaim',
    type: `${base}/StructureDefinition/VaccinationCertificateClaim`,
    title: 'Claim -6: digital vaccination certificate, ICVP',
    description:
      'Minimal vaccination certificate: one vaccination or a list, with classification codes (DVC) or prequalified products (ICVP).',
    elements: `
  n 1..1 string Full name
  dob 0..1 string Date of birth
  s 0..1 string Sex
  ntl 0..1 string Nationality
  nid 0..1 string Number of the identity document
  ndt 0..1 string Type of the identity document
  gn 0..1 string Parent or guardian
  v 0..* BackboneElement Vaccination
  v.dn 0..1 string Dose
  v.tg 0..1 string Disease targeted (ICD-11)
  v.vp 0..1 string Vaccine (ICD-11), or prequalified product
  v.mp 0..1 string Trade item
  v.ma 0..1 string Manufacturer
  v.mid 0..1 string Identifier of the manufacturer
  v.dt 0..1 string Date of vaccination
  v.bo 0..1 string Batch
  v.vls 0..1 string Valid from
  v.vle 0..1 string Valid until
  v.cn 0..1 string Name of the clinician
  v.is 0..1 string Identifier of the issuer`,
  },
  {
    id: 'CertICAOVDS',
    type: `${who}/CertICAOVDS`,
    title: 'ICAO visible digital seal as WHO’s map reads it',
    description: 'Stands in for a model that WHO’s map names and no package contains.',
    elements: `
  data 1..1 BackboneElement Signed data
  data.hdr 1..1 BackboneElement Header
  data.hdr.t 1..1 string Type: icao.vacc or icao.test
  data.hdr.v 1..1 integer Version
  data.hdr.is 1..1 string Issuing country
  data.msg 1..1 BackboneElement Message
  data.msg.pid 0..1 BackboneElement Person
  data.msg.pid.n 0..1 string Name
  data.msg.pid.dob 0..1 date Date of birth
  data.msg.pid.dt 0..1 string Type of the document
  data.msg.pid.dn 0..1 string Number of the document
  data.msg.pid.i 0..1 string Travel document
  data.msg.pid.ai 0..1 string Other document
  data.msg.pid.sex 0..1 string Sex
  data.msg.uvci 0..1 string Identifier of a vaccination certificate
  data.msg.ve 0..* BackboneElement Vaccine
  data.msg.ve.des 0..1 string Vaccine or prophylaxis (ICD-11)
  data.msg.ve.nam 0..1 string Product
  data.msg.ve.dis 0..1 string Disease targeted (ICD-11)
  data.msg.ve.vd 0..* BackboneElement Dose
  data.msg.ve.vd.dvc 0..1 dateTime Date of vaccination
  data.msg.ve.vd.seq 0..1 positiveInt Number of the dose
  data.msg.ve.vd.ctr 0..1 string Country
  data.msg.ve.vd.adm 0..1 string Administering centre
  data.msg.ve.vd.lot 0..1 string Lot number
  data.msg.ve.vd.dvn 0..1 date Date of the next dose
  data.msg.utci 0..1 string Identifier of a test certificate
  data.msg.sp 0..1 BackboneElement Test centre
  data.msg.sp.spn 0..1 string Name
  data.msg.sp.ctr 0..1 string Country
  data.msg.sp.cd 0..1 BackboneElement Contact
  data.msg.sp.cd.p 0..1 string Telephone
  data.msg.sp.cd.e 0..1 string E-mail
  data.msg.sp.cd.a 0..1 string Address
  data.msg.dat 0..1 BackboneElement Times
  data.msg.dat.sc 0..1 dateTime Sampling
  data.msg.dat.ri 0..1 dateTime Report
  data.msg.tr 0..1 BackboneElement Result
  data.msg.tr.tc 0..1 string Type of test
  data.msg.tr.r 0..1 string Result
  data.msg.tr.m 0..1 string Sampling method
  data.msg.opt 0..1 string Further data
  sig 0..1 BackboneElement Signature
  sig.alg 0..1 string Algorithm
  sig.cer 0..1 string Certificate of the signer
  sig.sigvl 0..1 string Value`,
  },
  {
    id: 'ModelDVC',
    type: `${icvp}/ModelDVC`,
    title: 'Digital vaccination certificate, logical model',
    description: 'Stands in for the model that WHO’s DVC maps name and no package contains.',
    elements: `
  name 1..1 string Name
  dob 0..1 date Date of birth
  sex 0..1 code Sex
  nationality 0..1 code Nationality
  nid 0..1 string National identification
  guardian 0..1 string Parent or guardian
  issuer 0..1 Reference Issuer
  vaccineDetails 1..* BackboneElement Vaccination
  vaccineDetails.doseNumber 0..1 CodeableConcept Dose
  vaccineDetails.disease 0..1 Coding Disease
  vaccineDetails.vaccineClassification 0..1 CodeableConcept Vaccine
  vaccineDetails.vaccineTradeItem 0..1 Identifier Trade item
  vaccineDetails.date 0..1 date Date
  vaccineDetails.clinicianName 0..1 string Clinician
  vaccineDetails.issuer 0..1 Reference Issuer
  vaccineDetails.manufacturerId 0..1 Identifier Identifier of the manufacturer
  vaccineDetails.manufacturer 0..1 string Manufacturer
  vaccineDetails.batchNo 0..1 string Batch
  vaccineDetails.validityPeriod 0..1 Period Validity`,
  },
]
