import { at } from './bytes.ts'
import type { Certified, Facts, Plain } from './declared.ts'
import { hasOthers } from './divoc.ts'
import type { Opened } from './open.ts'
import { codings, count, dateText, detection, person, text } from './values.ts'

/** A name as a person sees it: marks of direction and joining tell nobody apart. */
const visible = (name: string): string => name.replace(/\p{Cf}/gu, '').trim()

/** What the content of a credential says, read from its specification alone. */
export function readFacts({ family, payload, faults }: Opened): Facts {
  const facts: Facts = { persons: [], events: [], faults: [...faults], doubts: [], kinds: [] }
  if (family === 'hcert') readHcert(payload, facts)
  else if (family === 'shc') readCard(payload, facts)
  else if (family === 'divoc') readDivoc(payload, facts)
  else readSeal(payload, facts)
  const { events, persons, doubts } = facts
  if (events.length === 0) doubts.push('no event that happened')
  if (events.some((event) => event.date === undefined)) doubts.push('an event without a date')
  if (events.some(({ detected }) => detected === 'both')) doubts.push('a result that is both')
  if (persons.some(({ names }) => names.length === 0)) doubts.push('a person without a name')
  const seen = persons[0]?.names.map(visible) ?? []
  const others = persons.filter(
    (each) => each.birthDate !== persons[0]?.birthDate || !each.names.some((name) => seen.includes(visible(name))),
  )
  if (persons.length === 0 || (persons.length > 1 && others.length > 0)) doubts.push('not one person')
  return facts
}

const isObject = (value: Plain | undefined) => typeof value === 'object' && value !== null && !Array.isArray(value)
const eventMembers = ['v', 't', 'r', 'vaccination', 'test', 'recovery', 'vaccine']

/** A certificate is a map, and no events hide in it that its kind does not have. */
function refuseOthers(value: Plain, own: string[], { faults }: Facts): void {
  if (!isObject(value)) faults.push('certificate is no map')
  const others = Object.keys(Object(value)).filter((name) => eventMembers.includes(name) && !own.includes(name))
  if (others.length > 0) faults.push('events of another kind')
}

/** The entries of a list of events, which must be maps; null and an empty map count as absent. */
function entriesOf(value: Plain | undefined, { faults }: Facts): Plain[] {
  if (Object.keys(Object(value ?? null)).length === 0 && typeof value !== 'string') return []
  if (!Array.isArray(value) || !value.every(isObject)) faults.push('entries are no list of maps')
  return Array.isArray(value) ? value.filter(isObject) : []
}

function readHcert(claims: Plain, facts: Facts): void {
  const hcert = at(claims, '-260')
  if (!isObject(hcert ?? claims)) facts.faults.push('no map of claims')
  for (const [kind, value] of Object.entries(isObject(hcert) ? Object(hcert) : {}) as [string, Plain][]) {
    const read = Object.hasOwn(subclaims, kind) ? subclaims[kind] : undefined
    read?.(value, facts)
    if (read) facts.kinds.push(kind)
    else facts.doubts.push('unknown subclaim')
  }
  const isFlat = at(claims, 'name') !== undefined
  if (isFlat && at(claims, 'vaccine') !== undefined) readFlat(claims, facts)
  else if (isFlat && at(claims, 'test') !== undefined) readCoreDataSet(claims, facts, 't')
  else if (facts.kinds.length === 0) facts.faults.push('no known kind')
}

const subclaims: Record<string, (value: Plain, facts: Facts) => void> = {
  '1': readDcc,
  '3': (value, facts) => readCoreDataSet(value, facts, 'v'),
  '4': (value, facts) => readCoreDataSet(value, facts, 't'),
  '5': (_, { doubts }) => void doubts.push('a link that is not followed'),
  '-6': readMinimal,
}

const register = 'https://ec.europa.eu/health/documents/community-register/html/'

