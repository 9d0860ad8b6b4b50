/**
 * What an ActivityDefinition becomes, by its `kind` (https://hl7.org/fhir/R4/valueset-request-resource-types.html). Kinds whose required
 * elements no definition can say (a claim's insurer, the prescriber of glasses) are not made.
 */
import type { JsonObject } from '../../base/json-value.ts'
import type { ActivityDefinition } from '../../fhir/types.ts'

/** What a request is made of, beside the definition. */
interface RequestParts {
  subject: string
  encounter: string | undefined
  /** Who asks: the practitioner, else the organization. */
  requester: string | undefined
  /** dateTime */
  now: string
}

/** One kind. */
export interface ActivityKind {
  /** The elements of the resource, without those that are handled for all kinds. */
  make(definition: ActivityDefinition, parts: RequestParts): JsonObject
  /** Element of `timing[x]` without type, and the types it takes. */
  timing?: { name: string; types: readonly string[] }
  /** The subject may be nothing else than a Patient. */
  ofPatients?: true
  /** Intents of the definition that the kind does not have. */
  otherIntents?: readonly string[]
  /** The requester may be nothing else than a practitioner. */
  byPractitioners?: true
  /** Elements of the definition that the kind has a place for, beside title, description, code, kind, timing and dynamic values. */
  carries: readonly (keyof ActivityDefinition)[]
}

const references = (...all: (string | undefined)[]) =>
  all.flatMap((reference) => (reference === undefined ? [] : [{ reference }]))
const reference = (text: string | undefined) => references(text)[0]
const list = (value: unknown): unknown[] => (value === undefined ? [] : [value])

/** Members that have a value; an empty list is none. */
export function present(members: Record<string, unknown>): JsonObject {
  const kept = Object.entries(members).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return JSON.parse(JSON.stringify(Object.fromEntries(kept)))
}

const intentOf = ({ intent }: ActivityDefinition) => intent ?? 'proposal'
const performerTypes = ({ participant = [] }: ActivityDefinition) => participant.flatMap(({ role }) => role ?? [])
const note = (text: string | undefined) => (text === undefined ? undefined : [{ text }])
const textOf = ({ description, title, name }: ActivityDefinition) => description ?? title ?? name
/** A product as one of the two types of an element: the resource, else the concept, else what the definition is about. */
const productAs = (element: string, { productReference, productCodeableConcept, code }: ActivityDefinition) => ({
  [`${element}Reference`]: productReference,
  [`${element}CodeableConcept`]: productReference ? undefined : (productCodeableConcept ?? code),
})
/** For whom, when and by whom it is asked, as most requests say it. */
const askedBy = ({ subject, encounter, requester, now }: RequestParts) => ({
  subject: reference(subject),
  encounter: reference(encounter),
  authoredOn: now,
  requester: reference(requester),
})
const occurrence = { name: 'occurrence', types: ['DateTime', 'Period', 'Timing'] }
const common = ['priority', 'intent'] as const

