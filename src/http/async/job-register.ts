/** Places of asynchronous jobs: how many there are at a time, and in which order those run that run one after the other. */

/** Most jobs at a time, of all and of one owner, and most that wait for their turn. */
const mostJobs = { running: 20, ofOwner: 3, exclusive: 8 }

/** Whether one more may begin: `own`: its owner has too many, `all`: there are too many. */
export type Admission = 'yes' | 'own' | 'all'

/** A job that wants a place. */
interface Applicant {
  job: string
  owner: string
  exclusive: boolean
}

/** Places as jobs of one process take them. */
export interface JobPlaces {
  /** Whether one more may begin, in all processes together; it has its place until it ends. */
  begins(job: Applicant): Promise<Admission>
  /** Resolves when it is its turn among exclusive ones. */
  turn(job: string): Promise<void>
  /** Gives its place back, if it has one. */
  ends(job: string): void
}

/** Who runs what. */
export interface JobRegister extends Omit<JobPlaces, 'begins'> {
  begins(process: number, job: Applicant): Admission
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

/** Places of a process that shares them with no other. */
export function ownPlaces(): JobPlaces {
  const { begins, turn, ends } = createJobRegister()
  return { begins: async (job) => begins(0, job), turn, ends }
}

/** With no job. */
export function createJobRegister(): JobRegister {
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
      if (own.length >= mostJobs.ofOwner || (exclusive && own.some((each) => each.exclusive))) return 'own'
      const isFull = exclusive && all.filter((each) => each.exclusive).length >= mostJobs.exclusive
      if (isFull || all.length >= mostJobs.running) return 'all'
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
