/** A wire between a store and its database that can be cut. */

import { once } from 'node:events'
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'

/** What becomes of what goes over the wire. */
export interface Wire {
  /** Address of the wire with the database of that name behind it. */
  url(database: string): string
  /** Cuts every connection. */
  cut(): void
  /** New connections are refused from now on, or not any more. */
  refuse(refused: boolean): void
  /**
   * Called with each command as it is sent, by its bytes. `before`: the connection is cut, and the command does not arrive; `after`: it
   * arrives, its answer does not, and the connection is cut; `never`: it does not arrive, and the connection stays.
   */
  onCommand: (bytes: Buffer) => 'before' | 'after' | 'never' | undefined
  close(): Promise<void>
}

/** Begins one to a port of this machine. */
export async function openWire(port: number): Promise<Wire> {
  const open = new Set<Socket>()
  let isRefused = false
  const server: Server = createServer((near) => {
    if (isRefused) return void near.destroy()
    const far = openSocket({ port, host: '127.0.0.1' })
    const both = [near, far]
    let isLost = false
    const end = () => {
      for (const each of both) {
        open.delete(each)
        each.destroy()
      }
    }
    for (const each of both) {
      open.add(each)
      each.on('error', end).on('close', end)
    }
    near.on('data', (bytes) => {
      const fate = wire.onCommand(bytes)
      if (fate === 'before') return end()
      if (fate === 'never') return
      if (fate === 'after') isLost = true
      far.write(bytes)
    })
    far.on('data', (bytes) => (isLost ? end() : near.write(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = typeof address === 'object' && address ? address.port : 0
  const wire: Wire = {
    url: (database) => `mongodb://127.0.0.1:${own}/${database}?directConnection=true`,
    cut: () => {
      for (const each of [...open]) each.destroy()
    },
    refuse: (refused) => {
      isRefused = refused
    },
    onCommand: () => undefined,
    async close() {
      wire.cut()
      server.close()
      await once(server, 'close')
    },
  }
  return wire
}