/** The kinds that are made. */
export const activityKinds: Readonly<Record<string, ActivityKind>> = {
  Appointment: {
    ofPatients: true,
    byPractitioners: true,
    carries: [],
    timing: { name: 'requestedPeriod', types: ['Period'] },
    make: (definition, { subject, requester }) =>
      present({
        status: 'proposed',
        serviceType: list(definition.code),
        description: textOf(definition),
        participant: references(subject, requester).map((actor) => ({ actor, status: 'needs-action' })),
      }),
  },
  CarePlan: {
    otherIntents: ['directive', 'original-order', 'reflex-order', 'filler-order', 'instance-order'],
    carries: ['intent'],
    timing: { name: 'period', types: ['Period'] },
    make: (definition, { subject, encounter, requester, now }) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        category: list(definition.code),
        title: definition.title,
        description: definition.description,
        subject: reference(subject),
        encounter: reference(encounter),
        created: now,
        author: reference(requester),
      }),
  },
  CommunicationRequest: {
    carries: ['priority', 'doNotPerform'],
    timing: { name: 'occurrence', types: ['DateTime', 'Period'] },
    make: (definition, { subject, encounter, requester, now }) =>
      present({
        status: 'draft',
        category: list(definition.code),
        priority: definition.priority,
        doNotPerform: definition.doNotPerform,
        subject: reference(subject),
        encounter: reference(encounter),
        payload: list(textOf(definition)).map((contentString) => ({ contentString })),
        authoredOn: now,
        requester: reference(requester),
      }),
  },
  DeviceRequest: {
    carries: [...common, 'productReference', 'productCodeableConcept', 'participant'],
    timing: occurrence,
    make: (definition, parts) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        priority: definition.priority,
        ...productAs('code', definition),
        ...askedBy(parts),
        performerType: performerTypes(definition)[0],
        note: note(definition.description),
      }),
  },
  EnrollmentRequest: {
    ofPatients: true,
    carries: [],
    make: (_definition, { subject, now }) => present({ status: 'draft', created: now, candidate: reference(subject) }),
  },
  ImmunizationRecommendation: {
    ofPatients: true,
    carries: ['productCodeableConcept'],
    make: (definition, { subject, now }) =>
      present({
        patient: reference(subject),
        date: now,
        recommendation: [
          present({
            vaccineCode: list(definition.productCodeableConcept ?? definition.code),
            forecastStatus: {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/immunization-recommendation-status',
                  code: 'due',
                  display: 'Due',
                },
              ],
            },
            description: definition.description,
          }),
        ],
      }),
  },
  MedicationRequest: {
    otherIntents: ['directive'],
    carries: [
      ...common,
      'doNotPerform',
      'productReference',
      'productCodeableConcept',
      'dosage',
      'quantity',
      'participant',
    ],
    make: (definition, parts) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        priority: definition.priority,
        doNotPerform: definition.doNotPerform,
        ...productAs('medication', definition),
        ...askedBy(parts),
        performerType: performerTypes(definition)[0],
        note: note(definition.description),
        dosageInstruction: definition.dosage,
        dispenseRequest: definition.quantity ? { quantity: definition.quantity } : undefined,
      }),
  },
  NutritionOrder: {
    ofPatients: true,
    byPractitioners: true,
    carries: ['intent', 'productCodeableConcept'],
    make: (definition, { subject, encounter, requester, now }) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        patient: reference(subject),
        encounter: reference(encounter),
        dateTime: now,
        orderer: reference(requester),
        supplement: list(definition.productCodeableConcept).map((type) => ({ type })),
        oralDiet: definition.productCodeableConcept ? undefined : present({ type: list(definition.code) }),
        note: note(definition.description),
      }),
  },
  ServiceRequest: {
    carries: [...common, 'doNotPerform', 'quantity', 'location', 'bodySite', 'participant'],
    timing: occurrence,
    make: (definition, parts) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        priority: definition.priority,
        doNotPerform: definition.doNotPerform,
        code: definition.code,
        quantityQuantity: definition.quantity,
        ...askedBy(parts),
        performerType: performerTypes(definition)[0],
        locationReference: list(definition.location),
        bodySite: definition.bodySite,
        note: note(definition.description),
      }),
  },
  SupplyRequest: {
    carries: ['priority', 'quantity', 'productReference', 'productCodeableConcept'],
    timing: occurrence,
    // The resource has no place for a subject.
    make: (definition, { requester, now }) =>
      present({
        status: 'draft',
        priority: definition.priority,
        ...productAs('item', definition),
        quantity: definition.quantity,
        authoredOn: now,
        requester: reference(requester),
        reasonCode: list(definition.description).map((text) => ({ text })),
      }),
  },
  Task: {
    otherIntents: ['directive'],
    carries: [...common, 'location', 'participant'],
    timing: { name: 'executionPeriod', types: ['Period'] },
    make: (definition, { subject, encounter, requester, now }) =>
      present({
        status: 'draft',
        intent: intentOf(definition),
        priority: definition.priority,
        code: definition.code,
        description: textOf(definition),
        for: reference(subject),
        encounter: reference(encounter),
        authoredOn: now,
        requester: reference(requester),
        performerType: performerTypes(definition),
        location: definition.location,
      }),
  },
}

/** Elements by which a kind says of what definition its resource is an instance. */
export const instantiating: Readonly<Record<string, 'list' | 'one'>> = {
  CarePlan: 'list',
  DeviceRequest: 'list',
  MedicationRequest: 'list',
  NutritionOrder: 'list',
  ServiceRequest: 'list',
  Task: 'one',
}
