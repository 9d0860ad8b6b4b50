/** Recording of compiled steps: what ran for what, where, and what it gave, as the executor would have run it. */
import type { Date as CqlDate, DateTime } from 'cql-execution'
import type { JsonObject } from '../../../../base/json-value.ts'
import type { BoundCodeService } from '../../run/code-service.ts'
import type { RecordSource } from '../../run/data-provider.ts'
import { type Execution, mostSteps, type StepContext, TooManySteps } from '../../run/recording.ts'
import type { CompiledLibrary } from '../../translate/libraries.ts'
import type { SessionData } from '../session.ts'
import { type CompiledRun, type Frame, leave, type Step } from '../step.ts'

/** A context of the executor: the names of a row of a query, of the operands of a function, of the defines of a library. */
export class Scope implements StepContext {
  readonly context_values: Record<string, unknown>
  readonly parent: Scope | undefined
  readonly home: Home
  /** The last that ran here. */
  last: Run | undefined
  #runs: Execution[] | undefined

  constructor(values: Record<string, unknown>, parent: Scope | undefined, home: Home | undefined) {
    this.context_values = values
    this.parent = parent
    this.home = home ?? outermostOf(this)
    this.last = undefined
    this.#runs = undefined
  }

  /** What ran here, in the order in which it began; to be asked for when all has run. */
  get runs(): Execution[] {
    this.#runs ??= listed(this.last, (run) => run.besides)
    return this.#runs
  }
}

/** Where a step stands. */
interface Site {
  step: JsonObject
  type: string
  library: CompiledLibrary
}

/** One run. There are a thousand of them where an explanation looks at a hundred: its lists are made when they are asked for. */
class Run implements Execution {
  readonly #site: Site
  readonly context: Scope
  readonly parent: Run | undefined
  value: unknown
  /** The last that ran for it, and the one before this one for its parent and in its context. */
  last: Run | undefined
  readonly before: Run | undefined
  readonly besides: Run | undefined
  #parts: Execution[] | undefined
  notes: unknown

  constructor(site: Site, context: Scope, parent: Run | undefined) {
    this.#site = site
    this.context = context
    this.parent = parent
    this.value = null
    this.last = undefined
    this.before = parent?.last
    this.besides = context.last
    this.#parts = undefined
    this.notes = undefined
  }

  get type(): string {
    return this.#site.type
  }

  get step(): JsonObject {
    return this.#site.step
  }

  get library(): CompiledLibrary {
    return this.#site.library
  }

  get parts(): Execution[] {
    this.#parts ??= listed(this.last, (run) => run.before)
    return this.#parts
  }
}

function listed(last: Run | undefined, before: (run: Run) => Run | undefined): Execution[] {
  const runs: Execution[] = []
  for (let each = last; each; each = before(each)) runs.push(each)
  return runs.reverse()
}

/** The outermost context of a library; one that is included by two ways has two, and computes twice, as the executor does. */
export class Home extends Scope {
  /** After how many steps a define was evaluated. */
  readonly evaluatedAt = new Map<string, number>()
  readonly #included = new Map<string, Home>()

  constructor() {
    super({}, undefined, undefined)
  }

  included(alias: string): Home {
    const known = this.#included.get(alias)
    if (known) return known
    const made = new Home()
    this.#included.set(alias, made)
    return made
  }
}

const outermostOf = (scope: Scope): Home => (scope instanceof Home ? scope : leave('a context has no library'))

/** Steps that the executor lets run beside each other. */
interface Beside {
  /** After how many steps the first of them began, and the one that runs. */
  from: number
  now: number
}

/** One recording under way. */
export class Recorder {
  root: Run | undefined
  /** Runs of the expressions of defines. */
  readonly first = new Map<JsonObject, Execution>()
  readonly made = new Map<object, Execution>()
  steps = 0
  /** The run that what runs now runs for. */
  current: Run | undefined
  readonly #beside: Beside[] = []

  /** Begins what the executor begins at once: elements of a list, sources of a query. */
  enterBeside(): void {
    this.#beside.push({ from: this.steps, now: this.steps })
  }

  /** Another one of them. */
  nextBeside(): void {
    const last = this.#beside.at(-1)
    if (last) last.now = this.steps
  }

  leaveBeside(): void {
    this.#beside.pop()
  }

  /** Leaves what asks for a define that one beside it has just evaluated: the executor may not have been done with it. */
  refuseBeside(evaluatedAt: number | undefined): void {
    if (evaluatedAt === undefined) return
    for (const { from, now } of this.#beside)
      if (evaluatedAt > from && evaluatedAt <= now) leave('a define is asked for twice at once')
  }
}

/** What one recorded run knows. */
export class RecordedRun implements CompiledRun {
  /** None: defines stand in their scopes. */
  readonly values: unknown[][] = []
  readonly clock: DateTime
  readonly source: RecordSource
  readonly parameters: Readonly<Record<string, unknown>>
  readonly codes: BoundCodeService
  readonly recorder = new Recorder()
  readonly bare: Frame

  constructor({ clock, source, parameters, codes }: SessionData) {
    this.clock = clock
    this.source = source
    this.parameters = parameters
    this.codes = codes
    this.bare = { slots: [], run: this }
  }

  today(): CqlDate {
    return this.clock.getDate()
  }
}

/** Where a recorded step stands. */
export class RecordedFrame implements Frame {
  readonly slots: unknown[]
  readonly run: RecordedRun
  readonly scope: Scope

  constructor(slots: unknown[], run: RecordedRun, scope: Scope) {
    this.slots = slots
    this.run = run
    this.scope = scope
  }

  /** A place within, where more names are known; its slots are those of this one. */
  within(values: Record<string, unknown>): RecordedFrame {
    return new RecordedFrame(this.slots, this.run, new Scope(values, this.scope, this.scope.home))
  }
}

/** The frame as one that records. */
export const recordedFrame = (frame: Frame): RecordedFrame =>
  frame instanceof RecordedFrame ? frame : leave('a step is not recorded')

/** A step that is told of in the recording. */
export function recorded(step: Step, node: JsonObject, library: CompiledLibrary): Step {
  const isTuple = node.type === 'Tuple'
  const site: Site = { step: node, type: String(node.type), library }
  return (frame) => {
    const { run: of, scope } = recordedFrame(frame)
    const { recorder } = of
    if (++recorder.steps > mostSteps) throw new TooManySteps()
    const parent = recorder.current
    const run = new Run(site, scope, parent)
    if (parent) parent.last = run
    else recorder.root = run
    scope.last = run
    recorder.current = run
    const value = step(frame)
    recorder.current = parent
    run.value = value ?? null
    if (isTuple && typeof value === 'object' && value !== null) recorder.made.set(value, run)
    return value
  }
}
