/** Reasons on their way to a sentence. */
import type { Execution } from '../cql/run/recording.ts'
import type { Voice } from './voice.ts'

/** What a reason is about. */
interface About {
  value: unknown
  run: Execution
  /** Absent: none. */
  parts?: Reason[]
  lack?: Lack | undefined
  isOwn?: boolean
}

/** One reason: a sentence about what a step gave, and what that was decided by. */
export class Reason {
  readonly value: unknown
  readonly run: Execution
  readonly parts: Reason[]
  /** A datum that was not there, or that was and did not decide. */
  readonly lack: Lack | undefined
  /** In the words of the rule's author. */
  readonly isOwn: boolean
  #text: string | (() => string)

  /** @param text made when it is told; a third of all reasons never is */
  constructor(text: string | (() => string), { value, run, parts = [], lack, isOwn = false }: About) {
    this.#text = text
    this.value = value
    this.run = run
    this.parts = parts
    this.lack = lack
    this.isOwn = isOwn
  }

  get text(): string {
    if (typeof this.#text === 'function') this.#text = this.#text()
    return this.#text
  }
}

/** A datum that a null came from, or may have come from. */
export interface Lack {
  phrase: 'missing' | 'undecided' | 'noParameter'
  name: (voice: Voice) => string
  /** It stands below a condition that was decided all the same. */
  isBeside: boolean
}
