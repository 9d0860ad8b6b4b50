/** What was written when, in the SQLite store. */
import type { Past } from '../storage.ts'
import { type Database, lastSequence } from './database.ts'

/** {@link Past} of an open store. */
export const past = (database: Database): Past => ({
  async revisionAt(at, types) {
    const last = lastAt(database, Date.parse(at))
    const ofType = 'SELECT max(seq) AS seq FROM version WHERE type = ? AND seq <= ?'
    return Math.max(0, ...types.map((type) => Number(database.get(ofType, type, last)?.seq ?? 0)))
  },
  // One transaction: what is written in between is after `until`.
  writtenAfter: async (type, revision) =>
    database.transaction('read', () => {
      const until = lastSequence(database)
      const rows = database.all(
        'SELECT id, min(vid) AS vid FROM version WHERE type = ? AND seq > ? GROUP BY id',
        type,
        revision,
      )
      const written = rows.map(({ id, vid }) => {
        const before = Number(vid) - 1
        return before === 0 ? { id: String(id) } : { id: String(id), versionId: String(before) }
      })
      return { written, until }
    }),
  async revisionOf(type, id, versionId) {
    const row = database.get('SELECT seq FROM version WHERE type = ? AND id = ? AND vid = ?', type, id, versionId)
    return row && Number(row.seq)
  },
})

/** Number of the last version that was written at a moment or before; versions follow one another in time. */
function lastAt(database: Database, moment: number): number {
  let low = 0
  let high = lastSequence(database)
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    // AuditEvents that were taken out leave holes: the nearest one before tells.
    const row = database.get(
      'SELECT seq, updated FROM version WHERE seq <= ? AND seq > ? ORDER BY seq DESC LIMIT 1',
      middle,
      low,
    )
    if (!row) low = middle
    else if (Number(row.updated) <= moment) low = middle
    else high = Number(row.seq) - 1
  }
  return low
}
