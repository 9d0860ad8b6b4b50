/**
 * Writes `content-record.json`: the hash of every artefact of `igs/`, `rules/` and `valuesets/` by url and version. What is
 * recorded was published, so other content under the same version is refused: raise the version (scripts/content/metadata.ts).
 * Before the first release `--unreleased` replaces hashes.
 */
import { writeFileSync } from 'node:fs'
import type { Resource } from '../src/fhir/types.ts'
import { contentHash } from '../src/publish/identity.ts'
import { importFolder } from '../src/publish/import/import-package.ts'
import { readRecord, recordName } from '../src/publish/import/own-content.ts'
import { contentRecord, ownContentFolders } from '../src/server.ts'
import { openSqlite } from '../src/storage/sqlite/sqlite.ts'

/** Every shipped artefact as a server reads it. */
export async function shippedContent(): Promise<Resource[]> {
  const found: Resource[] = []
  const storage = openSqlite(':memory:')
  const gate = {
    async admit(resource: Resource) {
      found.push(resource)
      return { resource, issues: [], isRefused: false }
    },
    compare: async () => ({ kind: 'new' as const }),
    displaces: async () => undefined,
    write: <T>(write: T) => write,
  }
  for (const folder of ownContentFolders) await importFolder(folder, { storage, gate })
  await storage.close()
  return found
}

/** The record of what is shipped now. */
export async function shippedRecord(): Promise<Record<string, string>> {
  const entries = (await shippedContent()).map((each): [string, string] => [recordName(each), contentHash(each)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

if (import.meta.main) {
  const before = process.argv.includes('--unreleased') ? {} : readRecord(contentRecord)
  const found = await shippedRecord()
  const changed = Object.keys(found).filter((name) => before[name] !== undefined && before[name] !== found[name])
  if (changed.length > 0) {
    console.error(`changed under the same version; raise it:\n  ${changed.join('\n  ')}`)
    process.exitCode = 1
  } else {
    const record = Object.fromEntries(Object.entries({ ...before, ...found }).sort(([a], [b]) => (a < b ? -1 : 1)))
    writeFileSync(contentRecord, `${JSON.stringify(record, null, 2)}\n`)
  }
}
