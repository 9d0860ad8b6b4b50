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
  all: RecordSource
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
  // The FHIR types only describe its shape, which nobody has checked.
  const given = data === undefined ? undefined : asJson(data).entry
  for (const [position, entry] of (Array.isArray(given) ? given : []).entries()) {
    if (!isJsonObject(entry) || !isJsonObject(entry.resource)) continue
    entries.push({ resource: entry.resource, fullUrl: text(entry.fullUrl), position })
  }
  const patients = entries.filter((each) => each.resource.resourceType === 'Patient')
  const lone = patients.length === 1
  if (patients.length > 1 && !reading.instances.isEmpty)
    throw unprocessable('the data has several Patients and core data sets, of which nobody says whose they are')
  const all = recordSource(entries, { ...reading, key: '', belongs: () => true })
  const isNobodys = patients.length === 0 && !reading.instances.isEmpty
  return {
    patients: isNobodys
      ? [
          recordSource(entries, {
            ...reading,
            key: '',
            belongs: (_, { patientElements }) => patientElements.length === 0,
          }),
        ]
      : patients.map((patient) => {
          const belongs = (entry: Entry, fhirClass: FhirClass) =>
            entry.resource.resourceType === 'Patient' ? entry === patient : belongsTo(entry, fhirClass, patient, lone)
          return recordSource(entries, { ...reading, key: keyOf(patient), belongs })
        }),
    all,
  }
}

function keyOf(patient: Entry): string {
  return text(patient.resource.id) ?? patient.fullUrl ?? `#${patient.position}`
}

interface Selection extends DataReading {
  key: string
  belongs(entry: Entry, fhirClass: FhirClass): boolean
}

function recordSource(entries: Entry[], { key, belongs, classes, scope, instances }: Selection): RecordSource {
  const found = new Map<string, FhirInstance[]>()
  const find = (type: string) => {
    const fhirClass = classes.find(type)
    if (!fhirClass) throw new Error(`the data model has no type ${type}`)
    return entries
      .filter((each) => each.resource.resourceType === type && belongs(each, fhirClass))
      .map((each) => fhirClass.wrap(each.resource, scope))
  }
  const source: RecordSource = {
    key,
    findRecords(profile, details) {
      const qualified = details?.datatype ?? profile ?? ''
      const logical = qualified.startsWith(fhir) ? undefined : instances.ofType(qualified)
      if (logical) return logical
      const type = typeName(qualified)
      const records = found.get(type) ?? find(type)
      found.set(type, records)
      return records
    },
    get: (field) => source.findRecords('Patient')[0]?.get(field),
    getId: () => key,
    getCode: () => undefined,
    getDate: () => undefined,
    getDateOrInterval: () => undefined,
  }
  return source
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
  const references = fhirClass.patientElements
    .flatMap((name) => patientReferences(entry.resource[name]))
    .filter((each) => !each.startsWith('#'))
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

/** References in an element that may be a patient's: those to another type are about somebody or something else. */
function patientReferences(value: Json | undefined): string[] {
  return [value ?? []].flat().flatMap((each) => {
    const reference = isJsonObject(each) ? text(each.reference) : undefined
    if (reference === undefined) return []
    const other = /(?:^|\/)([A-Z]\w+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(reference)
    return other && other[1] !== 'Patient' ? [] : [reference]
  })
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)
