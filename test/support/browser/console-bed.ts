/** What tests of the console stand on: a server with the own content and the demonstration's issuers, a browser, pages in it. */
import { createServer } from 'node:http'
import { after } from 'node:test'
import type { BrowserContextOptions } from 'playwright-core'
import { buildConsole } from '../../../scripts/build-console.ts'
import { openTestServer } from '../loaded-server.ts'
import { openBrowser, openPage, type WatchedPage } from './browser.ts'

/** What is set for the bed. */
export interface ConsoleBedOptions {
  /** Settings of the server. */
  environment?: Record<string, string>
  /** Of Chromium. */
  browserArgs?: string[]
}

/** What the tests of a file are given. Server and browser start when they are first needed, and end with the file. */
export interface ConsoleBed {
  /** Opens a path of the console in a page of its own. */
  open(path?: string, options?: BrowserContextOptions): Promise<WatchedPage>
  /** The server, and where it listens, without a slash at the end. */
  server(): Promise<Awaited<ReturnType<typeof startServer>>>
}

/** To be called at the top of a test file, outside of `describe`. */
export function consoleBed({ environment = {}, browserArgs = [] }: ConsoleBedOptions = {}): ConsoleBed {
  let server: ReturnType<typeof startServer> | undefined
  let browser: ReturnType<typeof openBrowser> | undefined
  after(async () => {
    await (await browser)?.close()
    await (await server)?.close()
  })
  const serverOf = () => (server ??= startServer(environment))
  return {
    server: serverOf,
    async open(path = '/', options = {}) {
      const { address } = await serverOf()
      browser ??= openBrowser(browserArgs)
      return openPage(await browser, `${address}${path}`, options)
    },
  }
}

async function startServer(environment: Record<string, string>) {
  await buildConsole()
  const opened = await openTestServer(environment)
  const http = createServer(opened.server.handler)
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const place = http.address()
  if (place === null || typeof place === 'string') throw new Error('the server listens at no port')
  return {
    ...opened,
    http,
    address: `http://127.0.0.1:${place.port}`,
    async close() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
      await opened.close()
    },
  }
}
