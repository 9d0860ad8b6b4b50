/** Search entries are made anew when this version of the software makes others than those that are there. */
import type { Connection } from '../connect.ts'
import { type SearchableDocument, typesOfMore } from '../documents.ts'
import { versionsBySeq } from '../versions.ts'
import { entriesOf, moreDocuments } from './entries.ts'

/** Versions whose entries are made at once. */
const perTurn = 100

/**
 * Makes the entries of everything that searches see. Until it is done nobody writes to the store: whoever makes other entries is told
 * so, and one that is interrupted begins again at the next start.
 * @param index name of the entries
 */
export async function reindex({ client, collections }: Connection, index: string): Promise<void> {
  const { state, searchable } = collections
  // Another replica may have made them since this one looked: what is whole is not begun again.
  const unmade = { _id: 'store', index: { $ne: index } } as const
  const begun = await state.updateOne(unmade, { $set: { index: `making ${index}` }, $unset: { more: '' } })
  if (begun.matchedCount !== 1) return
  const session = client.startSession({ causalConsistency: true })
  try {
    for (let after = 0; ; ) {
      const seen = await searchable
        .find({ _id: { $gt: after } }, { session, readPreference: 'primary', projection: { _id: 1 } })
        .sort({ _id: 1 })
        .limit(perTurn)
        .toArray()
      const last = seen.at(-1)
      if (!last) break
      after = last._id
      for (const { _id } of seen) await makeEntries(_id, collections, { session, readPreference: 'primary' })
    }
  } finally {
    await session.endSession()
  }
  await state.updateOne({ _id: 'store' }, { $set: { index, more: await typesOfMore(collections) } })
}

const lists: (keyof SearchableDocument)[] = ['ix', 'rx', 'cx', 'words', 'long']

async function makeEntries(
  seq: number,
  collections: Connection['collections'],
  asking: Parameters<typeof versionsBySeq>[2],
): Promise<void> {
  const [version] = await versionsBySeq(collections, [seq], asking)
  if (!version?.resource) return
  const { own, more } = entriesOf(version.resource)
  const gone = Object.fromEntries(lists.filter((name) => !(name in own)).map((name) => [name, '' as const]))
  await collections.searchable.updateOne({ _id: seq }, { $set: own, $unset: gone })
  await collections.more.deleteMany({ seq })
  const documents = moreDocuments(seq, version.type, more)
  if (documents.length > 0) await collections.more.insertMany(documents)
}
