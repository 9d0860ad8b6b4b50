/** The frame of the console in a real browser: its views, languages, appearance and settings. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'

const bed = consoleBed()

describe('the frame', { skip: noBrowser ?? false }, () => {
  it('leads to every view, back and forth, without loading the page again', async () => {
    const { page, assertClean } = await bed.open()
    await page.getByRole('heading', { level: 1, name: 'Verify' }).waitFor()
    await page.evaluate(() => Object.assign(globalThis, { isFirst: true }))
    for (const view of ['Catalogue', 'Workbench', 'Trust', 'Status', 'Manual']) {
      await page.getByRole('link', { name: view, exact: true }).click()
      await page.getByRole('heading', { level: 1, name: view }).waitFor()
      assert.equal(new URL(page.url()).pathname, `/${view.toLowerCase()}`)
    }
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Status' }).waitFor()
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'isFirst')), true)
    assertClean()
  })

  it('speaks Arabic from right to left, and remembers it', async () => {
    const { page, assertClean } = await bed.open()
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('Language').selectOption('ar')
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { level: 1, name: 'تحقّق' }).waitFor()
    assert.equal(await page.locator('html').getAttribute('dir'), 'rtl')
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'تحقّق' }).waitFor()
    assertClean()
  })

  it('shows a view at its own address', async () => {
    const { page, assertClean } = await bed.open('/trust')
    await page.getByRole('heading', { level: 1, name: 'Trust' }).waitFor()
    assertClean()
  })
})
