import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isResource } from '../../fhir/elements.ts'
import type { CertificateKind, Obstacle, Opened } from '../credential-format.ts'
import { plainTexts } from '../encoding/plain-text.ts'
import { contradictsItself } from '../fhir-content/absent.ts'
import {
  type ContentEntry,
  circumstances,
  entriesOf,
  type Holder,
  hasModifier,
  holderOf,
  holdsModifier,
} from '../fhir-content/holder.ts'
import { isMarked, isTestData } from '../fhir-content/marks.ts'
import { resourceFields } from '../fhir-content/resource-fields.ts'
import { toldTwice } from '../fhir-content/told-twice.ts'
import { lostObstacles, readFields } from '../shape.ts'
import { hasCoreData, ipsInput } from './ips-input.ts'
import { addresses, target } from './references.ts'
import { denied, writtenBefore } from './sections.ts'
import { codingsOf, summaryJudges } from './summary-resources.ts'

/** The code under which a patient summary goes in replies. */
const FORMAT = 'ips'

/** A patient summary as a kind of certificate: it has no envelope of its own, its signer is that of the link that it lay behind. */
export const ipsKind: CertificateKind = { domains: ['IPS-PILGRIMAGE', 'PH4H', 'IPS'], input: ipsInput }

/** Bounds of a summary, whatever it says of itself. */
const MOST = { entries: 1000, depth: 64, values: 100_000 }

/**
 * Reads a document Bundle as an International Patient Summary (HL7 IPS 1.1, as IPS Pilgrimage and PH4H have it): one Patient, to whom
 * everything belongs, the vaccinations that happened, problems and allergies that nobody refutes, medications. What does not count is
 * left out of the content and told. A text says why it is no summary of one person.
 */
export function openIps(bundle: Json): Opened | string {
  if (!isWithinBounds(bundle)) return 'the document is larger, or nested deeper, than this server reads'
  const { json, remarks } = plainTexts(bundle)
  if (!isJsonObject(json) || json.resourceType !== 'Bundle') return 'the document is not a FHIR Bundle'
  const entries = entriesOf(json)
  if (!entries || entries.length > MOST.entries)
    return 'an entry of the document holds no resource, or there are too many'
  const composition = compositionOf(json, entries)
  if (typeof composition === 'string') return composition
  const holder = holderOf(entries, 'summary')
  if (typeof holder === 'string') return holder
  const fault = belongingFault(entries, holder)
  if (fault !== undefined) return fault
  if (json.signature !== undefined) remarks.push('the document carries a signature of its own, which is not checked')
  const kept = keep(entries)
  kept.obstacles.push(...denied(composition, entries), ...writtenBefore(composition, entries))
  const { identifier, timestamp } = json
  const content: JsonObject = { resourceType: 'Bundle', type: 'document' }
  if (isJsonObject(identifier)) content.identifier = identifier
  if (typeof timestamp === 'string') content.timestamp = timestamp
  return {
    content: { ...content, entry: kept.entries },
    formats: [FORMAT],
    events: ['s'],
    remarks: [...new Set([...remarks, ...kept.remarks])],
    obstacles: distinct([...holder.obstacles, ...documentObstacles(json, composition), ...kept.obstacles]),
    certificateIds: [],
  }
}

/** Counted one by one, with a stack of its own: what is nested without end must not end the process. */
function isWithinBounds(json: Json): boolean {
  const open: { value: Json; depth: number }[] = [{ value: json, depth: 1 }]
  let values = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next
    if (++values > MOST.values || depth > MOST.depth) return false
    if (typeof value !== 'object' || value === null) continue
    const members = Object.values(value)
    if (members.length > MOST.values) return false
    for (const each of members) open.push({ value: each ?? null, depth: depth + 1 })
  }
  return true
}

/** The Composition of a patient summary, which comes first (FHIR R4, documents); a text says why there is none. */
function compositionOf(bundle: JsonObject, entries: ContentEntry[]): JsonObject | string {
  if (bundle.type !== 'document') return 'the Bundle is not a document'
  const [first, ...others] = entries
  if (first?.resource.resourceType !== 'Composition') return 'the first entry of the document is not a Composition'
  if (others.some(({ resource }) => resource.resourceType === 'Composition'))
    return 'the document holds several Compositions'
  const { type, status } = first.resource
  const isSummary = codingsOf(type).some(({ system, code }) => system === 'http://loinc.org' && code === '60591-5')
  if (!isSummary) return 'the document is not a patient summary (LOINC 60591-5)'
  return status === 'entered-in-error' ? 'the document was entered in error' : first.resource
}

