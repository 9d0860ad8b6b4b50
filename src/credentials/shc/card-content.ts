import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { EventKind, Obstacle, Opened } from '../credential-format.ts'
import { plainTexts } from '../encoding/plain-text.ts'
import { judgeImmunization, judgeObservation } from '../fhir-content/events.ts'
import { circumstances, entriesOf, holderOf, subjectFault } from '../fhir-content/holder.ts'
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
export function openCard(card: JsonObject, bundle: JsonObject): Opened | string {
  const entries = entriesOf(bundle)
  if (!entries) return 'an entry of the bundle holds no resource'
  const holder = holderOf(entries, 'card')
  if (typeof holder === 'string') return holder
  const obstacles: Obstacle[] = [...holder.obstacles, ...versionObstacles(card)]
  const events = new Set<EventKind>()
  const happened = new Set<EventKind>()
  const kept: Json[] = []
  const remarks: string[] = []
  for (const entry of entries) {
    const { resource } = entry
    const type = String(resource.resourceType)
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
  return {
    ...cleanContent(withEntries(card, bundle, kept), bundle, remarks),
    formats: ['shc'],
    events: [...events],
    ...(happened.size > 0 ? { happened: [...happened] } : {}),
    obstacles: withNone(obstacles, kept),
    certificateIds: [],
  }
}

/** Elements and statuses are those of FHIR R4; in another release they may mean something else. */
function versionObstacles({ vc }: JsonObject): Obstacle[] {
  const subject = isJsonObject(vc) ? vc.credentialSubject : undefined
  const version = isJsonObject(subject) ? subject.fhirVersion : undefined
  const isR4 = version === undefined || (typeof version === 'string' && /^4\.0(\.|$)/.test(version))
  return isR4 ? [] : [{ text: 'The card says that it is of another release of FHIR than R4', blocks: true }]
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

function cleanContent(card: JsonObject, bundle: JsonObject, found: string[]): Pick<Opened, 'content' | 'remarks'> {
  const { json, remarks } = plainTexts(card)
  remarks.push(...found)
  if (bundle.type !== undefined && bundle.type !== 'collection') remarks.push('the bundle is not a collection')
  return { content: json, remarks }
}
