import { createHash } from 'node:crypto'
import { recordItem, versionItem } from './format.ts'
import type { StoreSnapshot } from './snapshot.ts'

/** SHA-256 in hex over all versions and records of a store, as a backup has it: two stores that hold the same have the same. */
export function contentsOf(snapshot: Pick<StoreSnapshot, 'versions' | 'records'>): string {
  const contents = createHash('sha256')
  const add = ({ head, content }: { head: string; content: Buffer | undefined }) => {
    contents.update(head)
    if (content) contents.update(content)
  }
  for (const each of snapshot.versions()) add(versionItem(each))
  for (const each of snapshot.records()) add(recordItem(each))
  return contents.digest('hex')
}