/** Why not everything is the one Patient's: a reference to somebody else, or, where there must be one, none. */
function belongingFault(entries: ContentEntry[], holder: Holder): string | undefined {
  const urls = entries.flatMap(({ source }) => (typeof source.fullUrl === 'string' ? [source.fullUrl] : []))
  if (new Set(urls).size < urls.length) return 'two entries of the document have one address'
  const known = addresses(entries)
  const holderAddress = known.get(holder.names[0] ?? '')
  for (const { resource } of entries) {
    const type = String(resource.resourceType)
    const mustHave = type === 'Composition' || (type !== 'Medication' && Object.hasOwn(summaryJudges, type))
    const about = [resource.subject ?? [], resource.patient ?? []].flat()
    const references = about.map((each) => (isJsonObject(each) ? each.reference : undefined))
    const isOther = (reference: Json | undefined) =>
      typeof reference === 'string' && (holderAddress === undefined || target(reference, known) !== holderAddress)
    if (references.some(isOther) || (mustHave && !references.some((each) => typeof each === 'string')))
      return 'a resource of the document does not refer to its one Patient'
  }
  return undefined
}

/** What of the document as a whole stands in the way of a yes. */
function documentObstacles(bundle: JsonObject, composition: JsonObject): Obstacle[] {
  const isFinal = composition._status === undefined && ['final', 'amended'].includes(String(composition.status))
  const faults: [boolean, string][] = [
    [
      hasModifier(bundle) || holdsModifier(composition) || hasModifier(composition),
      'has an extension that changes its meaning',
    ],
    [!isFinal, 'is not final'],
  ]
  const found = faults.flatMap(([is, what]) => (is ? [{ text: `The summary ${what}`, blocks: true }] : []))
  return isTestData(bundle) ? [...found, testData] : found
}

interface Kept {
  entries: JsonObject[]
  obstacles: Obstacle[]
  remarks: string[]
}

/** What counts of the entries, without narratives, which are for people. */
function keep(entries: ContentEntry[]): Kept {
  const kept: Kept = { entries: [], obstacles: [], remarks: [] }
  const others = new Set<string>()
  for (const { source, resource } of entries) {
    const type = typeof resource.resourceType === 'string' ? resource.resourceType : ''
    if (isMarked(source)) kept.obstacles.push(markedEntry)
    const judge = Object.hasOwn(summaryJudges, type) ? summaryJudges[type] : undefined
    if (!judge && type !== 'Patient' && type !== 'Composition' && !circumstances.includes(type)) {
      others.add(type)
      continue
    }
    const obstacle = judge?.(resource) ?? markObstacle(resource, type)
    if (obstacle) kept.obstacles.push(obstacle)
    if (obstacle && judge) continue
    if (type === 'Immunization') kept.obstacles.push(...toldTwice(resource, 'summary'))
    const fields = Object.hasOwn(resourceFields, type) ? resourceFields[type] : undefined
    const { text: _, ...rest } = resource
    const read = readFields(rest, fields ?? {}, type)
    kept.remarks.push(...read.remarks)
    kept.obstacles.push(...lostObstacles(read.lost, type))
    if (type === 'Immunization' && !hasCoreData(read.value)) kept.obstacles.push(incomplete)
    const { fullUrl } = source
    kept.entries.push({ ...(typeof fullUrl === 'string' ? { fullUrl } : {}), resource: read.value })
  }
  kept.obstacles.push(...othersTold(others))
  return kept
}

const incomplete: Obstacle = {
  text: 'A vaccination of the summary has no date or names no vaccine: it has no core data set',
  blocks: false,
}

const markedEntry: Obstacle = {
  text: 'An entry of the summary has an extension that changes its meaning, or is one of a search or a history',
  blocks: true,
}

/** What is said of a resource beside its own elements. */
function markObstacle(resource: JsonObject, type: string): Obstacle | undefined {
  if (circumstances.includes(type) && (hasModifier(resource) || holdsModifier(resource))) {
    const text = `A resource of type ${type} of the summary has an extension that changes its meaning`
    return { text, blocks: true }
  }
  if (contradictsItself(resource)) {
    const text = `A resource of type ${type} of the summary says that a datum is absent which it has`
    return { text, blocks: true }
  }
  return isTestData(resource) ? testData : undefined
}

const testData: Obstacle = { text: 'The summary is marked as test data', blocks: true }

/** Resources of types that are not judged stay out of the content; what R4 does not know is not understood. */
function othersTold(types: ReadonlySet<string>): Obstacle[] {
  const known = [...types].filter(isResource).sort()
  const text = `The summary holds resources of other types, which are left out: ${known.join(', ')}`
  const unknown = { text: 'The summary holds a resource of a type that FHIR R4 does not have', blocks: true }
  return [...(known.length > 0 ? [{ text, blocks: false }] : []), ...(known.length < types.size ? [unknown] : [])]
}

/** Each once: a summary may hold a hundred alike. */
const distinct = (obstacles: Obstacle[]): Obstacle[] => [
  ...new Map(obstacles.map((each) => [each.text, each])).values(),
]
