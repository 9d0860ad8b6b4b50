/** Letters between two processes of one program over the channel of a fork: news, and questions that are answered. */

/** What may be written to a process: by topic what a letter has, and what is answered to it. */
export type Topics<T> = { [Name in keyof T]: { body: unknown; reply: unknown } }

/** What is done with letters that come; what it returns, or promises, is the answer to a question. */
export type Readers<T extends Topics<T>> = {
  [Name in keyof T]: (body: T[Name]['body']) => T[Name]['reply'] | Promise<T[Name]['reply']>
}

/** One end of a channel. */
export interface Post<Theirs extends Topics<Theirs>> {
  tell<Name extends keyof Theirs & string>(topic: Name, body: Theirs[Name]['body']): void
  /** Rejects when the other process does not answer within the time, answers with a fault, or ends. */
  ask<Name extends keyof Theirs & string>(
    topic: Name,
    body: Theirs[Name]['body'],
    seconds?: number,
  ): Promise<Theirs[Name]['reply']>
  /** Takes what came over the channel. */
  receive(letter: unknown): void
  /** The other process is no more: nothing is answered any longer. */
  end(): void
}

/** As a letter goes over the channel. */
interface Letter {
  topic?: string
  body?: unknown
  /** Number of a question. */
  ask?: number
  /** Number of the question that it answers. */
  answer?: number
  fault?: string
}

const answerSeconds = 10

interface Waiting {
  resolve(reply: unknown): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/** Opens one end: `send` puts a letter into the channel, `readers` do with those that come what is to be done. */
export function createPost<Theirs extends Topics<Theirs>, Ours extends Topics<Ours>>(
  send: (letter: object) => void,
  readers: Readers<Ours>,
): Post<Theirs> {
  const waiting = new Map<number, Waiting>()
  let asked = 0
  let isOver = false
  const settle = (number: number): Waiting | undefined => {
    const found = waiting.get(number)
    waiting.delete(number)
    clearTimeout(found?.timer)
    return found
  }
  const answer = async ({ topic = '', body, ask }: Letter) => {
    // Both ends are this program: what a topic has is what the types say.
    const read = (readers as Partial<Record<string, (body: unknown) => unknown>>)[topic]
    const reply: Letter = { answer: ask ?? 0 }
    try {
      if (!read) throw new Error(`nobody reads letters about ${topic}`)
      reply.body = await read(body)
    } catch (error) {
      reply.fault = error instanceof Error ? error.message : String(error)
    }
    if (ask !== undefined && !isOver) send(reply)
  }
  return {
    tell: (topic, body) => {
      if (!isOver) send({ topic, body } satisfies Letter)
    },
    ask(topic, body, seconds = answerSeconds) {
      return new Promise((resolve, reject) => {
        if (isOver) return reject(new Error(`${topic}: the process is no more`))
        const number = ++asked
        const timer = setTimeout(() => {
          settle(number)?.reject(new Error(`${topic}: no answer within ${seconds} s`))
        }, seconds * 1000)
        timer.unref()
        waiting.set(number, { resolve, reject, timer })
        send({ topic, body, ask: number } satisfies Letter)
      })
    },
    receive(letter) {
      if (!isLetter(letter)) return
      if (letter.answer !== undefined) {
        const found = settle(letter.answer)
        if (letter.fault === undefined) found?.resolve(letter.body)
        else found?.reject(new Error(letter.fault))
      } else void answer(letter)
    },
    end() {
      isOver = true
      for (const number of [...waiting.keys()]) settle(number)?.reject(new Error('the process is no more'))
    },
  }
}

const isLetter = (given: unknown): given is Letter =>
  typeof given === 'object' && given !== null && ('topic' in given || 'answer' in given)
