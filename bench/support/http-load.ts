/** A client in a process of its own: sends each address once, over connections that stay open, and says when it is done. */
import { Agent, get } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

process.on('message', async ({ addresses }: { addresses: string[] }) => {
  let next = 0
  let bytes = 0
  const work = async () => {
    for (;;) {
      const address = addresses[next++]
      if (address === undefined) return
      bytes += await fetchOnce(address)
    }
  }
  // A client that sleeps must be woken by the server, which would pay for it, the slower one more often: never sleep.
  let isBusy = true
  const stayAwake = () => isBusy && setImmediate(stayAwake)
  stayAwake()
  await Promise.all(Array.from({ length: 16 }, work))
  isBusy = false
  process.send?.({ bytes })
})

function fetchOnce(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(address, { agent, headers: { Accept: 'application/fhir+json' } }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(bytes)
        else reject(new Error(`${response.statusCode} for ${address}`))
      })
      response.on('error', reject)
    }).on('error', reject)
  })
}
