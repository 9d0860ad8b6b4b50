/** Every view in every language: accessible, within its width, asking nobody else; and what the first view weighs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { buildConsole } from '../../../scripts/build-console.ts'
import { languageCodes } from '../../../src/console/languages/codes.ts'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'

const bed = consoleBed()
const paths = [
  '/',
  '/catalogue',
  '/catalogue/PlanDefinition/complete-primary-series',
  '/workbench',
  '/trust',
  '/status',
  '/manual/verifier',
]

async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForLoadState('networkidle')
}

/** Runs in the page: how far its content reaches beyond its width. */
const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

/** Each view in two languages, the first in all; `npm run soak -- properties` looks at each in all. */
const isWhole = (code: string) => process.env.VIDIMUS_VIEWS === 'all' || code === 'en' || code === 'ar'

describe('every view', { skip: noBrowser ?? false }, () => {
  for (const code of languageCodes)
    it(`in ${code}`, async () => {
      const isNarrow = code === 'ar' || code === 'fr'
      const { page, assertClean } = await bed.open('/', {
        locale: code,
        colorScheme: code === 'es' ? 'dark' : 'light',
        viewport: { width: isNarrow ? 320 : 1280, height: 900 },
      })
      for (const path of isWhole(code) ? paths : paths.slice(0, 1)) {
        await page.goto(new URL(path, page.url()).href)
        await settled(page)
        assert.equal(await page.locator('html').getAttribute('lang'), code)
        await assertAccessible(page)
        assert.ok(Number(await page.evaluate(overflow)) <= 0, `${path} is wider than its page`)
      }
      assertClean()
    })
})

/** Runs before the page: what moves after it was drawn, without a person having done anything. */
const watchShifts = `globalThis.shifts = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifts += entry.value
}).observe({ type: 'layout-shift', buffered: true })`

describe('the first view', { skip: noBrowser ?? false }, () => {
  it('has at most 120 kB of packed scripts, and moves nothing once it is drawn', async () => {
    const bytes = await buildConsole()
    assert.ok(bytes !== undefined && bytes <= 120_000, `${bytes} bytes`)
    const { page } = await bed.open('/')
    await page.addInitScript({ content: watchShifts })
    await page.reload()
    await settled(page)
    const shifts = Number(await page.evaluate('globalThis.shifts'))
    assert.ok(shifts < 0.02, `cumulative layout shift ${shifts}`)
  })
})
