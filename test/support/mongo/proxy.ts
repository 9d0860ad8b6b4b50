/** A way to a server that can be made slow, and cut. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A proxy of TCP on this machine. */
export interface WireProxy {
  readonly port: number
  /** From now on everything takes so long, milliseconds; 0 for as long as it takes. */
  delay(milliseconds: number): void
  /** Cuts every connection. */
  drop(): void
  /** The same, and takes none until it is mended. */
  cut(): void
  mend(): void
  /**
   * Called with each command as it is sent, by its bytes. `before`: the connection is cut, and the command does not arrive; `after`: it
   * arrives, its answer does not, and the connection is cut; `never`: it does not arrive, and the connection stays.
   */
  onCommand: (bytes: Buffer) => 'before' | 'after' | 'never' | undefined
  close(): Promise<void>
}

/** Opens one to a port of this machine. */
export async function openProxy(target: number): Promise<WireProxy> {
  const sockets = new Set<Socket>()
  let milliseconds = 0
  let isCut = false
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy()
    const there = connect(target, '127.0.0.1')
    const end = () => {
      socket.destroy()
      there.destroy()
    }
    for (const each of [socket, there]) {
      sockets.add(each)
      each.on('error', end)
      each.on('close', () => {
        sockets.delete(each)
        end()
      })
    }
    const pass = (chunk: Buffer, to: Socket) => {
      if (milliseconds === 0) to.write(chunk)
      else setTimeout(() => to.writable && to.write(chunk), milliseconds)
    }
    let isLost = false
    socket.on('data', (chunk) => {
      const fate = proxy.onCommand(chunk)
      if (fate === 'before') return end()
      if (fate === 'never') return
      if (fate === 'after') isLost = true
      pass(chunk, there)
    })
    there.on('data', (chunk) => (isLost ? end() : pass(chunk, socket)))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const proxy: WireProxy = {
    port,
    onCommand: () => undefined,
    delay(next) {
      milliseconds = next
    },
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    cut() {
      isCut = true
      proxy.drop()
    },
    mend() {
      isCut = false
    },
    async close() {
      proxy.cut()
      await new Promise((done) => server.close(done))
    },
  }
  return proxy
}
