/** A question that a component asks while it is shown, and how far it has come. */
import { useEffect, useState } from 'preact/hooks'
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
  const [asked, setAsked] = useState<Omit<Asked<T>, 'again'>>({ state: 'waiting' })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (key === undefined) return undefined
    const controller = new AbortController()
    const { signal } = controller
    setAsked(({ value, last }) => ({ state: 'waiting', last: value ?? last }))
    const slow = setTimeout(() => setAsked((before) => ({ ...before, state: 'slow' })), slowAfter)
    void question(signal).then((reply) => {
      clearTimeout(slow)
      if (signal.aborted) return
      if (reply.fault) setAsked({ state: 'failed', fault: reply.fault })
      else setAsked({ state: 'here', value: reply.value, headers: reply.headers })
    })
    return () => {
      clearTimeout(slow)
      controller.abort()
    }
  }, [key, round, language.value, token.value])
  return { ...asked, again: () => setRound((count) => count + 1) }
}
