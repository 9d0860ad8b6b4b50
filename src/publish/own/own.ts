/**
 * May somebody write this? His scopes must permit it, and what he writes and what stands in its place must both be his: below his
 * canonical prefixes, and of his jurisdictions where they state any.
 */
import { FhirError, issue } from '../../fhir/error.ts'
import type { Permission, Principal } from '../../fhir/principal.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage, StoredVersion, Write } from '../../storage/storage.ts'
import { namedFault, ownFault, subjectsOf } from './own-fault.ts'

/** Where targets of references are looked up. */
export type OwnStorage = Pick<Storage, 'read' | 'readVersion'>

const permissions: Record<Write['method'], Permission> = { POST: 'create', PUT: 'update', DELETE: 'delete' }

/**
 * The writes of one request, judged: what is to be written now, what stands in its place inside the transaction, so that nobody changes
 * it in between.
 * @throws FhirError 401 when nobody says who he is, 403 what is not his
 */
export async function ownWrites(
  writes: readonly Write[],
  principal: Principal | undefined,
  storage: OwnStorage,
): Promise<Write[]> {
  if (!principal) throw new FhirError(401, issue('login', 'Nothing says who writes.'))
  for (const { method, type } of writes) checkScope(principal, permissions[method], type)
  if (principal.ownership === 'all') return [...writes]
  const judged: Write[] = []
  for (const write of writes) judged.push(await ownWrite(write, writes, { principal, storage }))
  return judged
}

function checkScope(principal: Principal, permission: Permission, type: string): void {
  if (principal.permits(permission, type)) return
  throw new FhirError(403, issue('forbidden', `The scopes of the request do not permit to ${permission} ${type}.`))
}

interface Judging {
  principal: Principal
  storage: OwnStorage
}

async function ownWrite(write: Write, beside: readonly Write[], judging: Judging): Promise<Write> {
  const { type, id, resource } = write
  const { principal } = judging
  if (resource) await refuseForeign(resource, beside, judging)
  // Whose it is that other resources tell, is looked up before the transaction, and holds for the version that was looked at.
  const current = id === undefined || !pointing.has(type) ? undefined : await judging.storage.read(type, id)
  if (current?.resource) await refuseForeign(current.resource, [], judging)
  return {
    ...write,
    unlessInForce(stored) {
      if (pointing.has(type)) refuseOther(stored, current)
      else if (stored.resource) refuse(stored.resource, ownFault(stored.resource, principal), 'stored')
      write.unlessInForce?.(stored)
    },
  }
}

/** Types that belong to whom the artefacts belong that they are about. */
const pointing = new Set(['Provenance', 'Basic'])

function refuseOther(stored: StoredVersion, judged: StoredVersion | undefined): void {
  if (stored.versionId === judged?.versionId) return
  const text = `${stored.type}/${stored.id} was changed meanwhile: send the request again.`
  throw new FhirError(409, issue('conflict', text))
}

async function refuseForeign(resource: Resource, beside: readonly Write[], { principal, storage }: Judging) {
  const subjects = subjectsOf(resource)
  if (!subjects) return refuse(resource, ownFault(resource, principal), 'given', principal)
  if (subjects.length === 0) return refuse(resource, 'it names nothing that it is about', 'given')
  refuse(resource, namedFault(resource, principal), 'given')
  for (const reference of subjects) {
    const found = beside.find(({ type, id }) => id !== undefined && `${type}/${id}` === reference)
    const about = found ? found.resource : await readReference(reference, storage)
    const fault = about ? ownFault(about, principal) : 'what it is about is not stored here'
    refuse(resource, fault, 'given')
  }
}

async function readReference(reference: string, storage: OwnStorage): Promise<Resource | undefined> {
  const [, type = '', id = '', versionId] =
    /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/.exec(reference) ?? []
  if (type === '') return undefined
  const found = versionId === undefined ? storage.read(type, id) : storage.readVersion(type, id, versionId)
  return (await found)?.resource
}

function refuse(
  resource: Resource,
  fault: string | undefined,
  which: 'given' | 'stored',
  principal?: Pick<Principal, 'ownership'>,
): void {
  if (fault === undefined) return
  const type = resource.resourceType
  const name = `${type}/${resource.id ?? ''}`.replace(/\/$/, '')
  const text = `${name}${which === 'stored' ? ', as it is stored,' : ''} is not for this client to write: ${fault}.${principal ? ownedBy(principal) : ''}`
  throw new FhirError(403, issue('forbidden', { text, expression: type }))
}

/** Of so many things of his he is told, who wrote what is not his. */
const mostTold = 10

/** What is his, so that he sees what he has to change. It is told to him alone. */
function ownedBy({ ownership }: Pick<Principal, 'ownership'>): string {
  if (ownership === 'all' || ownership.canonicalPrefixes.length === 0) return ''
  const list = (each: readonly string[]) =>
    each.length === 0
      ? 'none'
      : [...each.slice(0, mostTold), ...(each.length > mostTold ? [`${each.length - mostTold} more`] : [])].join(', ')
  return ` Its prefixes: ${list(ownership.canonicalPrefixes)}; its jurisdictions: ${list(ownership.jurisdictions)}.`
}
