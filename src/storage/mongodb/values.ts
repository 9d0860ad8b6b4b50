/** Records and derived values in a MongoDB store. */
import type { ClientSession } from 'mongodb'
import { FhirError, issue } from '../../fhir/error.ts'
import type { RecordChange, Storage } from '../storage.ts'
import { type Collections, valueId } from './documents.ts'
import { isConflict } from './errors.ts'
import type { Reading } from './reading.ts'
import type { Transactions } from './transactions.ts'

/** Characters of one value at most: at three bytes for each it goes into one document. */
const mostCharacters = 5_000_000

/** How long one value may take to be written, milliseconds. */
const maxTimeMS = 5000

/** {@link Storage.derived}. What is too big is not kept: it can be made anew. */
export function createDerived({ collections: { derived }, read }: Reading): Storage['derived'] {
  return {
    get: (kind, key) => read(async (asking) => (await derived.findOne({ _id: valueId(kind, key) }, asking))?.value),
    set: (kind, key, value) =>
      read(async ({ session }) => {
        const _id = valueId(kind, key)
        const options = { session, maxTimeMS }
        if (value.length > mostCharacters) await derived.deleteOne({ _id }, options)
        else await derived.updateOne({ _id }, { $set: { kind, key, value } }, { ...options, upsert: true })
      }),
  }
}

/** {@link Storage.records} */
export function createRecords({ collections, read }: Reading, transactions: Transactions): Storage['records'] {
  const { records } = collections
  const change = async (changes: readonly RecordChange[]): Promise<boolean> => {
    for (const { to = '' } of changes) if (to.length > mostCharacters) throw tooBig()
    const [only, ...others] = changes
    if (others.length === 0) return only ? read(({ session }) => changeOne(collections, only, session)) : true
    return transactions.run(async ({ session }) => {
      for (const each of changes)
        if (!(await changeOne(collections, each, session))) return { result: false, isEmpty: true, isUndone: true }
      return { result: true, isEmpty: false }
    })
  }
  return {
    get: (kind, key) => read(async (asking) => (await records.findOne({ _id: valueId(kind, key) }, asking))?.value),
    // A limit of 0 is none.
    all: (kind, { after, most } = { after: undefined, most: 0 }) =>
      read(async (asking) => {
        const wanted = after === undefined ? { kind } : { kind, key: { $gt: after } }
        const found = await records.find(wanted, asking).sort({ key: 1 }).limit(most).toArray()
        return found.map(({ key, value }) => ({ key, value }))
      }),
    replace: (kind, key, from, to) => change([{ kind, key, from, to }]),
    change,
  }
}

const tooBig = () => new FhirError(413, issue('too-costly', 'The record is too big for the store.'))

/** Compare and set, in one step of the database. */
async function changeOne(
  { records }: Pick<Collections, 'records'>,
  { kind, key, from, to }: RecordChange,
  session: ClientSession,
): Promise<boolean> {
  const _id = valueId(kind, key)
  const isPart = session.inTransaction()
  const options = isPart ? { session } : { session, maxTimeMS }
  if (from !== undefined) {
    const standing = { _id, value: from }
    if (to === undefined) return (await records.deleteOne(standing, options)).deletedCount === 1
    return (await records.updateOne(standing, { $set: { value: to } }, options)).matchedCount === 1
  }
  if (to === undefined) return (await records.findOne({ _id }, { ...options, readPreference: 'primary' })) === null
  if (isPart && (await records.findOne({ _id }, options))) return false
  try {
    await records.insertOne({ _id, kind, key, value: to }, options)
    return true
  } catch (error) {
    if (!isPart && isConflict(error)) return false
    throw error
  }
}
