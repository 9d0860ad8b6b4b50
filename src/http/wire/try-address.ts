import { createServer } from 'node:net'

/**
 * Listens for a moment, to tell early that it cannot be done: nobody should wait for content to be loaded to learn that a port is taken.
 * @throws the error of the operating system (`EADDRINUSE`, `EADDRNOTAVAIL`, …)
 */
export async function tryAddress({ host, port }: { host: string; port: number }): Promise<void> {
  const probe = createServer()
  await new Promise<void>((listens, fails) => {
    probe.once('error', fails)
    probe.listen(port, host, listens)
  })
  await new Promise((closed) => probe.close(closed))
}
