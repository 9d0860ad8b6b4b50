/** The channel of a worker to the first process. */
import type { Socket } from 'node:net'
import { createPost, type Post, type Readers } from './letters.ts'
import type { ListenerKind, ToFirst, ToWorker } from './protocol.ts'

/** The worker's end. */
export interface Seat {
  post: Post<ToFirst>
  /** Takes connections from now on. */
  takeConnections(take: (socket: Socket, kind: ListenerKind) => void): void
  /** Closes the channel, which else keeps the process from ending. */
  close(): void
}

/** Whether this process was started to work for another. */
export const hasSeat = (): boolean => process.send !== undefined

/**
 * Opens the channel.
 * @param orphaned called when the first process is no more
 */
export function openSeat(readers: Readers<ToWorker>, orphaned: () => void): Seat {
  let take: ((socket: Socket, kind: ListenerKind) => void) | undefined
  const post = createPost<ToFirst, ToWorker>((letter) => {
    // What cannot be sent any more is news to nobody: the process that it is for has ended.
    if (process.connected) process.send?.(letter, undefined, {}, () => {})
  }, readers)
  process.on('message', (letter: unknown, socket?: unknown) => {
    const connection = connectionOf(letter)
    if (!connection) return post.receive(letter)
    const { id, kind } = connection
    // One that broke off on the way does not arrive.
    if (!isSocket(socket) || !take) return post.tell('closed', id)
    socket.once('close', () => post.tell('closed', id))
    post.tell('taken', id)
    take(socket, kind)
  })
  process.once('disconnect', () => {
    post.end()
    orphaned()
  })
  return {
    post,
    takeConnections(given) {
      take = given
    },
    close() {
      if (process.connected) process.disconnect()
    },
  }
}

function connectionOf(letter: unknown): { id: number; kind: ListenerKind } | undefined {
  if (typeof letter !== 'object' || letter === null || !('topic' in letter) || letter.topic !== 'connection')
    return undefined
  const body = 'body' in letter && typeof letter.body === 'object' ? letter.body : null
  if (!body || !('id' in body) || typeof body.id !== 'number' || !('kind' in body)) return undefined
  return { id: body.id, kind: body.kind === 'tls' ? 'tls' : 'plain' }
}

const isSocket = (given: unknown): given is Socket =>
  typeof given === 'object' && given !== null && 'remoteAddress' in given
