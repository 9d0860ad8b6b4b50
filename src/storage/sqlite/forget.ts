import type { Database } from './database.ts'
import { removeRows } from './index-values.ts'

/** AuditEvents from before an instant; never the newest version of the store, whose number the next one counts from. */
const old = "v.type = 'AuditEvent' AND v.updated < ? AND v.seq < (SELECT max(seq) FROM version)"

/** How many there are. */
export const countOld = (database: Database, before: string): number =>
  Number(database.get(`SELECT count(*) AS n FROM version v WHERE ${old}`, Date.parse(before))?.n ?? 0)

/** Takes out at most so many, the oldest first, with all that leads to them. @returns how many */
export function forgetOld(database: Database, before: string, most: number): number {
  return database.transaction('write', () => {
    const found = database.all(
      `SELECT v.seq, v.id FROM version v WHERE ${old} ORDER BY v.seq LIMIT ?`,
      Date.parse(before),
      most,
    )
    for (const { seq, id } of found) {
      removeRows(database, Number(seq))
      database.run('DELETE FROM searchable WHERE seq = ?', Number(seq))
      database.run("DELETE FROM current WHERE type = 'AuditEvent' AND id = ? AND seq = ?", String(id), Number(seq))
      database.run('DELETE FROM version WHERE seq = ?', Number(seq))
    }
    return found.length
  })
}
