/**
 * The scanner alone in a real browser: a page with the console's own policy and files, on which it is mounted, and what it tells is written
 * down. What views make of it is their tests' affair.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after } from 'node:test'
import { type BuildResult, build } from 'esbuild'
import express from 'express'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { consoleOptions } from '../../../scripts/build-console.ts'
import { openConsole } from '../../../src/http/console/console-files.ts'
import { consoleHandlers } from '../../../src/http/console/serve-console.ts'
import { openBrowser, openPage, type WatchedPage } from './browser.ts'

/** The page: the scanner, what it told, what was said aloud, and a switch that silences it. */
const program = `
import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import { applyAppearance, language } from './app/session.ts'
import { loadLanguage } from './languages/languages.ts'
import { said } from './parts/say.ts'
import { ScanPanel } from './verify/scan/scan-panel.tsx'
import './style/console.css'

const told = { codes: [], pictures: [], said: [], at: [] }
globalThis.unwanted = new AbortController()
const [paused, isShown] = [signal(false), signal(true)]
Object.assign(globalThis, { told, paused, isShown, scanWorker: SCAN_WORKER })
effect(() => { for (const text of [said.value.polite, said.value.urgent]) if (text) told.said.push(text) })
const onCodes = (texts) => { told.codes.push(texts); told.at.push(performance.now()) }
const onPicture = (bytes, contentType) => told.pictures.push({ length: bytes.length, first: [...bytes.subarray(0, 4)], contentType })
const Page = () => isShown.value ? <main class="view-verify"><h1>Scanner</h1><ScanPanel onBegin={() => (globalThis.unwanted = new AbortController()).signal} onCodes={onCodes} onPicture={onPicture} paused={paused.value} /></main> : null
applyAppearance()
await loadLanguage(language.value)
render(<Page />, document.getElementById('console'))
`

/** What the scanner told. */
export interface Told {
  /** One list for each time. */
  codes: string[][]
  /** When, by the page's clock. */
  at: number[]
  pictures: { length: number; first: number[]; contentType: string }[]
  /** Said aloud, in order. */
  said: string[]
}

/** A page with the scanner. */
export interface ScanPage extends WatchedPage {
  told(): Promise<Told>
  /** Waits until it told of so many different lists of codes. @returns all that it told */
  codes(count: number): Promise<string[][]>
  /** Waits until the page has no worker any more. */
  workersEnd(): Promise<void>
}

/** What tests of the scanner are given; server and browsers start when they are first needed, and end with the file. */
export interface ScanBed {
  /** Opens the page in a browser that is started with these arguments. @param host by which the server is called, `127.0.0.1` by default */
  open(
    args: string[],
    options?: BrowserContextOptions & { host?: string; before?: (page: Page) => Promise<unknown> },
  ): Promise<ScanPage>
}

/** To be called at the top of a test file. */
export function scanBed(): ScanBed {
  let site: ReturnType<typeof startSite> | undefined
  const browsers = new Map<string, Promise<Browser>>()
  after(async () => {
    for (const browser of browsers.values()) await (await browser).close()
    await (await site)?.close()
  })
  return {
    async open(args, { host = '127.0.0.1', before, ...options } = {}) {
      site ??= startSite()
      const { port } = await site
      const key = args.join(' ')
      const browser = browsers.get(key) ?? openBrowser(args)
      browsers.set(key, browser)
      const opened = await openPage(await browser, `http://${host}:${port}/`, options, before)
      const { page } = opened
      await page.getByRole('heading', { name: 'Scanner' }).waitFor()
      const told = (): Promise<Told> => page.evaluate(() => Reflect.get(globalThis, 'told'))
      return {
        ...opened,
        told,
        async codes(count) {
          await page.waitForFunction((least) => {
            const lists: string[][] = Reflect.get(globalThis, 'told').codes
            return new Set(lists.map((each) => each.join(' '))).size >= least
          }, count)
          return (await told()).codes
        },
        async workersEnd() {
          for (const worker of page.workers())
            await new Promise<void>((done) => {
              worker.on('close', () => done())
              if (!page.workers().includes(worker)) done()
            })
        },
      }
    },
  }
}

async function startSite() {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-scan-page-'))
  const options = { ...consoleOptions, minify: false, outdir: folder }
  const worker = await build({ ...options, entryPoints: ['src/console/verify/scan/scan-worker.ts'] })
  const entryOf = ({ metafile }: Pick<BuildResult<{ metafile: true }>, 'metafile'>, isIt: RegExp) =>
    basename(Object.keys(metafile.outputs).find((path) => isIt.test(path)) ?? '')
  const page = await build({
    ...options,
    stdin: {
      contents: program,
      resolveDir: join(consoleOptions.absWorkingDir, 'src/console'),
      loader: 'tsx',
      sourcefile: 'page.tsx',
    },
    splitting: true,
    define: { SCAN_WORKER: JSON.stringify(`/console/${entryOf(worker, /scan-worker.*\.js$/)}`), MANUAL_PAGES: '[]' },
  })
  const made = [...Object.keys(worker.metafile.outputs), ...Object.keys(page.metafile.outputs)]
  const files = Object.fromEntries(made.map((path) => [basename(path), { bytes: 0, sha256: '' }]))
  const manifest = {
    sources: '',
    script: entryOf(page, /(?:page|stdin)-[^/]*\.js$/),
    style: entryOf(page, /\.css$/),
    preload: [],
    files,
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const software = { name: 'scanner', version: '0', releaseDate: '2026-01-01' }
  const handlers = consoleHandlers(software, { basePath: '/fhir', types: [] }, openConsole(folder))
  const app = express()
  app.get('/', handlers.page)
  app.get('/console/:name', handlers.file)
  const http = createServer(app)
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const place = http.address()
  if (place === null || typeof place === 'string') throw new Error('the server listens at no port')
  return {
    port: place.port,
    async close() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
