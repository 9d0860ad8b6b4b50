/** A way to a server that can be made slow, and cut. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A proxy of TCP on this machine. */
export interface Proxy {
  readonly port: number
  /** From now on everything takes so long, milliseconds; 0 for as long as it takes. */
  delay(milliseconds: number): void
  /** Cuts every connection, and takes none until it is mended. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Opens one to a port of this machine. */
export async function openProxy(target: number): Promise<Proxy> {
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
    const pass = (from: Socket, to: Socket) =>
      from.on('data', (chunk) => {
        if (milliseconds === 0) to.write(chunk)
        else setTimeout(() => to.writable && to.write(chunk), milliseconds)
      })
    pass(socket, there)
    pass(there, socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    delay(next) {
      milliseconds = next
    },
    cut,
    mend() {
      isCut = false
    },
    async close() {
      cut()
      await new Promise((done) => server.close(done))
    },
  }
}
