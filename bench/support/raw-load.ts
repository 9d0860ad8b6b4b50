/**
 * A client in a process of its own that costs its machine as little as it can: so many connections that stay open, each with one
 * request under way, every address asked once. It says when all replies are there, and how many bytes their bodies had.
 */
import { connect } from 'node:net'

const connections = Number(process.argv[2] ?? 10)

process.on('message', async ({ addresses }: { addresses: string[] }) => {
  try {
    let next = 0
    const take = () => addresses[next++]
    // A client that sleeps must be woken by the server, which would pay for it: never sleep.
    let isBusy = true
    const stayAwake = () => isBusy && setImmediate(stayAwake)
    stayAwake()
    const bytes = await Promise.all(Array.from({ length: connections }, () => ask(take)))
    isBusy = false
    process.send?.({ bytes: bytes.reduce((sum, each) => sum + each, 0) })
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  }
})

const headEnd = Buffer.from('\r\n\r\n')

/** Asks one address after the other over one connection; answers the bytes of the bodies. */
function ask(take: () => string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    let address = take()
    if (address === undefined) return resolve(0)
    const { hostname, port, host } = new URL(address)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let pending: Buffer = Buffer.alloc(0)
    let bytes = 0
    const send = () => {
      const path = (address ?? '').slice((address ?? '').indexOf(host) + host.length)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/fhir+json\r\n\r\n`)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const end = pending.indexOf(headEnd)
      if (end < 0) return
      const head = pending.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])
      if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) return reject(new Error(`${address}: ${head}`))
      if (pending.length < end + 4 + length) return
      bytes += length
      pending = Buffer.alloc(0)
      address = take()
      if (address !== undefined) return send()
      socket.end()
      resolve(bytes)
    })
  })
}