function readDcc(dcc: Plain, facts: Facts): void {
  refuseOthers(dcc, ['v', 't', 'r'], facts)
  if (!isObject(at(dcc, 'nam'))) facts.faults.push('nam is no map')
  const spelt = ['gn', 'fn'].map(
    (each) => text(at(dcc, 'nam', each)) || text(at(dcc, 'nam', `${each}t`)).replaceAll('<', ' '),
  )
  facts.persons.push(person([spelt.join(' ')], at(dcc, 'dob'), []))
  const [v, t, r] = ['v', 't', 'r'].map((each) => entriesOf(at(dcc, each), facts))
  const found: Certified[] = [
    ...(v ?? []).map((each) => ({
      kind: 'v' as const,
      date: dateText(at(each, 'dt')),
      dose: count(at(each, 'dn')),
      total: count(at(each, 'sd')),
      codes: [`${register}|${text(at(each, 'mp'))}`],
    })),
    ...(t ?? []).map((each) => ({
      kind: 't' as const,
      date: dateText(at(each, 'sc')),
      codes: [`http://loinc.org|${text(at(each, 'tt'))}`],
      detected: detection([text(at(each, 'tr'))]),
    })),
    ...(r ?? []).map((each) => ({ kind: 'r' as const, date: dateText(at(each, 'fr')), codes: [text(at(each, 'tg'))] })),
  ]
  if (found.length === 0) facts.faults.push('none of v, t, r is a non-empty list')
  facts.events.push(...found)
}

/** DDCC core data set: subclaim 3 or 4, or a test among flat claims. */
function readCoreDataSet(value: Plain, facts: Facts, kind: 'v' | 't'): void {
  const own = kind === 'v' ? 'vaccination' : 'test'
  refuseOthers(value, [own], facts)
  facts.persons.push(person([text(at(value, 'name'))], at(value, 'birthDate'), identifiers(at(value, 'identifier'))))
  const event = at(value, own)
  if (!isObject(event)) facts.faults.push('no event of its kind')
  facts.events.push({
    kind,
    date: dateText(at(event, 'date')),
    dose: count(at(event, 'dose')),
    total: count(at(event, 'totalDoses')),
    codes: ['vaccine', 'brand', 'type'].flatMap((each) => codings(at(event, each))),
    from: dateText(at(event, 'validFrom')),
    until: dateText(at(event, 'validUntil')),
    detected: kind === 't' ? detection(codings(at(event, 'result'))) : undefined,
  })
}

const identifiers = (value: Plain | undefined): Plain[] => [value ?? ''].flat().map((each) => at(each, 'value') ?? each)

function readFlat(claims: Plain, facts: Facts): void {
  refuseOthers(claims, ['vaccine', 'test'], facts)
  facts.persons.push(person([text(at(claims, 'name'))], at(claims, 'birthDate'), identifiers(at(claims, 'identifier'))))
  facts.events.push({
    kind: 'v',
    date: dateText(at(claims, 'date')),
    dose: count(at(claims, 'dose')),
    total: count(at(claims, 'total_doses')),
    codes: ['vaccine', 'brand'].flatMap((each) => codings(at(claims, each))),
    from: dateText(at(claims, 'vaccine_valid')),
  })
  if (at(claims, 'test') !== undefined)
    facts.events.push({ kind: 't', codes: [], date: dateText(at(claims, 'test', 'date')) })
}

/** Subclaim -6, where `v` may be one map or a list; or it is the version, and `vx` holds the vaccination. */
function readMinimal(value: Plain, facts: Facts): void {
  refuseOthers(value, ['v'], facts)
  const vx = at(value, 'vx') ?? null
  const numbers = ['nid', 'id'].map((each) => at(value, each) ?? '')
  facts.persons.push(person([text(at(value, 'n'))], at(value, 'dob'), numbers))
  const v = vx ?? at(value, 'v')
  if (vx !== null && typeof at(value, 'v') === 'object' && at(value, 'v') !== null) facts.faults.push('two places')
  const doses = isObject(v) && Object.keys(Object(v)).length > 0 ? [v ?? null] : entriesOf(v, facts)
  if (doses.length === 0 || doses.some((each) => Object.keys(Object(each)).length === 0))
    facts.faults.push('no vaccination')
  for (const each of doses) {
    refuseOthers(each, [], facts)
    const product = text(at(each, 'vp'))
    const codes = [
      `http://id.who.int/icd11/mms|${product}`,
      ...(product.startsWith('YellowFever') ? ['YellowFever'] : []),
    ]
    const period = { from: dateText(at(each, 'vls')), until: dateText(at(each, 'vle')) }
    const date = dateText(at(each, 'dt') ?? at(each, 'dv'))
    const disease = diseaseOf(text(at(each, 'tg')), product)
    facts.events.push({ kind: 'v', codes, date, dose: count(at(each, 'dn')), disease, ...period })
    for (const name of ['vls', 'vle', 'tg', 'vp', 'dt', 'dv'])
      if (isUnreadable(at(each, name), /^(vl|d)/.test(name))) facts.doubts.push(`${name} cannot be read`)
  }
}

