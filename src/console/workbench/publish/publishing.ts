/** What publishing would do: against what each text stands, what is sent, and what came of it. */
import type { Bundle, OperationOutcome, Resource } from 'fhir/r4.js'
import { ask, askText, type Fault, fhirBase, type Reply } from '../../api/client.ts'
import { cqlOf, type Draft, type Identity, identityOf, libraryOf, type Part } from '../document/artefacts.ts'
import { besideAsText } from '../document/beside.ts'
import { compareVersions } from '../document/header.ts'
import { withoutMeta } from '../document/json-text.ts'
import { isOf } from '../document/resource.ts'

/** An artefact of the server. */
interface Stored {
  id: string
  url?: string
  version?: string
  status?: string
  text: string
  /** What it says beside its text, of a library. */
  beside?: string
  /** `ETag` of it. */
  tag: string | undefined
}

/** A text beside what is published. */
export interface Comparison {
  part: Part
  identity: Identity
  /**
   * `unnamed`: the text does not say what it is · `new`: nothing of this address is published · `raised`: another version of it is ·
   * `same`: exactly this is published · `changed`: this version is published, with other content, or as a draft
   */
  state: 'unnamed' | 'new' | 'raised' | 'same' | 'changed'
  /** What it is compared with: the version itself, or the highest other. */
  against: Stored | undefined
  /** Entity tag of what stands under its id now. */
  replaces: string | undefined
  /** Whether its id is that of something else. */
  isTaken: boolean
  /** Somebody changed it since it was opened here: what would be published takes that back. */
  isMovedOn: boolean
}

/** Whether this version is in force with another content: that never changes, and the server would refuse it. */
export const isFixed = ({ state, against }: Comparison): boolean =>
  state === 'changed' && against !== undefined && against.status !== 'draft'

/** Compares every text of a draft with the server. */
export async function compareDraft({ parts }: Draft, signal: AbortSignal): Promise<Reply<Comparison[]>> {
  const found: Comparison[] = []
  let headers = new Headers()
  for (const part of parts) {
    const reply = await comparePart(part, signal)
    if (reply.fault) return reply
    found.push(reply.value)
    headers = reply.headers
  }
  return { value: found, headers }
}

async function comparePart(part: Part, signal: AbortSignal): Promise<Reply<Comparison>> {
  const identity = identityOf(part)
  const { url, version, id } = identity
  const bare = { part, identity, against: undefined, replaces: undefined, isTaken: false, isMovedOn: false }
  if (!url || !version || !id) return { value: { ...bare, state: 'unnamed' }, headers: new Headers() }
  const query = new URLSearchParams({ url, _elements: 'id,url,version,status', _count: '500' })
  const all = await ask<Bundle>(`/${part.type}?${query}`, { signal })
  if (all.fault) return all
  const versions = (all.value.entry ?? []).flatMap(({ resource }) => versionOf(resource))
  const same = versions.find((each) => each.version === version)
  const other = [...versions].sort((a, b) => compareVersions(b.version ?? '', a.version ?? ''))[0]
  const chosen = same ?? other
  const held = await readHeld(part, id, signal)
  if (held.fault) return held
  const isTaken = held.value !== undefined && (held.value.url !== url || held.value.version !== version)
  const { headers } = all
  if (!chosen) return { value: { ...bare, state: 'new', replaces: held.value?.tag, isTaken }, headers }
  const against = await readStored(part, chosen, signal)
  if (against.fault) return against
  const isSame = same !== undefined && isAsStored(part, against.value)
  const state = isSame ? 'same' : same ? 'changed' : 'raised'
  const { tag } = against.value
  // What is replaced is what is shown in the difference, and not what came between the two questions.
  const replaces = against.value.id === id ? tag : held.value?.tag
  const isMovedOn = !isSame && part.from?.id === against.value.id && part.from.tag !== tag
  return { value: { part, identity, state, against: against.value, replaces, isTaken, isMovedOn }, headers }
}

/** Whether nothing would change. */
const isAsStored = (part: Part, { text, beside }: Stored): boolean =>
  sameText(part.text, text) && (beside === undefined || sameText(besideAsText(libraryOf(part)), beside))

interface Version {
  id: string
  url?: string
  version?: string
  status?: string
}

function versionOf(resource: Resource | undefined): Version[] {
  if (!resource?.id) return []
  const { id, url, version, status } = resource as Resource & Version
  return [{ id, ...(url && { url }), ...(version && { version }), ...(status && { status }) }]
}

/** What stands under an id; nothing where nothing does. */
async function readHeld(
  part: Part,
  id: string,
  signal: AbortSignal,
): Promise<Reply<(Version & { tag?: string }) | undefined>> {
  const query = new URLSearchParams({ _id: id, _elements: 'id,url,version,status' })
  const reply = await ask<Bundle>(`/${part.type}?${query}`, { signal })
  if (reply.fault) return reply
  const resource = reply.value.entry?.find((each) => each.resource?.id === id)?.resource
  const [found] = versionOf(resource)
  const tag = resource?.meta?.versionId
  return { value: found && { ...found, ...(tag && { tag: `W/"${tag}"` }) }, headers: reply.headers }
}

