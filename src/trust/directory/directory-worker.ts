import type { HashAnswer } from './directory-process.ts'
import { hashProof, type ProofJob } from './seal.ts'

/** The program of the process that hashes documents of the directory; see directory-process.ts. */
process.on('message', (job: ProofJob) => {
  hashProof(job).then(
    (hashed) => process.send?.({ hashed } satisfies HashAnswer),
    // A term that no context defines, or memory that ran out: the server sees the process end and publishes nothing.
    () => process.exit(1),
  )
})
