/** AuditEvents that were kept long enough are taken out of a MongoDB store. */
import type { AuditKeeping } from '../storage.ts'
import { guarded } from './errors.ts'
import type { Reading } from './reading.ts'
import type { Transactions } from './transactions.ts'
import { partId } from './versions.ts'

/** AuditEvents from before an instant; never the newest version of the store. */
const old = (before: string, last: number) => ({
  type: 'AuditEvent',
  updated: { $lt: Date.parse(before) },
  seq: { $lt: last },
})

/** {@link AuditKeeping} of an open store. */
export function createAuditKeeping({ collections, read }: Reading, transactions: Transactions): AuditKeeping {
  const { state, versions, contents, searchable, more } = collections
  return {
    oldAuditEvents: (before) =>
      read(async (asking) => {
        const last = (await state.findOne({ _id: 'store' }, asking))?.n ?? 0
        return versions.countDocuments(old(before, last), asking)
      }),
    forgetAuditEvents: (before, most) =>
      guarded(() =>
        transactions.run(async ({ session }) => {
          const last = (await state.findOne({ _id: 'store' }, { session }))?.n ?? 0
          const found = await versions
            .find(old(before, last), { session, projection: { seq: 1, parts: 1 } })
            .sort({ seq: 1 })
            .limit(most)
            .toArray()
          const numbers = { $in: found.map(({ seq }) => seq) }
          const parts = found.flatMap(({ seq, parts }) => Array.from({ length: parts }, (_, part) => partId(seq, part)))
          if (parts.length > 0) await contents.deleteMany({ _id: { $in: parts } }, { session })
          await more.deleteMany({ seq: numbers }, { session })
          await searchable.deleteMany({ _id: numbers }, { session })
          await versions.deleteMany({ seq: numbers }, { session })
          // Of one that was not confirmed nothing is left to be done again: what it took out is not found any more.
          return { result: found.length, isEmpty: found.length === 0, wasCommitted: async () => false }
        }),
      ),
  }
}
