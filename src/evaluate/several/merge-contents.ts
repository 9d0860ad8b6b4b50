import type { Json, JsonObject } from '../../base/json-value.ts'
import { issue } from '../../fhir/error.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type { Bundle, Issue } from '../../fhir/types.ts'
import { withReferences } from '../map/mapped.ts'
import { compareText, dateOf, eventTypes, type Relation, relate, united } from './events.ts'

/** The resources of several credentials as one content. */
interface MergedContent {
  bundle: Bundle
  /** What is told of it: events that several credentials tell. */
  remarks: Issue[]
  /** What makes `accepted` impossible: events that cannot both be, or of which nobody can say whether they are one or two. */
  obstacles: Issue[]
}

/** One entry of one of the contents. */
interface Entry {
  /** Number of its credential. */
  of: number
  fullUrl: string
  resource: JsonObject
}

/**
 * Puts the contents of several credentials of one person together: one Patient, every event once, the oldest first; references go to
 * what was kept. The order of the credentials changes nothing of the events.
 * @param contents each with one Patient, and an absolute fullUrl for every entry
 */
export function mergeContents(contents: { number: number; bundle: Bundle }[]): MergedContent {
  const entries = contents.flatMap(entriesOf)
  const merged: MergedContent = { bundle: { resourceType: 'Bundle', type: 'collection' }, remarks: [], obstacles: [] }
  const addresses = new Map<string, string>()
  const patients = entries.filter(({ resource }) => resource.resourceType === 'Patient')
  const events = entries.filter(({ resource }) => eventTypes.includes(String(resource.resourceType)))
  const others = entries.filter((each) => !patients.includes(each) && !events.includes(each))
  const groups = groupsOf(events, merged)
  const kept = [
    ...others,
    onePatient(patients, addresses),
    ...groups
      .map((group) => oneEvent(group, addresses))
      .sort((a, b) => momentOf(a) - momentOf(b) || compareText(a.resource, b.resource)),
  ]
  const seen = new Map<string, string>()
  const entry = kept.flatMap(({ fullUrl, resource }) => {
    const told = withReferences(resource, addresses)
    const text = JSON.stringify(told)
    const known = seen.get(fullUrl)
    if (known !== undefined && known !== text) merged.obstacles.push(sameAddress)
    if (known !== undefined) return []
    seen.set(fullUrl, text)
    return [{ fullUrl, resource: told }]
  })
  const bundle: Json = { resourceType: 'Bundle', type: 'collection', entry }
  if (isOfType(bundle, 'Bundle')) merged.bundle = bundle
  return merged
}

const sameAddress = issue('duplicate', {
  severity: 'warning',
  text: 'Two credentials hold different resources of one address: only one of them can be kept',
})

function entriesOf({ number: of, bundle: { entry = [] } }: { number: number; bundle: Bundle }): Entry[] {
  return entry.flatMap(({ fullUrl = '', resource }) => (resource ? [{ of, fullUrl, resource: asJson(resource) }] : []))
}

/** The first moment that is told, in milliseconds; what is told of no moment comes last. */
function momentOf({ resource }: Entry): number {
  const moment = Date.parse(dateOf(resource) ?? '')
  return Number.isNaN(moment) ? Number.MAX_SAFE_INTEGER : moment
}

/** The fullest Patient, by date of birth first, with what only another tells. */
function onePatient(patients: Entry[], addresses: Map<string, string>): Entry {
  const fullness = ({ resource }: Entry) =>
    String(resource.birthDate ?? '').length * 1e6 + JSON.stringify(resource).length
  const [first = nobody, ...others] = [...patients].sort((a, b) => fullness(b) - fullness(a))
  for (const { fullUrl } of others) addresses.set(fullUrl, first.fullUrl)
  const resource = Object.assign({}, ...others.map((each) => each.resource).reverse(), first.resource)
  return { ...first, resource }
}

const nobody: Entry = { of: 0, fullUrl: '', resource: { resourceType: 'Patient' } }

/** Events that are one, each with all of its tellings; what speaks against any pair is noted. */
function groupsOf(events: Entry[], { remarks, obstacles }: MergedContent): Entry[][] {
  const groups = new Map(events.map((each) => [each, [each]]))
  for (const [at, a] of events.entries()) {
    for (const b of events.slice(at + 1)) {
      // Within one credential its issuer says whether they are one or two.
      if (a.of === b.of) continue
      const relation = relate(a.resource, b.resource)
      const told = describe(relation, a, b)
      if (told) (relation === 'same' ? remarks : obstacles).push(told)
      const [groupA, groupB] = [groups.get(a), groups.get(b)]
      if (relation !== 'same' || !groupA || !groupB || groupA === groupB) continue
      groupA.push(...groupB)
      for (const each of groupB) groups.set(each, groupA)
    }
  }
  return [...new Set(groups.values())]
}

function oneEvent(group: Entry[], addresses: Map<string, string>): Entry {
  const [first = nobody] = group
  const resource = group.length === 1 ? first.resource : united(group.map((each) => each.resource))
  const kept = group.find((each) => each.resource.id === resource.id) ?? first
  for (const { fullUrl } of group) if (fullUrl !== kept.fullUrl) addresses.set(fullUrl, kept.fullUrl)
  return { ...kept, resource }
}

const texts: Record<Exclude<Relation, 'other'>, string> = {
  same: 'tell one and the same event: it counts once',
  contradictory: 'contradict each other',
  unclear: 'tell events of which nobody can say whether they are one or two',
}

function describe(relation: Relation, a: Entry, b: Entry): Issue | undefined {
  if (relation === 'other') return undefined
  const text = `Credentials ${a.of} and ${b.of} ${texts[relation]} (${String(a.resource.resourceType)})`
  return relation === 'same'
    ? issue('informational', { severity: 'information', text })
    : issue('conflict', { severity: 'warning', text })
}