/** What is there and neither a text nor, where it should be one, a date. */
const isUnreadable = (value: Plain | undefined, isDate: boolean) =>
  value !== undefined && value !== null && value !== '' && (isDate ? dateText(value) === undefined : text(value) === '')

/** By the disease that is named; else by what the product is called, as WHO names its products. */
function diseaseOf(named: string, product: string): Certified['disease'] {
  if (named === '1D47' || (named === '' && /^(YellowFever|XM0N24)/.test(product))) return 'yellow-fever'
  return named === '1C81' || (named === '' && /^(Polio|XM0N50)/.test(product)) ? 'poliomyelitis' : undefined
}

const done: Record<string, string[]> = { Immunization: ['completed'], Observation: ['final', 'amended', 'corrected'] }

function readCard(card: Plain, facts: Facts): void {
  const bundle = at(card, 'vc', 'credentialSubject', 'fhirBundle')
  if (at(bundle, 'resourceType') !== 'Bundle') facts.faults.push('no Bundle')
  if (/"(modifierExtension|implicitRules)":/.test(JSON.stringify(bundle ?? null))) facts.doubts.push('unknown modifier')
  facts.revocable = { rid: text(at(card, 'vc', 'rid')), notBefore: at(card, 'nbf') }
  const entries = [at(bundle, 'entry') ?? []].flat()
  const patients = entries.filter((entry) => at(entry, 'resource', 'resourceType') === 'Patient')
  if (patients.length !== 1) facts.faults.push('not exactly one Patient')
  const holder = patients.flatMap((entry) => [
    text(at(entry, 'fullUrl')),
    `Patient/${text(at(entry, 'resource', 'id'))}`,
  ])
  facts.persons.push(...patients.map((entry) => patient(at(entry, 'resource'))))
  for (const resource of entries.map((entry) => at(entry, 'resource') ?? null)) {
    const type = text(at(resource, 'resourceType'))
    if (!Object.hasOwn(done, type)) continue
    const subject = text(at(resource, type === 'Immunization' ? 'patient' : 'subject', 'reference'))
    if (subject === '' || !holder.includes(subject)) facts.faults.push('an event of somebody else')
    if (at(resource, 'modifierExtension') !== undefined) facts.doubts.push('an event that is changed by an extension')
    const unclear = at(resource, 'dataAbsentReason') !== undefined
    const isPartial = (at(resource, 'isSubpotent') ?? false) !== false
    // What did not happen counts for nothing, beside what did.
    const isDone = done[type]?.includes(text(at(resource, 'status'))) && !unclear && !isPartial
    if (isDone) facts.events.push(type === 'Immunization' ? immunization(resource) : observation(resource))
  }
}

function patient(resource: Plain | undefined) {
  const names = [at(resource, 'name') ?? []].flat()
  const official = names.filter((name) => at(name, 'use') === 'official')
  const spelt = (official.length > 0 ? official : names).flatMap((name) => [
    text(at(name, 'text')),
    [at(name, 'given') ?? [], at(name, 'family') ?? ''].flat().map(text).filter(Boolean).join(' '),
  ])
  const numbers = [at(resource, 'identifier') ?? []].flat().map((each) => at(each, 'value') ?? '')
  return person(spelt, at(resource, 'birthDate'), numbers)
}

function immunization(resource: Plain): Certified {
  const [dose, total] = ['doseNumber', 'seriesDoses'].map((name) =>
    count(
      at(resource, 'protocolApplied', 0, `${name}PositiveInt`) ?? at(resource, 'protocolApplied', 0, `${name}String`),
    ),
  )
  const codes = codings(at(resource, 'vaccineCode', 'coding'))
  return { kind: 'v', date: dateText(at(resource, 'occurrenceDateTime')), dose, total, codes }
}

const observation = (resource: Plain): Certified => ({
  kind: 't',
  date: dateText(at(resource, 'effectiveDateTime')),
  codes: codings(at(resource, 'code', 'coding')),
  detected: detection(codings(at(resource, 'valueCodeableConcept', 'coding'))),
})

