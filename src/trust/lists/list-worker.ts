import { createPublicKey } from 'node:crypto'
import { checkTrustList } from './check-list.ts'
import type { ListAnswer, ListJob } from './list-process.ts'

/** The program of the process that checks trust lists; see list-process.ts. */
process.on('message', ({ bytes, keys }: ListJob) => {
  const pinned = keys.map((key) => createPublicKey(key))
  checkTrustList(bytes, pinned).then(
    (checked) => process.send?.({ checked } satisfies ListAnswer),
    // A bug, or memory that ran out: the server sees the process end and does not use the list.
    () => process.exit(1),
  )
})
process.send?.({ ready: true } satisfies ListAnswer)
