import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isAbsent } from '../certificate-input.ts'
import type { EventKind, Obstacle, Opened } from '../credential-format.ts'
import { plainTexts } from '../encoding/plain-text.ts'
import { containsOnly, judgeImmunization, judgeObservation } from '../fhir-content/events.ts'
import {
  type ContentEntry,
  circumstances,
  entriesOf,
  hasModifier,
  holderOf,
  subjectFault,
} from '../fhir-content/holder.ts'
import { isMarked, isTestData } from '../fhir-content/marks.ts'
import { resourceFields } from '../fhir-content/resource-fields.ts'
import { toldTwice } from '../fhir-content/told-twice.ts'
import { lostObstacles, readFields } from '../shape.ts'

/** Resource types of certified events, how each is judged, and what it certifies. */
const eventTypes: Record<string, { kind: EventKind; judge(event: JsonObject, whose: 'card'): Obstacle | undefined }> = {
  Immunization: { kind: 'v', judge: judgeImmunization },
  Observation: { kind: 't', judge: judgeObservation },
}

/**
 * Reads a verified card: one holder, events of that holder, of them those that happened. The others are
 * taken out of the content and told. A text says why the bundle is no card of one person.
 */
export function openCard(signed: JsonObject): Opened | string {
  // Before anything is left out: a text that goes because of its characters may have said anything.
  const { json, remarks } = plainTexts(signed)
  const card = isJsonObject(json) ? json : {}
  const bundle = bundleOf(card)
  const entries = bundle && entriesOf(bundle)
  if (!bundle || !entries) return 'an entry of the bundle holds no resource'
  const holder = holderOf(entries, 'card')
  if (typeof holder === 'string') return holder
  const limits = limitsOf(card)
  remarks.push(...limits.remarks)
  const obstacles: Obstacle[] = [
    ...holder.obstacles,
    ...versionObstacles(card),
    ...identifierObstacles(card),
    ...limits.obstacles,
    ...markObstacles(bundle, entries),
  ]
  const events = new Set<EventKind>()
  const happened = new Set<EventKind>()
  const kept: Json[] = []
  for (const entry of entries) {
    const { resource } = entry
    const type = typeof resource.resourceType === 'string' ? resource.resourceType : ''
    const event = Object.hasOwn(eventTypes, type) ? eventTypes[type] : undefined
    if (event) {
      const fault = subjectFault(resource, holder)
      if (fault !== undefined) return fault
      const obstacle = event.judge(resource, 'card')
      if (obstacle) obstacles.push(obstacle)
      // What an uncertain status hides may be an event of this kind all the same: the key must be good for it.
      events.add(event.kind)
      // What is not understood may have happened; what did not is told alone.
      if (!obstacle || obstacle.blocks) happened.add(event.kind)
      if (obstacle) continue
      obstacles.push(...toldTwice(resource, 'card'))
    } else if (type !== 'Patient' && !circumstances.includes(type)) {
      obstacles.push({ text: 'The card holds a resource of a type that is not judged', blocks: true })
    }
    const read = readFields(
      resource,
      (Object.hasOwn(resourceFields, type) ? resourceFields[type] : undefined) ?? {},
      type,
    )
    remarks.push(...read.remarks)
    obstacles.push(...lostObstacles(read.lost, type))
    kept.push({ ...entry.source, resource: read.value })
  }
  if (bundle.type !== undefined && bundle.type !== 'collection') remarks.push('the bundle is not a collection')
  return {
    content: withEntries(card, bundle, kept),
    remarks,
    formats: ['shc'],
    events: [...events],
    ...(happened.size > 0 ? { happened: [...happened] } : {}),
    obstacles: withNone(obstacles, kept),
    certificateIds: [],
  }
}

/** The Bundle of a card; undefined where there is none. */
export function bundleOf({ vc }: JsonObject): JsonObject | undefined {
  const subject = isJsonObject(vc) ? vc.credentialSubject : undefined
  const bundle = isJsonObject(subject) ? subject.fhirBundle : undefined
  return isJsonObject(bundle) && bundle.resourceType === 'Bundle' ? bundle : undefined
}

/** The name under which lists revoke a card (SMART Health Cards, revocation); undefined for what is none. */
export const revocationId = (rid: Json | undefined): string | undefined =>
  typeof rid === 'string' && /^[A-Za-z0-9_-]{1,24}$/.test(rid) ? rid : undefined

