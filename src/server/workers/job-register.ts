/** Asynchronous jobs of all workers, as far as they are limited together. */

/** Most that run at a time, of all and of one owner; exclusive ones run one after the other. */
export interface JobLimits {
  running: number
  ofOwner: number
  exclusive: number
}

/** Who runs what. */
export interface JobRegister {
  /** `own`: the owner has too many, `all`: there are too many. */
  begins(process: number, job: { job: string; owner: string; exclusive: boolean }): 'yes' | 'own' | 'all'
  /** Resolves when no exclusive job that came before is there any more. */
  turn(job: string): Promise<void>
  ends(job: string): void
  /** A process is no more, and its jobs with it. */
  gone(process: number): void
}

interface Registered {
  process: number
  owner: string
  exclusive: boolean
  ended: Promise<void>
  end(): void
}

/** With no job. */
export function createJobRegister({ running, ofOwner, exclusive: mostExclusive }: JobLimits): JobRegister {
  const jobs = new Map<string, Registered>()
  const ends = (job: string) => {
    const found = jobs.get(job)
    jobs.delete(job)
    found?.end()
  }
  return {
    begins(process, { job, owner, exclusive }) {
      const all = [...jobs.values()]
      const own = all.filter((each) => each.owner === owner)
      if (own.length >= ofOwner || (exclusive && own.some((each) => each.exclusive))) return 'own'
      if (all.length >= running || (exclusive && all.filter((each) => each.exclusive).length >= mostExclusive))
        return 'all'
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      jobs.set(job, { process, owner, exclusive, ended, end })
      return 'yes'
    },
    async turn(job) {
      for (const [name, { exclusive, ended }] of [...jobs]) {
        if (name === job) return
        if (exclusive) await ended
      }
    },
    ends,
    gone(process) {
      for (const [name, each] of [...jobs]) if (each.process === process) ends(name)
    },
  }
}
