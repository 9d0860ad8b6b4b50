/** Opens what the server has: a library with the rule sets that offer it, a rule set with its library, a map. */
import type { Bundle, Library, PlanDefinition } from 'fhir/r4.js'
import { ask, askText, type Fault, type Reply } from '../api/client.ts'
import { type Draft, identityOf, mapDraft, type Newer, type Part, ruleDraft } from './document/artefacts.ts'
import { compareVersions } from './document/header.ts'
import { withoutMeta } from './document/json-text.ts'
import { entriesOf } from './document/resource.ts'

/** What is to be opened, as the address names it. */
export interface Wanted {
  type: 'Library' | 'PlanDefinition' | 'StructureMap'
  id: string
}

/** Loads it, and what is newer than it. `missing` where it holds no text that can be edited. */
export async function loadDraft(wanted: Wanted, signal: AbortSignal): Promise<Reply<Draft>> {
  const reply = await loadTexts(wanted, signal)
  if (reply.fault) return reply
  const part = reply.value.parts.find(({ type, from }) => type === wanted.type && (!from || from.id === wanted.id))
  const { url, version } = part ? identityOf(part) : { url: undefined, version: undefined }
  if (!url || !version) return reply
  const newest = await findNewest(wanted.type, url, signal)
  if (newest.fault) return newest
  const newer = newest.value
  if (!newer || compareVersions(newer.version, version) <= 0) return reply
  return { ...reply, value: { ...reply.value, newer } }
}

/** The highest version in force, if any is. */
async function findNewest(type: Wanted['type'], url: string, signal: AbortSignal): Promise<Reply<Newer | undefined>> {
  const query = new URLSearchParams({ url, status: 'active', _elements: 'id,url,version', _count: '500' })
  const found = await ask<Bundle>(`/${type}?${query}`, { signal })
  if (found.fault) return found
  const [first] = entriesOf(found.value, type)
    .flatMap(({ id, version }) => (id && version ? [{ type, id, url, version }] : []))
    .sort((a, b) => compareVersions(b.version, a.version))
  return { value: first, headers: found.headers }
}

async function loadTexts({ type, id }: Wanted, signal: AbortSignal): Promise<Reply<Draft>> {
  const path = `/${type}/${encodeURIComponent(id)}`
  if (type === 'StructureMap') {
    const reply = await askText(path, { signal, accept: 'text/fhir-mapping' })
    if (reply.fault) return reply
    const { value: text, headers } = reply
    return { value: mapDraft(text, { text, from: { id, tag: headers.get('ETag') ?? undefined } }), headers }
  }
  if (type === 'Library') {
    const library = await ask<Library>(path, { signal })
    return library.fault ? library : withPlans(library.value, signal)
  }
  const plan = await ask<PlanDefinition>(path, { signal })
  if (plan.fault) return plan
  const [canonical] = plan.value.library ?? []
  if (!canonical) return { fault: notEditable }
  const library = await findLibrary(canonical, signal)
  return library.fault ? library : withPlans(library.value, signal, [plan.value])
}

const notEditable: Fault = {
  kind: 'missing',
  outcome: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'not-found', diagnostics: 'text/cql' }],
  },
}

async function findLibrary(canonical: string, signal: AbortSignal): Promise<Reply<Library>> {
  const [url = '', version] = canonical.split('|')
  const query = new URLSearchParams({ url, ...(version && { version }) })
  const found = await ask<Bundle>(`/Library?${query}`, { signal })
  if (found.fault) return found
  const [first] = entriesOf(found.value, 'Library').sort((a, b) => compareVersions(b.version ?? '', a.version ?? ''))
  return first ? { value: first, headers: found.headers } : { fault: notEditable }
}

/** The rule sets of exactly this version of the library; of each address the highest version. */
async function withPlans(library: Library, signal: AbortSignal, named?: PlanDefinition[]): Promise<Reply<Draft>> {
  const pinned = `${library.url}|${library.version}`
  let plans = named
  if (!plans) {
    const query = new URLSearchParams({ 'depends-on': pinned, _count: '50' })
    const found = await ask<Bundle>(`/PlanDefinition?${query}`, { signal })
    if (found.fault) return found
    const all = entriesOf(found.value, 'PlanDefinition').filter((each) => each.library?.includes(pinned))
    plans = all.filter(
      (each) =>
        !all.some((other) => other.url === each.url && compareVersions(other.version ?? '', each.version ?? '') > 0),
    )
  }
  const texts: { text: string; from: Part['from'] }[] = []
  for (const { id = '' } of plans) {
    const reply = await askText(`/PlanDefinition/${encodeURIComponent(id)}?_pretty=true`, {
      signal,
      accept: 'application/fhir+json',
    })
    if (reply.fault) return reply
    texts.push({ text: withoutMeta(reply.value), from: { id, tag: reply.headers.get('ETag') ?? undefined } })
  }
  const made = ruleDraft(library, texts)
  return made ? { value: made, headers: new Headers() } : { fault: notEditable }
}
