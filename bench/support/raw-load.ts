/**
 * A client in a process of its own that costs its machine as little as it can: so many connections that stay open, each with one
 * request under way. It says when all replies are there, how many bytes their bodies had, and how long that took. Where several servers
 * are asked at once they get as many connections each.
 */
import { connect } from 'node:net'

/** What is asked: every address once, by GET; with bodies by POST: the first address gets the first of them, and so on, and round again. */
export interface Load {
  addresses: string[]
  bodies?: string[]
  /** Stands in every reply, so that nothing that failed is counted as done. */
  wanted?: string
}

/** What came of it. */
export interface Loaded {
  /** Of the bodies, as they were sent. */
  bytes: number
  /** By the clock. */
  seconds: number
}

const connections = Number(process.argv[2] ?? 10)

process.on('message', async (load: Load) => {
  try {
    const takes = [...byServer(load.addresses).values()].map((numbers) => {
      let next = 0
      return () => numbers[next++]
    })
    if (takes.length > connections)
      throw new Error(`${takes.length} servers cannot be asked on ${connections} connections`)
    // A client that sleeps must be woken by the server, which would pay for it, the slower one more often: never sleep.
    let isBusy = true
    const stayAwake = () => isBusy && setImmediate(stayAwake)
    stayAwake()
    const started = performance.now()
    const bytes = await Promise.all(
      Array.from({ length: connections }, (_, at) => ask(load, takes[at % takes.length] ?? (() => undefined))),
    )
    isBusy = false
    const answer: Loaded = {
      bytes: bytes.reduce((sum, each) => sum + each, 0),
      seconds: (performance.now() - started) / 1000,
    }
    process.send?.(answer)
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  }
})

/** The numbers of the addresses of each server. */
const byServer = (addresses: readonly string[]): Map<string | undefined, number[]> =>
  Map.groupBy(addresses.keys(), (at) => addresses[at]?.split('/', 3)[2])

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('\r\n0\r\n\r\n')

/** Asks one question after the other over one connection; answers the bytes of the bodies. */
function ask({ addresses, bodies, wanted = '' }: Load, take: () => number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    let at = take()
    if (at === undefined) return resolve(0)
    const { hostname, port, host } = new URL(addresses[at] ?? '')
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let pending: Buffer = Buffer.alloc(0)
    let bytes = 0
    const send = (number: number) => {
      const address = addresses[number] ?? ''
      const path = address.slice(address.indexOf(host) + host.length)
      const common = `${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/fhir+json\r\n`
      const body = bodies?.[number % bodies.length]
      if (body === undefined) return socket.write(`GET ${common}\r\n`, 'latin1')
      const length = Buffer.byteLength(body)
      return socket.write(
        `POST ${common}Content-Type: application/fhir+json\r\nContent-Length: ${length}\r\n\r\n${body}`,
      )
    }
    socket.on('connect', () => send(at ?? 0))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${addresses[at ?? 0]}: the connection was closed`)))
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const read = readReply(pending)
      if (read === 'unfinished') return
      if (read === 'failed' || !pending.includes(wanted))
        return reject(new Error(`${addresses[at ?? 0]}: ${pending.toString('latin1', 0, 800)}`))
      bytes += read
      pending = Buffer.alloc(0)
      at = take()
      if (at !== undefined) return send(at)
      socket.removeAllListeners('close')
      socket.end()
      resolve(bytes)
    })
  })
}

/** Bytes of the body of a whole reply with status 200. */
function readReply(bytes: Buffer): number | 'unfinished' | 'failed' {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return 'unfinished'
  const head = bytes.toString('latin1', 0, end)
  if (!head.startsWith('HTTP/1.1 200')) return 'failed'
  const body = bytes.length - end - headEnd.length
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return body < Number(length) ? 'unfinished' : body
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return 'failed'
  return bytes.subarray(-lastChunk.length).equals(lastChunk) ? body : 'unfinished'
}
