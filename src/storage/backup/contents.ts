import { createHash } from 'node:crypto'
import { type KeptRecord, type KeptVersion, recordItem, versionItem } from './format.ts'
import type { StoreSnapshot } from './snapshot.ts'

/** Sums up what a store holds, item by item in the order of a backup. */
export function contentsHash() {
  const contents = createHash('sha256')
  const add = ({ head, content }: { head: string; content: Buffer | undefined }) => {
    contents.update(head)
    if (content) contents.update(content)
  }
  return {
    version: (version: KeptVersion) => add(versionItem(version)),
    record: (record: KeptRecord) => add(recordItem(record)),
    /** SHA-256 in hex over all versions and records, as a backup has it: two stores that hold the same have the same. */
    digest: () => contents.digest('hex'),
  }
}

/** {@link contentsHash} of a whole store, and how many versions and records were counted. */
export async function contentsOf(
  snapshot: Pick<StoreSnapshot, 'versions' | 'records'>,
): Promise<{ contents: string; versions: number; records: number }> {
  const hash = contentsHash()
  const counts = { versions: 0, records: 0 }
  for await (const each of snapshot.versions()) {
    hash.version(each)
    counts.versions++
  }
  for await (const each of snapshot.records()) {
    hash.record(each)
    counts.records++
  }
  return { contents: hash.digest(), ...counts }
}
