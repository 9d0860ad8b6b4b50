/** Keeps so many workers at work: one that ends is started again, one of them leads, all are replaced one after the other. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HandOut } from './connections.ts'
import type { Readers } from './letters.ts'
import type { ToFirst } from './protocol.ts'
import type { ServingProcess } from './serving-process.ts'

/** What a crew is made with. */
export interface CrewOptions {
  count: number
  /** Starts a worker. */
  start(id: number, readers: Readers<ToFirst>): ServingProcess
  /** What is done with the letters of a worker, beside those about connections and that it is ready. */
  readers(id: number): Omit<Readers<ToFirst>, 'ready' | 'taken' | 'closed'>
  handOut: HandOut
  /** A worker answers from now on. */
  ready(member: Member): void
  /** A worker is no more. */
  gone(member: Member): void
  tell(text: string, level?: 'info' | 'warn' | 'error'): void
  /** Milliseconds of a clock that only moves forward. */
  elapsed(): number
}

/** A worker. */
interface Member extends ServingProcess {
  state: 'starting' | 'ready' | 'ending'
  /** When it was started, in milliseconds of the crew's clock. */
  born: number
}

/** Workers of one server. */
export interface Crew {
  /** Those that are there, the oldest first. */
  members(): readonly Member[]
  lead(): Member | undefined
  /** Starts all: the first alone, since it brings own content into the store. Rejects with {@link CrewFailure} when it cannot start. */
  begin(): Promise<void>
  /** Each is replaced when its successor answers. Resolves when all were; at once while that is under way already. */
  replaceAll(): Promise<void>
  /** Ends all, those who are at work when they are done. */
  end(): Promise<void>
  /** Resolves when no worker can be started any more; never while one answers. */
  failed: Promise<CrewFailure>
}

/** No worker can be started. */
export class CrewFailure extends Error {
  /** Marks it as a message to a person. */
  readonly code = 'WORKERS'
  /** How the last of them ended. */
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.name = 'CrewFailure'
    this.exitCode = exitCode
  }
}

/** A worker that ends sooner was of no use. */
const longEnough = 10_000
const firstPause = 500
const longestPause = 30_000
/** So many in a row without one that answers, and it is given up: whoever started the whole sees that, and looks. */
const mostFailures = 5
/** Time for a worker that ends to finish what is under way; after it it is killed. */
const endMilliseconds = 20_000
/** Time for a lead to end what only the lead does. */
const leadSeconds = 30

/** A crew that has not begun. */
export const createCrew = (options: CrewOptions): Crew => new WorkingCrew(options)

const isReady = ({ state }: Member) => state === 'ready'

class WorkingCrew implements Crew {
  readonly #options: CrewOptions
  readonly #all: Member[] = []
  readonly #group = randomUUID()
  readonly #failed = Promise.withResolvers<CrewFailure>()
  #lead: Member | undefined
  #made = 0
  #failures = 0
  #isOver = false
  /** What keeps the first one from starting is told to who started all. */
  #hasBegun = false
  #replacing: Promise<void> | undefined

  constructor(options: CrewOptions) {
    this.#options = options
  }

  members = () => this.#all
  lead = () => this.#lead

  get failed(): Promise<CrewFailure> {
    return this.#failed.promise
  }

  async begin(): Promise<void> {
    const code = await this.#start()
    if (code !== undefined) throw new CrewFailure('no worker can be started', code || 1)
    // It may be told to end while the first one starts.
    for (let number = 1; number < this.#options.count && !this.#isOver; number++) void this.#start()
  }

  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => {
      this.#replacing = undefined
      // One that ended meanwhile was not started again while a successor stood for it.
      if (!this.#isOver) for (let missing = this.#missing(); missing > 0; missing--) void this.#start()
    })
    return this.#replacing
  }

