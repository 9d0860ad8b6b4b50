import { createServer } from 'node:http'
import { after } from 'node:test'
import { openTestServer } from './loaded-server.ts'

/** A server with the own content that listens at a free port of this machine, and ends after the tests of the file. */
export async function openListeningServer(environment: Record<string, string> = {}) {
  const opened = await openTestServer(environment)
  const http = createServer(opened.server.handler)
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  after(async () => {
    http.closeAllConnections()
    await new Promise((closed) => http.close(closed))
    await opened.close()
  })
  return { ...opened, http }
}
