/**
 * A real browser before a running server, for the tests of the console. Every page that is opened here is watched: what it asks of other
 * hosts, what its policy refuses, and what it writes to its console fails the test that opened it.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where the browser is; undefined where there is none. */
export const browserPath = places.find((path) => path !== undefined && existsSync(path))

/** Why tests with a browser are skipped; undefined where they run. In CI they never are. */
export const noBrowser: string | undefined =
  browserPath || process.env.CI === 'true'
    ? undefined
    : 'there is no Chromium on this machine (or name it: CHROMIUM=/path)'

/** Runs in the page: what the policy refuses becomes a line of the console. */
const tellRefusals = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`

/** A page that is watched. */
export interface WatchedPage {
  page: Page
  context: BrowserContext
  /** What the page did that it must not: refused by its policy, asked of another host, thrown, written to the console. */
  wrong: string[]
  /** Fails when it did anything of that, except what a test expects. */
  assertClean(expected?: RegExp): void
}

/** Starts a browser. @param args of Chromium, e.g. for a camera */
export function openBrowser(args: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', ...args],
  })
}

/** Opens an address of a server in a context of its own. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
  /** Changes the page before it loads anything. */
  before?: (page: Page) => Promise<unknown>,
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  // Of a page that comes to it at all: a machine under load starts a translator in half a minute.
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const wrong: string[] = []
  const { origin } = new URL(address)
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => wrong.push(`thrown: ${error.message}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin)
      wrong.push(`another host: ${request.url()}`)
  })
  await page.addInitScript({ content: tellRefusals })
  await before?.(page)
  await page.goto(address)
  return {
    page,
    context,
    wrong,
    assertClean: (expected) => {
      assert.deepEqual(
        wrong.filter((each) => !expected?.test(each)),
        [],
      )
    },
  }
}
