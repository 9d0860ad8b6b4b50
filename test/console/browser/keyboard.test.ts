/** From the catalogue to a published version by keyboard alone: no pointer, no script that puts the focus anywhere. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'

const bed = consoleBed()

/** In the page: what has the focus is called, as far as its text, label or kind tells. */
const focused = `(() => {
  const each = document.activeElement
  if (!each || each === document.body) return ''
  if (each.classList.contains('code-editor')) return 'the editor'
  const label = each.id ? document.querySelector('label[for="' + CSS.escape(each.id) + '"]')?.textContent : ''
  return (each.getAttribute('aria-label') ?? '') || label || (each.textContent ?? '').trim()
})()`

const nameOfFocus = async (page: Page) => String(await page.evaluate(focused))

/** Presses Tab until what is meant has the focus. */
async function tabTo(page: Page, meant: RegExp | string): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab')
    const name = await nameOfFocus(page)
    if (typeof meant === 'string' ? name === meant : meant.test(name)) return
    passed.push(name.slice(0, 40))
    // Tab belongs to the text there, until Escape was pressed.
    if (name === 'the editor') await page.keyboard.press('Escape')
  }
  assert.fail(`no Tab leads to ${meant}: ${passed.join(' · ')}`)
}

async function enter(page: Page, meant: RegExp | string): Promise<void> {
  await tabTo(page, meant)
  await page.keyboard.press('Enter')
}

describe('without a pointer', { skip: noBrowser ?? false }, () => {
  it('somebody finds a rule, changes it, and publishes it', async () => {
    const { page, assertClean } = await bed.open('/catalogue')
    await enter(page, /^Rule sets/)
    await page.getByRole('link', { name: 'Single-dose schedule' }).waitFor()
    await tabTo(page, /^Search/)
    await page.keyboard.type('single-dose')
    await page.getByText('1 entry').waitFor()
    await enter(page, 'Single-dose schedule')
    await page.getByRole('heading', { level: 1, name: 'Single-dose schedule' }).waitFor()
    await enter(page, 'Open in the workbench')
    await page
      .locator('.problems:visible')
      .getByText(/^(?:The server found nothing wrong|Nothing stands)/)
      .waitFor()

    // The text, and out of it again.
    await tabTo(page, 'the editor')
    await page.keyboard.press('Control+End')
    await page.keyboard.type('// written by keyboard')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    assert.notEqual(await nameOfFocus(page), 'the editor')
    await enter(page, 'Raise the version')

    await enter(page, 'Settings')
    await tabTo(page, 'Access token')
    await page.keyboard.type('test')
    await page.keyboard.press('Enter')
    await page.getByText('A token is in use').waitFor()
    await page.keyboard.press('Escape')

    await tabTo(page, 'Try it')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    assert.equal(await nameOfFocus(page), 'Publish')
    await page.getByText('A new version; compared with').first().waitFor()
    await page.getByRole('button', { name: 'Publish', exact: true }).waitFor()
    await enter(page, 'Publish')
    // Who published is led to what was published.
    await page.locator('.notice-good:focus').waitFor()
    assertClean(/Failed to load resource/)
  })
})