/** A document of DIVOC: one person, events of one kind. Codes of vaccines are told by name or by ICD-11. */
function readDivoc(document: Plain, facts: Facts): void {
  const types = [at(document, 'type') ?? []].flat()
  const isTest = types.includes('ProofOfTestCertificateCredential')
  if (types.includes('ProofOfVaccinationCredential') === isTest) facts.faults.push('not of one known kind')
  if (types.length > 2) facts.doubts.push('a further kind')
  const subject = at(document, 'credentialSubject')
  if (!isObject(subject)) facts.faults.push('no person')
  if (hasOthers(document)) facts.faults.push('lists')
  const known = (value: Plain | undefined) => (value === '' || value === '-' ? undefined : value)
  const numbers = ['refId', 'uhid', 'id'].map((each) => at(subject, each) ?? '')
  facts.persons.push(person([text(at(subject, 'name'))], known(at(subject, 'dob')), numbers))
  for (const event of entriesOf(at(document, 'evidence'), facts)) {
    const [dose, total] = ['dose', 'totalDoses'].map((each) => at(event, each))
    if (Number(dose ?? Number.NaN) > Number(total ?? Number.NaN))
      facts.doubts.push('dose and number of doses exchanged')
    if (isOutOfOrder(event, at(document, 'issuanceDate'))) facts.doubts.push('times that contradict each other')
    if ([at(event, 'type') ?? []].flat().join() !== (isTest ? 'TestDetails' : 'Vaccination'))
      facts.faults.push('an event of another kind')
    if (isTest)
      facts.events.push({
        kind: 't',
        codes: /pcr/i.test(text(at(event, 'testType'))) ? ['http://loinc.org|LP6464-4'] : [],
        date: dateText(at(event, 'sampleCollectionTimestamp')),
        detected: detection([text(at(event, 'result')).trim().toLowerCase()]),
      })
    else
      facts.events.push({
        kind: 'v',
        codes: [`http://id.who.int/icd11/mms|${text(at(event, 'icd11Code'))}`],
        date: dateText(at(event, 'date')),
        dose: count(dose),
        total: count(total),
      })
  }
}

/** Days or times of which the first lies behind the second. */
function isOutOfOrder(event: Plain, issued: Plain | undefined): boolean {
  const isLater = (a: Plain | undefined, b: Plain | undefined) => {
    const [first, last] = [dateText(a), dateText(b)]
    if (first === undefined || last === undefined) return false
    const length = Math.min(first.length, last.length) <= 10 ? 10 : 99
    return Date.parse(first.slice(0, length)) > Date.parse(last.slice(0, length))
  }
  const [sampled, known] = ['sampleCollectionTimestamp', 'resultTimestamp'].map((each) => at(event, each))
  const [given, until] = ['date', 'effectiveUntil'].map((each) => at(event, each))
  return isLater(given, until) || isLater(given, issued) || isLater(sampled, known) || isLater(sampled, issued)
}

function readSeal(data: Plain, facts: Facts): void {
  const [type, message, pid] = [text(at(data, 'hdr', 't')), at(data, 'msg'), at(data, 'msg', 'pid')]
  const others = type === 'icao.vacc' ? 'tr' : type === 'icao.test' ? 've' : undefined
  if (others === undefined || !isObject(message)) facts.faults.push('no seal of a known kind')
  else if (at(message, others) !== undefined) facts.faults.push('events of another kind')
  if (!isObject(pid)) facts.doubts.push('not one person')
  facts.persons.push(
    person(
      [text(at(pid, 'n'))],
      at(pid, 'dob'),
      ['i', 'dn', 'ai'].map((each) => at(pid, each) ?? ''),
    ),
  )
  for (const vaccine of entriesOf(at(message, 've'), facts)) {
    const codes = [`http://id.who.int/icd11/mms|${text(at(vaccine, 'des'))}`]
    for (const dose of entriesOf(at(vaccine, 'vd'), facts))
      facts.events.push({ kind: 'v', codes, date: dateText(at(dose, 'dvc')), dose: count(at(dose, 'seq')) })
  }
  const tr = at(message, 'tr')
  if (tr === undefined) return
  if (!isObject(tr)) facts.doubts.push('tr is no object')
  const codes = [`icao|${text(at(tr, 'tc')).replace(/\(.*/, '')}`]
  facts.events.push({
    kind: 't',
    codes,
    date: dateText(at(message, 'dat', 'sc')),
    detected: detection([text(at(tr, 'r'))]),
  })
}
