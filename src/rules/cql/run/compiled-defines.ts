/** Defines of a library that answers at once, as long as it can; from then on the executor answers, for all that was asked. */
import { keepPerObject } from '../../../base/keep.ts'
import type { Found, Session } from '../compiled/session.ts'
import type { Define, ParameterDeclaration } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import type { DefineResult } from './define-result.ts'
import { type Evidence, evidenceOf } from './evidence.ts'

/** Runs after which it is told whether the program of a library pays. */
const RUNS_WATCHED = 8
/** Runs that are the executor's alone when it did not: data may change. */
const RUNS_RESTED = 200

/** How the program of a library fared of late. */
interface Trials {
  tried: number
  left: number
  resting: number
  isFaultTold: boolean
}

const trialsOf = keepPerObject((_: CompiledLibrary): Trials => ({ tried: 0, left: 0, resting: 0, isFaultTold: false }))

/** Whether a program is to be tried: one that mostly leaves its runs to the executor has every one of them done twice. */
function isTried(trials: Trials): boolean {
  if (trials.resting > 0) {
    trials.resting--
    return false
  }
  if (trials.tried === RUNS_WATCHED) {
    const isLeftMostly = trials.left * 2 > RUNS_WATCHED
    trials.tried = 0
    trials.left = 0
    if (isLeftMostly) {
      trials.resting = RUNS_RESTED - 1
      return false
    }
  }
  trials.tried++
  return true
}

/** Tells of a fault of the compiled form of a library, once. */
export function tellFault(library: CompiledLibrary, error: unknown, failed: Ways['failed']): void {
  const trials = trialsOf(library)
  if (trials.isFaultTold) return
  trials.isFaultTold = true
  failed?.(error)
}

interface Ways {
  /** Opens for the first define that is asked for; undefined, or an error, where this call is left to the executor. */
  open(define: Define): Session | undefined
  execute(define: Define): Promise<DefineResult>
  /** Told, once for a library, of an error that the executor did not meet: a fault of the compiled form, which changes no answer. */
  failed?: ((error: unknown) => void) | undefined
}

/** Answers defines one after the other; at once where nothing is waited for. */
export class CompiledDefines {
  readonly #library: CompiledLibrary
  readonly #ways: Ways
  readonly #trials: Trials
  readonly #answered: Define[] = []
  #session: Session | undefined
  #isLeft: boolean | undefined

  constructor(library: CompiledLibrary, ways: Ways) {
    this.#library = library
    this.#ways = ways
    this.#trials = trialsOf(library)
  }

  answer(define: Define): DefineResult | Promise<DefineResult> {
    this.#isLeft ??= !isTried(this.#trials)
    if (this.#isLeft) return this.#ways.execute(define)
    try {
      this.#session ??= this.#ways.open(define)
      const session = this.#session
      const found = session?.evaluate(define.name)
      if (!session || !found) return this.#leave(define)
      if (found instanceof Promise) return this.#answerLater(define, found, session)
      const evidence = evidenceOf(define, session, this.#library)
      if (evidence instanceof Promise) return this.#answerLater(define, found, session)
      this.#answered.push(define)
      return told(define, found.value, evidence)
    } catch (error) {
      return this.#leave(define, { error })
    }
  }

  async #answerLater(define: Define, found: Promise<Found | undefined> | Found, from: Session): Promise<DefineResult> {
    try {
      const given = await found
      if (!given) return this.#leave(define)
      const result = told(define, given.value, await evidenceOf(define, from, this.#library))
      this.#answered.push(define)
      return result
    } catch (error) {
      return this.#leave(define, { error })
    }
  }

  async #leave(define: Define, fault?: { error: unknown }): Promise<DefineResult> {
    this.#isLeft = true
    this.#trials.left++
    // Evidence tells what was evaluated, by earlier questions too.
    for (const each of this.#answered) await this.#ways.execute(each)
    const executed = await this.#ways.execute(define)
    // What is wrong with the data, the executor finds as well, and tells.
    if (fault && !executed.issue) tellFault(this.#library, fault.error, this.#ways.failed)
    return executed
  }
}

const told = ({ name, type }: Define, value: unknown, evidence: Evidence[]): DefineResult => ({
  name,
  value: value ?? null,
  type,
  evidence,
})

/** Whether the executor finds the values of parameters wherever they are asked for: one that has a `default` of its own it takes for a declaration. */
export const areFound = (values: Readonly<Record<string, unknown>>, declarations: ParameterDeclaration[]): boolean =>
  declarations.every(({ name }) => {
    const value = values[name]
    return typeof value !== 'object' || value === null || !('default' in value)
  })
