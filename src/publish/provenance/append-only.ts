/** A Provenance is never changed, and not deleted while what it is about lives: a correction is a new one. */

import { FhirError, issue } from '../../fhir/error.ts'
import type { Provenance, Resource } from '../../fhir/types.ts'
import type { Storage, StoredVersion, Write } from '../../storage/storage.ts'
import { nameIn } from './make.ts'

interface Guarded {
  write: Write
  /** The same was stored before: it stays as it is. */
  isSame?: true
}

/**
 * A write of a Provenance, as it may go to the storage: with what keeps a stored one inside the transaction.
 * @throws FhirError 409
 */
export async function appendOnly(write: Write, storage: Pick<Storage, 'read'>): Promise<Guarded> {
  const { type, id } = write
  const current = id === undefined ? undefined : await storage.read(type, id)
  if (write.method === 'DELETE')
    return { write: { ...write, unlessInForce: kept(write, await isOfLiving(current, storage)) } }
  if (!current?.resource) return { write: { ...write, unlessInForce: kept(write, true) } }
  if (!isSame(current.resource, write.resource)) throw isKept(current)
  return { write: { ...write, resource: current.resource }, isSame: true }
}

function kept(write: Write, isLiving: boolean): NonNullable<Write['unlessInForce']> {
  return (current) => {
    if (isLiving) throw isKept(current)
    write.unlessInForce?.(current)
  }
}

const isKept = ({ type, id }: Pick<StoredVersion, 'type' | 'id'>): FhirError => {
  const text = `${type}/${id} is stored: a Provenance is not changed, and not deleted while what it is about is here. A correction is a new one.`
  return new FhirError(409, issue('conflict', { text, expression: type }))
}

/** Whether anything that a Provenance is about is here. */
async function isOfLiving(current: StoredVersion | undefined, storage: Pick<Storage, 'read'>): Promise<boolean> {
  if (current?.resource?.resourceType !== 'Provenance') return false
  for (const { reference } of current.resource.target) {
    const [, type = '', id = ''] = /^([A-Z][A-Za-z]+)\/([^/]+)/.exec(reference ?? '') ?? []
    if (type !== '' && (await storage.read(type, id))?.resource) return true
  }
  return false
}

/** Whether two say the same: signatures over the same names. What each server adds for itself does not count. */
function isSame(stored: Resource, given: Resource | undefined): boolean {
  if (stored.resourceType !== 'Provenance' || given?.resourceType !== 'Provenance') return false
  return JSON.stringify(essence(stored)) === JSON.stringify(essence(given))
}

const essence = ({ target, signature = [], activity, entity, policy, occurredDateTime }: Provenance) => ({
  // One without a name is known by its reference alone.
  target: target.map((each) => nameIn(each) ?? each.reference),
  signature: signature.map(({ data, type, when }) => [data, type.map(({ code }) => code), when]),
  ...{ activity, entity, policy, occurredDateTime },
})
