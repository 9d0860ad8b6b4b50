/**
 * A client in a process of its own: sends each body once over ten connections that stay open, and says how long that took. Every reply
 * must hold a text, so that nothing that failed is counted as done.
 */
import { Agent, request } from 'node:http'

/** What is to be sent: each of `bodies` as a POST, or nothing, `count` times, as a GET. */
export interface Load {
  address: string
  bodies?: string[]
  count: number
  /** Stands in every reply. */
  wanted: string
}

const connections = 10
const agent = new Agent({ keepAlive: true, maxSockets: connections })

process.on('message', async ({ address, bodies, count, wanted }: Load) => {
  let next = 0
  const work = async () => {
    while (next < count) {
      const body = bodies?.[next++]
      if (!bodies) next++
      const reply = await send(address, body)
      if (!reply.includes(wanted)) throw new Error(`a reply without ${wanted}: ${reply.toString().slice(0, 600)}`)
    }
  }
  // A client that sleeps must be woken by the server, which would pay for it, the slower one more often: never sleep.
  let isBusy = true
  const stayAwake = () => isBusy && setImmediate(stayAwake)
  stayAwake()
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, work))
  isBusy = false
  process.send?.({ seconds: (performance.now() - started) / 1000 })
})

function send(address: string, body: string | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/fhir+json' }
    const sent = request(address, { agent, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