  async end(): Promise<void> {
    this.#isOver = true
    while (this.#all.length > 0) await Promise.all([...this.#all].map((member) => this.#finish(member, false)))
  }

  /** Starts one; resolves when it answers, or with how it ended before. */
  #start(): Promise<number | undefined> {
    const { options, id } = { options: this.#options, id: ++this.#made }
    return new Promise((resolve) => {
      const ready = () => {
        this.#beginsWork(member)
        resolve(undefined)
      }
      const { taken, closed } = options.handOut
      const readers = { ...options.readers(id), ready, taken, closed }
      const member: Member = { ...options.start(id, readers), state: 'starting', born: options.elapsed() }
      this.#all.push(member)
      const isLead = !this.#lead
      if (isLead) this.#lead = member
      member.post.tell('begin', { id, isLead, group: this.#group, ...this.#strength() })
      void member.ended.then((code) => {
        this.#leave(member, code)
        resolve(code)
      })
    })
  }

  #beginsWork(member: Member): void {
    if (member.state !== 'starting') return
    member.state = 'ready'
    this.#hasBegun = true
    this.#options.handOut.add(member)
    if (!this.#lead) this.#chooseLead()
    this.#options.ready(member)
    this.#tellStrength()
  }

  #leave(member: Member, code: number): void {
    const { handOut, elapsed, gone } = this.#options
    this.#all.splice(this.#all.indexOf(member), 1)
    handOut.lost(member)
    gone(member)
    if (this.#lead === member) {
      this.#lead = undefined
      if (!this.#isOver) this.#chooseLead()
    }
    this.#tellStrength()
    if (this.#isOver || member.state === 'ending') return
    const isUseless = member.state === 'starting' || elapsed() - member.born < longEnough
    this.#failures = isUseless ? this.#failures + 1 : 0
    if (this.#hasBegun) void this.#again(member, code)
  }

  async #again(member: Member, code: number): Promise<void> {
    const how = code > 128 ? `by signal ${code - 128}` : `with ${code}`
    if (this.#failures >= mostFailures && !this.#all.some(isReady)) {
      this.#failed.resolve(new CrewFailure(`no worker can be started; the last one ended ${how}`, code || 1))
      return
    }
    const pause = this.#failures === 0 ? 0 : Math.min(longestPause, firstPause * 2 ** (this.#failures - 1))
    const text = `worker ${member.id} (process ${member.pid}) has ended ${how}; another is started in ${pause / 1000} s`
    this.#options.tell(text, 'error')
    await sleep(pause)
    if (!this.#isOver && this.#missing() > 0) await this.#start()
  }

  #missing = () => this.#options.count - this.#all.filter(({ state }) => state !== 'ending').length

  async #finish(member: Member, isRestart: boolean): Promise<void> {
    member.state = 'ending'
    this.#options.handOut.remove(member)
    if (this.#lead === member && isRestart) {
      // One ends before another begins: who does not say that it has ended is ended, and its end makes another lead.
      try {
        await member.post.ask('lead', false, leadSeconds)
        if (this.#lead === member) this.#chooseLead()
      } catch {
        member.kill()
      }
    }
    member.post.tell('end', { isRestart })
    const timer = setTimeout(() => member.kill(), endMilliseconds)
    await member.ended
    clearTimeout(timer)
  }

  async #replaceEach(): Promise<void> {
    for (const member of this.#all.filter(isReady)) {
      if (this.#isOver) return
      // One that has ended meanwhile needs no successor by its name.
      if (!this.#all.includes(member)) continue
      if ((await this.#start()) !== undefined) {
        this.#options.tell('the successor of a worker does not start: those that are there go on', 'error')
        return
      }
      if (isReady(member)) await this.#finish(member, true)
    }
    this.#options.tell('all workers were replaced')
  }

  #chooseLead(): void {
    this.#lead = this.#all.find(isReady)
    const { id, pid, post } = this.#lead ?? {}
    post?.tell('lead', true)
    if (post) this.#options.tell(`worker ${id} (process ${pid}) leads now`)
  }

  #strength = () => ({ workers: this.#options.count, ready: this.#all.filter(isReady).length })

  #tellStrength(): void {
    for (const member of this.#all) if (isReady(member)) member.post.tell('strength', this.#strength())
  }
}
