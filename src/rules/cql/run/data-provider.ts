import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { unprocessable } from '../../../fhir/error.ts'
import { asJson } from '../../../fhir/json.ts'
import type { Bundle } from '../../../fhir/types.ts'
import type { Instances } from '../../models/instances.ts'
import type { FhirClass, FhirClasses, FhirInstance, ReadScope } from './fhir-instance.ts'

/** What a retrieve asks for: the part of the executor's RetrieveDetails that is read here. */
interface Retrieval {
  /** `{http://hl7.org/fhir}Immunization`, or of a logical model by its url. */
  datatype: string
}

/** One patient's data, or all of it; made for one request and never shared. Implements the executor's PatientObject. */
export interface RecordSource {
  /** Patient.id, else the entry's fullUrl, else its position. */
  key: string
  findRecords(profile: string | null, details?: Retrieval): FhirInstance[]
  get(field: string): unknown
  getId(): string
  getCode(field: string): unknown
  getDate(field: string): unknown
  getDateOrInterval(field: string): unknown
}

interface Entry {
  resource: JsonObject
  fullUrl: string | undefined
  position: number
}

/** The data of one request, split by patient. */
export interface RequestData {
  /** One source per Patient of the Bundle, in order; empty when it has none. */
  patients: RecordSource[]
  /** Every resource, for libraries without patient context. */
  all(): RecordSource
}

/** What records are read with. */
export interface DataReading {
  classes: FhirClasses
  scope: ReadScope
  /** Instances of logical models: of the one person that the request is about. */
  instances: Instances
}

/** Splits a Bundle by patient; undefined is an empty Bundle. Instances of logical models alone are a patient, too. */
export function splitByPatient(data: Bundle | undefined, reading: DataReading): RequestData {
  const entries: Entry[] = []
  const patients: Entry[] = []
  // The FHIR types only describe its shape, which nobody has checked.
  const given = data === undefined ? undefined : asJson(data).entry
  if (Array.isArray(given))
    for (let position = 0; position < given.length; position++) {
      const entry = given[position]
      if (!isJsonObject(entry) || !isJsonObject(entry.resource)) continue
      const read = { resource: entry.resource, fullUrl: text(entry.fullUrl), position }
      entries.push(read)
      if (read.resource.resourceType === 'Patient') patients.push(read)
    }
  if (patients.length > 1 && !reading.instances.isEmpty)
    throw unprocessable('the data has several Patients and core data sets, of which nobody says whose they are')
  const isNobodys = patients.length === 0 && !reading.instances.isEmpty
  const isLone = patients.length === 1
  return {
    patients: isNobodys
      ? [new Records(entries, reading, { key: '', belongs: isNoPatients })]
      : patients.map((patient) => {
          const belongs: Belongs = (entry, fhirClass) =>
            entry.resource.resourceType === 'Patient' ? entry === patient : belongsTo(entry, fhirClass, patient, isLone)
          return new Records(entries, reading, { key: keyOf(patient), belongs })
        }),
    // No accessor: an object with one has a shape of its own, which keeps the data until the whole heap is collected.
    all() {
      return new Records(entries, reading, { key: '', belongs: () => true })
    },
  }
}

function keyOf(patient: Entry): string {
  return text(patient.resource.id) ?? patient.fullUrl ?? `#${patient.position}`
}

/** Whether an entry is of the patient whose records are read. */
type Belongs = (entry: Entry, fhirClass: FhirClass) => boolean

const isNoPatients: Belongs = (_, { patientElements }) => patientElements.length === 0

class Records implements RecordSource {
  readonly key: string
  readonly #entries: Entry[]
  readonly #reading: DataReading
  readonly #belongs: Belongs
  readonly #found = new Map<string, FhirInstance[]>()

  constructor(entries: Entry[], reading: DataReading, { key, belongs }: { key: string; belongs: Belongs }) {
    this.key = key
    this.#entries = entries
    this.#reading = reading
    this.#belongs = belongs
  }

  findRecords(profile: string | null, details?: Retrieval): FhirInstance[] {
    const qualified = details?.datatype ?? profile ?? ''
    const known = this.#found.get(qualified)
    if (known) return known
    const logical = qualified.startsWith(fhir) ? undefined : this.#reading.instances.ofType(qualified)
    const records = logical ?? this.#find(typeName(qualified))
    this.#found.set(qualified, records)
    return records
  }

  #find(type: string): FhirInstance[] {
    const { classes, scope } = this.#reading
    const fhirClass = classes.find(type)
    if (!fhirClass) throw new Error(`the data model has no type ${type}`)
    const records: FhirInstance[] = []
    for (const each of this.#entries)
      if (each.resource.resourceType === type && this.#belongs(each, fhirClass))
        records.push(fhirClass.wrap(each.resource, scope))
    return records
  }

  get(field: string): unknown {
    return this.findRecords('Patient')[0]?.get(field)
  }

  getId(): string {
    return this.key
  }

  getCode(): undefined {}

  getDate(): undefined {}

  getDateOrInterval(): undefined {}
}

const fhir = '{http://hl7.org/fhir}'

function typeName(qualified: string): string {
  return qualified.slice(
    Math.max(qualified.lastIndexOf('}'), qualified.lastIndexOf('/'), qualified.indexOf('FHIR.') + 4) + 1,
  )
}

/**
 * Whether a resource is about a patient. One that names no patient belongs to the only patient of the Bundle, and in a Bundle of several
 * to none, except types that are never about a patient (Organization, Practitioner): those everybody sees.
 */
function belongsTo(entry: Entry, fhirClass: FhirClass, patient: Entry, lone: boolean): boolean {
  if (fhirClass.patientElements.length === 0) return true
  const references: string[] = []
  for (const name of fhirClass.patientElements) addPatientReferences(entry.resource[name], references)
  if (references.length === 0) return lone
  const id = text(patient.resource.id)
  if (id === undefined && patient.fullUrl === undefined) return lone
  return references.some(
    (each) => each === patient.fullUrl || (id !== undefined && pointsTo(each, id, patient.fullUrl)),
  )
}

/** `Patient/1`, `Patient/1/_history/2` and `http://server/Patient/1`; an absolute reference must agree with an absolute fullUrl. */
function pointsTo(reference: string, id: string, fullUrl: string | undefined): boolean {
  const match = /^(.*?)Patient\/([^/]+)(?:\/_history\/[^/]+)?$/.exec(reference)
  if (match?.[2] !== id) return false
  return !match[1] || !fullUrl?.startsWith('http') || fullUrl === `${match[1]}Patient/${id}`
}

/** References in an element that may be a patient's: those to another type, or within the resource, are about somebody or something else. */
function addPatientReferences(value: Json | undefined, references: string[]): void {
  if (Array.isArray(value)) {
    for (const each of value) addPatientReference(each, references)
  } else addPatientReference(value, references)
}

function addPatientReference(value: Json | undefined, references: string[]): void {
  const reference = isJsonObject(value) ? text(value.reference) : undefined
  if (reference === undefined || reference.startsWith('#')) return
  const other = reference.includes('/') ? /(?:^|\/)([A-Z]\w+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(reference) : undefined
  if (!other || other[1] === 'Patient') references.push(reference)
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)
