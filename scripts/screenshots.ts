/**
 * Writes a picture of every view of the console – light, dark, 320 px wide, Arabic – into `screenshots/`, for a person to look at. Also makes
 * the pictures of the README anew with `--readme`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { demoIssuer } from '../src/demo/demo-issuer.ts'
import { specimens } from '../src/demo/specimens.ts'
import { browserPath } from '../test/support/browser/browser.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { buildConsole } from './build-console.ts'

const root = resolve(import.meta.dirname, '..')
const wide = { width: 1280, height: 900 }

/** How a view may be seen. */
const ways: Record<string, BrowserContextOptions> = {
  light: { viewport: wide, colorScheme: 'light' },
  dark: { viewport: wide, colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 800 }, colorScheme: 'light' },
  arabic: { viewport: wide, colorScheme: 'light', locale: 'ar' },
}

/** What is shown: a name, an address, and what is done there first. */
type Scene = [name: string, path: string, act?: (page: Page) => Promise<void>]

const field = 'textarea'
const scan = (text: string) => async (page: Page) => {
  await page.locator(field).first().fill(text)
  await page.keyboard.press('Enter')
  await page.locator('#verdict-word').waitFor()
}

async function scenesOf(dataDir: string): Promise<Scene[]> {
  const now = new Date()
  const all = await specimens(demoIssuer(dataDir, now), now)
  const textOf = (name: string) => all.find((each) => each.name === name)?.text ?? ''
  return [
    ['verify', '/'],
    ['verdict-accepted', '/', scan(textOf('vaccination'))],
    ['verdict-rejected', '/', scan(textOf('vaccination-unmet'))],
    ['verdict-undetermined', '/', scan(textOf('vaccination-incomplete'))],
    ['verdict-forged', '/', scan(textOf('vaccination-forged'))],
    ['catalogue', '/catalogue'],
    ['catalogue-value-set', '/catalogue/find?url=http://vidimus.org/fhir/ValueSet/certificate-kind'],
    ['catalogue-code-system', '/catalogue/find?url=http://hl7.org/fhir/observation-status'],
    ['workbench', '/workbench'],
    ['workbench-rule', '/workbench?plan=valid-test', (page) => page.locator('.problems .is-good').first().waitFor()],
    ['workbench-ecl', '/workbench?ecl=1', (page) => page.locator('.problems li').first().waitFor()],
    ['catalogue-versions', '/catalogue/PlanDefinition/valid-test?tab=versions'],
    ['trust', '/trust'],
    ['status', '/status'],
    ['manual', '/manual'],
    ['manual-page', '/manual/verifier'],
  ]
}

/** Height of the whole page, within what a picture may have. */
const heightOf = async (page: Page) =>
  Math.min(12_000, Number(await page.evaluate('document.documentElement.scrollHeight')))

/** The pictures of the README: those of the first minute. */
const ofReadme = ['verdict-accepted', 'verdict-rejected']

async function main(folder: string, only?: readonly string[]): Promise<void> {
  if (!browserPath) throw new Error('there is no Chromium on this machine: scripts/browser-for-tests installs it')
  await buildConsole()
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-screenshots-'))
  const server = await startServerProcess({ DATA_DIR: dataDir, DEVELOPMENT_TOKEN: 'screenshots' })
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
  mkdirSync(folder, { recursive: true })
  try {
    await server.ready()
    for (const [name, path, act] of await scenesOf(dataDir)) {
      if (only && !only.includes(name)) continue
      for (const [way, options] of Object.entries(only ? { light: { ...ways.light, deviceScaleFactor: 1 } } : ways)) {
        const context = await browser.newContext(options)
        const page = await context.newPage()
        await page.goto(`${server.url}${path}`)
        await page.locator('h1').first().waitFor()
        await act?.(page)
        await page.waitForLoadState('networkidle')
        const file = join(folder, only ? `${name}.png` : `${name}.${way}.png`)
        // As tall as the page is: what sticks to the edge of a window would lie over its middle.
        const { width } = options.viewport ?? wide
        if (!only) await page.setViewportSize({ width, height: await heightOf(page) })
        await page.screenshot({ path: file })
        await context.close()
      }
    }
  } finally {
    await browser.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

if (process.argv.includes('--readme')) await main(join(root, 'docs/pictures'), ofReadme)
else {
  await main(join(root, 'screenshots'))
  console.log('The pictures are in screenshots/')
}
