import { randomUUID } from 'node:crypto'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ImportReport } from './report.ts'

/** One import that was stored. */
export interface LoggedImport {
  /** FHIR instant. */
  at: string
  /** Of the package, folder or file. */
  name: string
  version: string
  /** Entries by what became of them, such as `loaded` or `failed`. */
  entries: Record<string, number>
}

const KIND = 'import'

/** Keeps what an import came to; the content itself is told by its versions. @throws FhirError as `Storage.write` */
export async function logImport(
  records: Pick<Storage['records'], 'replace'>,
  { name, version = '', entries }: ImportReport,
  now: Date,
): Promise<void> {
  const counts: Record<string, number> = {}
  for (const { status } of entries) counts[status] = (counts[status] ?? 0) + 1
  const value = JSON.stringify({ name, version, entries: counts })
  await records.replace(KIND, `${now.toISOString()} ${randomUUID()}`, undefined, value)
}

/** Every import that was kept, the oldest first. */
export async function loggedImports(records: Pick<Storage['records'], 'all'>): Promise<LoggedImport[]> {
  return (await records.all(KIND)).map(({ key, value }) => {
    const kept = parseJson(value)
    const { name, version, entries } = isJsonObject(kept) ? kept : {}
    const counts = isJsonObject(entries) ? Object.entries(entries) : []
    return {
      at: key.split(' ')[0] ?? '',
      name: String(name),
      version: String(version),
      entries: Object.fromEntries(counts.map(([status, count]) => [status, Number(count)])),
    }
  })
}
