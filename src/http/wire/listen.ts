import type { Server } from 'node:net'

/** Has a server listen. Rejects with the error of the system when it cannot. @returns its port */
export function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const bound = server.address()
      // It is a text for a socket of the file system alone.
      resolve(typeof bound === 'object' && bound ? bound.port : port)
    })
  })
}
