/** A store in memory for versions of another, which keep their numbers and times. */
import { hasExactNumbers } from '../../base/exact-number.ts'
import { stringifyJson } from '../../base/json.ts'
import type { Scratch } from '../as-of-view.ts'
import { endOfTime, openDatabase } from './database.ts'
import { openSqliteOver } from './sqlite.ts'
import { createIndexWriter } from './write.ts'

/** Opens an empty one; it dies with the process, or when it is closed. */
export function openScratch(): Scratch {
  const database = openDatabase(':memory:')
  const index = createIndexWriter(database)
  const store = openSqliteOver(database, ':memory:')
  return {
    search: store.search,
    findCanonical: store.findCanonical,
    keep({ type, id, versionId, lastUpdated, method, resource }, revision) {
      if (!resource) return
      const exact = hasExactNumbers(resource)
      const content = exact ? stringifyJson(resource) : JSON.stringify(resource)
      const updated = Date.parse(lastUpdated)
      database.transaction('write', () => {
        database.run(
          'INSERT INTO version (seq, type, id, vid, updated, method, content, exact) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          ...[revision, type, id, Number(versionId), updated, method, content, exact ? 1 : 0],
        )
        const searchable = 'INSERT INTO searchable (seq, type, id, updated, until) VALUES (?, ?, ?, ?, ?)'
        database.run(searchable, revision, type, id, updated, endOfTime)
        index.add(revision, resource)
      })
    },
    close: store.close,
  }
}