async function readStored(part: Part, version: Version, signal: AbortSignal): Promise<Reply<Stored>> {
  const path = `/${part.type}/${encodeURIComponent(version.id)}`
  if (part.language === 'cql') {
    const reply = await ask<Resource>(path, { signal })
    if (reply.fault) return reply
    const { value, headers } = reply
    if (!isOf(value, 'Library')) return { fault: { kind: 'broken' } }
    const beside = besideAsText(value)
    return { value: { ...version, text: cqlOf(value) ?? '', beside, tag: headers.get('ETag') ?? undefined }, headers }
  }
  const accept = part.language === 'fml' ? 'text/fhir-mapping' : 'application/fhir+json'
  const reply = await askText(part.language === 'fml' ? path : `${path}?_pretty=true`, { signal, accept })
  if (reply.fault) return reply
  const { value, headers } = reply
  const text = part.language === 'json' ? withoutMeta(value) : value
  return { value: { ...version, text, tag: headers.get('ETag') ?? undefined }, headers }
}

const sameText = (a: string, b: string): boolean =>
  a.trim().replaceAll('\r\n', '\n') === b.trim().replaceAll('\r\n', '\n')

/** An artefact as it was published just now. */
interface PublishedArtefact {
  /** Of the part that it was made of. */
  key: string
  type: string
  id: string
  url: string
  tag: string | undefined
  /** Canonical of the version that it was compared with, where that is another one. */
  before?: string
}

/** What came of it. `refused`: nothing was stored, and why · `moved`: nothing, for something changed since it was compared · `unknown`: no answer came, and it may be stored or not */
export type Published =
  | { kind: 'published'; artefacts: PublishedArtefact[] }
  | { kind: 'moved' }
  | { kind: 'refused'; outcome: OperationOutcome }
  | { kind: 'unknown' }
  | { kind: 'fault'; fault: Fault }

/** Publishes what differs, all of it or nothing. */
export async function publish(compared: readonly Comparison[]): Promise<Published> {
  const wanted = compared.filter(({ state }) => state !== 'same')
  const [only] = wanted
  if (!only) return { kind: 'published', artefacts: [] }
  const reply = only.part.language === 'fml' ? await putMap(only) : await transact(wanted)
  if (reply.fault) return endOf(reply.fault)
  return {
    kind: 'published',
    artefacts: wanted.map(({ part, identity, state, against }, at) => ({
      key: part.key,
      type: part.type,
      id: identity.id ?? '',
      url: `${identity.url}|${identity.version}`,
      tag: tagOf(reply.value, at) ?? reply.headers.get('ETag') ?? undefined,
      ...(state === 'raised' && against?.version && { before: `${identity.url}|${against.version}` }),
    })),
  }
}

const patience = 120_000

const tagOf = (value: unknown, at: number): string | undefined =>
  isOf(value, 'Bundle') ? value.entry?.[at]?.response?.etag : undefined

/** Of what is there already only what was compared may be replaced; of what is not, nothing. */
function conditionOf({ replaces }: Comparison): { ifMatch?: string; ifNoneMatch?: string } {
  return replaces ? { ifMatch: replaces } : { ifNoneMatch: '*' }
}

function putMap(compared: Comparison): Promise<Reply<unknown>> {
  const { part, identity } = compared
  const { ifMatch, ifNoneMatch } = conditionOf(compared)
  return ask(`/StructureMap/${encodeURIComponent(identity.id ?? '')}`, {
    method: 'PUT',
    body: part.text,
    contentType: 'text/fhir-mapping',
    headers: { ...(ifMatch && { 'If-Match': ifMatch }), ...(ifNoneMatch && { 'If-None-Match': ifNoneMatch }) },
    patience,
  })
}

async function transact(wanted: readonly Comparison[]): Promise<Reply<unknown>> {
  const reply = await ask<Bundle>('', { method: 'POST', body: transactionText(wanted), patience })
  if (reply.fault) return reply
  const { value } = reply
  const isDone =
    value.resourceType === 'Bundle' &&
    value.entry?.length === wanted.length &&
    value.entry.every(({ response }) => /^2\d\d\b/.test(response?.status ?? ''))
  return isDone ? reply : { fault: { kind: 'broken' } }
}

/** The transaction; texts in JSON go into it as they were written. */
function transactionText(wanted: readonly Comparison[]): string {
  const entries = wanted.map((compared) => {
    const { part, identity } = compared
    const address = `${part.type}/${identity.id}`
    const request = JSON.stringify({ method: 'PUT', url: address, ...conditionOf(compared) })
    const resource = part.language === 'json' ? part.text : JSON.stringify(libraryOf(part))
    return `{"fullUrl":${JSON.stringify(`${location.origin}${fhirBase}/${address}`)},"resource":${resource},"request":${request}}`
  })
  return `{"resourceType":"Bundle","type":"transaction","entry":[${entries.join()}]}`
}

function endOf(fault: Fault): Published {
  if (fault.status === 412) return { kind: 'moved' }
  if (fault.kind === 'refused' && fault.outcome) return { kind: 'refused', outcome: fault.outcome }
  // An answer that was lost, or is another than was expected, says nothing of what was done.
  if (fault.kind === 'unreachable' || fault.kind === 'broken' || fault.kind === 'left') return { kind: 'unknown' }
  return { kind: 'fault', fault }
}
