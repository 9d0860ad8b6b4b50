import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Handles a request; the end of the response is the end of it. */
export type Handler = (message: IncomingMessage, response: ServerResponse) => void

/** Requests that a client may send ahead (RFC 9112 §9.3.2, pipelining); none that browsers or libraries send. */
const mostAhead = 16

interface Line {
  /** The response that is being made. */
  current: ServerResponse
  waiting: [IncomingMessage, ServerResponse][]
}

/**
 * Handles the requests of one connection one after the other. Node hands over all that came in one piece at once, hundreds of them:
 * all would be worked on before anybody else had a turn.
 */
export function onePerConnection(handle: Handler): Handler {
  const lines = new WeakMap<Socket, Line>()
  const next = (line: Line) => {
    const waiting = line.waiting.shift()
    if (!waiting) return
    // Nobody is there to take an answer.
    if (waiting[0].socket.destroyed) line.waiting.length = 0
    else begin(line, waiting)
  }
  const begin = (line: Line, [message, response]: [IncomingMessage, ServerResponse]) => {
    line.current = response
    handle(message, response)
    if (line.waiting.length > 0) follow(line)
  }
  /** The next one when this one is done, and the event loop has gone round. */
  const follow = (line: Line) => {
    const { current } = line
    if (current.closed || current.writableFinished) setImmediate(next, line)
    else current.once('close', () => setImmediate(next, line))
  }
  return (message, response) => {
    const { socket } = message
    const line = lines.get(socket)
    if (!line) {
      lines.set(socket, { current: response, waiting: [] })
      handle(message, response)
      return
    }
    const isFree = line.waiting.length === 0 && (line.current.writableEnded || line.current.closed)
    if (isFree) begin(line, [message, response])
    else if (line.waiting.length >= mostAhead) socket.destroy()
    else if (line.waiting.push([message, response]) === 1) follow(line)
  }
}
