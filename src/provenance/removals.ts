/** Content that law wants gone: its bytes and signed messages go, and what stays says that it was here, when it went and why. */

import { isJsonObject } from '../base/json.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Storage } from '../storage/storage.ts'

const kind = 'reference-removed'

/** That content was removed. */
export interface Removal {
  /** FHIR instant. */
  at: string
  /** What the operator gave as the reason; everybody reads it. */
  reason: string
}

/**
 * The removal of content by its id; undefined when it was not removed.
 * @throws Error for a mark that cannot be read: it is not handed out then either
 */
export async function removalOf(records: Pick<Storage['records'], 'get'>, id: string): Promise<Removal | undefined> {
  const text = await records.get(kind, id)
  return text === undefined ? undefined : readMark(id, text)
}

/** Ids of all content that was removed. */
export async function removedIds(records: Pick<Storage['records'], 'all'>): Promise<Set<string>> {
  return new Set((await records.all(kind)).map(({ key }) => key))
}

/** The change of records that marks content as removed. */
export const removalMark = (id: string, removal: Removal) => ({
  kind,
  key: id,
  from: undefined,
  to: JSON.stringify(removal),
})

/** What is answered in place of removed content (RFC 9110 §15.5.11). */
export const isGone = (id: string, { at, reason }: Removal): FhirError =>
  new FhirError(410, issue('deleted', `The content ${id} was removed on ${at.slice(0, 10)}: ${reason}`))

function readMark(id: string, text: string): Removal {
  const mark: unknown = JSON.parse(text)
  const { at, reason } = isJsonObject(mark) ? mark : {}
  if (typeof at !== 'string' || typeof reason !== 'string')
    throw new Error(`the mark of the removed content ${id} is damaged`)
  return { at, reason }
}
