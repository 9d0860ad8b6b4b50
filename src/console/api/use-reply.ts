/** A question that a component asks while it is shown, and how far it has come. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { language, token } from '../app/session.ts'
import type { Fault, Reply } from './client.ts'

/** `waiting` becomes slow after four seconds. What was there before stays in `last` while the next answer is awaited. */
export interface Asked<T> {
  state: 'waiting' | 'slow' | 'failed' | 'here'
  value?: T
  headers?: Headers
  fault?: Fault
  /** The answer to an earlier question of the same component. */
  last?: T | undefined
  /** Asks once more. */
  again(): void
}

const slowAfter = 4_000

/**
 * Asks when the component appears, when `key` changes, and in another language or with another token anew; an answer that is not waited
 * for any more is dropped.
 * @param key of the question; undefined asks nothing
 */
export function useReply<T>(key: string | undefined, question: (signal: AbortSignal) => Promise<Reply<T>>): Asked<T> {
  const [asked, setAsked] = useState<Held<T>>({ state: 'waiting', of: undefined })
  const [round, setRound] = useState(0)
  // Language and token are of the question, too.
  const of = useMemo(() => ({}), [key, round, language.value, token.value])
  useEffect(() => {
    if (key === undefined) return undefined
    const controller = new AbortController()
    const { signal } = controller
    setAsked((before) => waitingFor(of, before))
    const slow = setTimeout(() => setAsked((before) => ({ ...before, state: 'slow' })), slowAfter)
    void question(signal).then((reply) => {
      clearTimeout(slow)
      if (signal.aborted) return
      if (reply.fault) setAsked({ state: 'failed', fault: reply.fault, of })
      else setAsked({ state: 'here', value: reply.value, headers: reply.headers, of })
    })
    return () => {
      clearTimeout(slow)
      controller.abort()
    }
  }, [of])
  // Not even for one frame is an answer seen beside another question.
  const { of: _, ...shown } = asked.of === of ? asked : waitingFor(of, asked)
  return { ...shown, again: () => setRound((count) => count + 1) }
}

/** What is known, and of which question. */
interface Held<T> extends Omit<Asked<T>, 'again'> {
  of: object | undefined
}

function waitingFor<T>(of: object, { value, last }: Held<T>): Held<T> {
  return { state: 'waiting', last: value ?? last, of }
}