/** Under an identifier that is none no list can name a card. */
function identifierObstacles({ vc }: JsonObject): Obstacle[] {
  const rid = isJsonObject(vc) ? vc.rid : undefined
  if (isAbsent(rid) || revocationId(rid) !== undefined) return []
  return [{ text: 'The card has a revocation identifier that is not understood', blocks: true }]
}

/** Elements and statuses are those of FHIR R4; in another release they may mean something else. */
function versionObstacles({ vc }: JsonObject): Obstacle[] {
  const subject = isJsonObject(vc) ? vc.credentialSubject : undefined
  const version = isJsonObject(subject) ? subject.fhirVersion : undefined
  const isR4 = version === undefined || (typeof version === 'string' && /^4\.0(\.|$)/.test(version))
  return isR4 ? [] : [{ text: 'The card says that it is of another release of FHIR than R4', blocks: true }]
}

/** Members of a card (SMART Health Cards, "Data Model"; the context is of its first versions), and of `vc`. */
const MEMBERS = ['iss', 'nbf', 'exp', 'vc']
const CREDENTIAL_MEMBERS = ['@context', 'type', 'credentialSubject', 'rid']
const SUBJECT_MEMBERS = ['id', 'fhirVersion', 'fhirBundle']
/** FHIR R4, Bundle. */
const BUNDLE_MEMBERS =
  'resourceType id meta implicitRules language identifier type timestamp total link entry signature'.split(' ')
/**
 * Members that say for how long, for whom or whether such a credential counts (RFC 7519; Verifiable Credentials Data Model), and that a card
 * does not have: nobody reads them.
 */
const LIMITS = [
  'aud',
  'status',
  'validFrom',
  'validUntil',
  'issuanceDate',
  'expirationDate',
  'credentialStatus',
  'termsOfUse',
]

/** What stands in a card beside its members. */
function limitsOf(card: JsonObject): { remarks: string[]; obstacles: Obstacle[] } {
  const beside = (part: JsonObject, known: string[]) => Object.keys(part).filter((name) => !known.includes(name))
  const vc = isJsonObject(card.vc) ? card.vc : {}
  const subject = isJsonObject(vc.credentialSubject) ? vc.credentialSubject : {}
  const unknown = [
    ...beside(card, MEMBERS),
    ...beside(vc, CREDENTIAL_MEMBERS),
    ...beside(subject, SUBJECT_MEMBERS),
    ...beside(bundleOf(card) ?? {}, BUNDLE_MEMBERS),
  ]
  const text = 'The card says for how long, for whom or whether it counts in a way that this server does not read'
  return {
    remarks: unknown.length > 0 ? ['members that a card does not have'] : [],
    obstacles: unknown.some((name) => LIMITS.includes(name)) ? [{ text, blocks: true }] : [],
  }
}

/** Whether a resource contains what says nothing of what happened, or is an event, of which that is judged with the rest. */
const isContainer = ({ resourceType, contained = null }: JsonObject): boolean =>
  containsOnly(contained, circumstances) || Object.hasOwn(eventTypes, String(resourceType))

/** What is said of the resources beside their own elements. */
function markObstacles(bundle: JsonObject, entries: ContentEntry[]): Obstacle[] {
  const faults: [boolean, string][] = [
    [hasModifier(bundle), 'The bundle of the card has an extension that changes its meaning'],
    [
      entries.some(({ source }) => isMarked(source)),
      'An entry of the card has an extension that changes its meaning, or is one of a search or a history',
    ],
    [
      entries.some(({ resource }) => resource.contained !== undefined && !isContainer(resource)),
      'A resource of the card contains other resources, which are not read',
    ],
    [isTestData(bundle) || entries.some(({ resource }) => isTestData(resource)), 'The card is marked as test data'],
  ]
  return faults.flatMap(([is, text]) => (is ? [{ text, blocks: true }] : []))
}

/** A card of which no event is left certifies nothing. */
function withNone(obstacles: Obstacle[], kept: Json[]): Obstacle[] {
  const isEvent = (entry: Json) =>
    isJsonObject(entry) &&
    isJsonObject(entry.resource) &&
    Object.hasOwn(eventTypes, String(entry.resource.resourceType))
  return kept.some(isEvent) ? obstacles : [...obstacles, { text: 'No event of the card counts', blocks: true }]
}

function withEntries(card: JsonObject, bundle: JsonObject, entry: Json[]): JsonObject {
  const vc = isJsonObject(card.vc) ? card.vc : {}
  const subject = isJsonObject(vc.credentialSubject) ? vc.credentialSubject : {}
  return { ...card, vc: { ...vc, credentialSubject: { ...subject, fhirBundle: { ...bundle, entry } } } }
}
