/** What many tables say of the same concepts, kept in a file until the concept is put together: a release has gigabytes of it. */
import { join } from 'node:path'
import type { CodeSystemConcept } from '../../../fhir/types.ts'
import { workFolder } from '../../../files/work-folder.ts'
import { spoolFile } from '../../large-code-system/file-bytes.ts'

/** A part of a concept: designations and properties, in order. */
export interface Fragment {
  designation?: NonNullable<CodeSystemConcept['designation']>
  property?: NonNullable<CodeSystemConcept['property']>
}

/** Fragments by the number of their concept. */
export interface Fragments {
  add(concept: number, fragment: Fragment): void
  /** All of one concept, in the order in which they were added. */
  of(concept: number): Required<Fragment>
  /** Throws the file away. */
  close(): void
}

const BATCH_BYTES = 1 << 20

/** Fragments of so many concepts. */
export function fragmentStore(concepts: number): Fragments {
  const folder = workFolder()
  const spool = spoolFile(join(folder.path, 'fragments'))
  const first = new Int32Array(concepts).fill(-1)
  const last = new Int32Array(concepts).fill(-1)
  const offsets: number[] = []
  const lengths: number[] = []
  const next: number[] = []
  let batch: Buffer[] = []
  let waiting = 0
  let written = 0
  const flush = () => {
    if (waiting > 0) spool.append(Buffer.concat(batch))
    written += waiting
    batch = []
    waiting = 0
  }
  const read = (fragment: number): Fragment => {
    const bytes = spool.read(offsets[fragment] ?? 0, lengths[fragment] ?? 0)
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  }
  return {
    add: (concept, fragment) => {
      const bytes = Buffer.from(JSON.stringify(fragment))
      const number = offsets.push(written + waiting) - 1
      lengths.push(bytes.length)
      next.push(-1)
      const before = last[concept] ?? -1
      if (before < 0) first[concept] = number
      else next[before] = number
      last[concept] = number
      batch.push(bytes)
      waiting += bytes.length
      if (waiting > BATCH_BYTES) flush()
    },
    of: (concept) => {
      flush()
      const made: Required<Fragment> = { designation: [], property: [] }
      for (let each = first[concept] ?? -1; each >= 0; each = next[each] ?? -1) {
        const { designation = [], property = [] } = read(each)
        made.designation.push(...designation)
        made.property.push(...property)
      }
      return made
    },
    close: () => {
      spool.close()
      folder.close()
    },
  }
}
