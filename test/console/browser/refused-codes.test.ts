/** The code of a certificate that is scanned or pasted anywhere but in Verify, in a real browser: nothing of it is asked, kept or shown. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'

const bed = consoleBed()
const rest = 'NCFOXN%TSMAHN-H%OCHBKPO9 8OS4FQ3I7W0QVBDQZDQD6TDJ96TF82D6BF'
const code = `HC1:${rest}`
const said = 'This is the code of a certificate'

/** Everything that the page asks, addresses and bodies. */
function listen(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => asked.push(decodeURIComponent(request.url()), request.postData() ?? ''))
  return asked
}

/** Of the code itself; where the address was opened by hand it was asked of the server by the browser. */
function assertNothing(page: Page, asked: readonly string[]): void {
  assert.deepEqual(
    asked.filter((each) => /HC1|NCFO|TSMAHN|8OS4/.test(each)),
    [],
  )
  assert.doesNotMatch(decodeURIComponent(page.url()), /HC1|NCFO|TSMAHN/)
}

/** Types as a scanner does, which does not wait until the page has taken a key before it sends the next. */
async function scan(page: Page, text: string): Promise<void> {
  await Promise.all([...text].map((key) => page.keyboard.press(key)))
}

/** Types again once the scanner has been silent: until then all that comes is taken for the rest of the code. */
async function fillAfterSilence(field: Locator, text: string): Promise<void> {
  const end = Date.now() + 20_000
  do {
    assert.ok(Date.now() < end, 'nothing can be typed any more')
    await field.fill(text)
  } while ((await field.inputValue()) !== text)
}

describe('the code of a certificate', { skip: noBrowser ?? false }, () => {
  it('is refused by the fields of Trust and of the catalogue, scanned or pasted', async () => {
    const { page, assertClean } = await bed.open('/trust')
    const asked = listen(page)
    const keyId = page.getByLabel('Key id')
    await keyId.click()
    await scan(page, code)
    await page.keyboard.press('Enter')
    await page.getByText(said).waitFor()
    assert.equal(await keyId.inputValue(), '')
    await assertAccessible(page)
    await keyId.fill(code)
    await page.getByRole('button', { name: 'Ask' }).click()
    assert.equal(await keyId.inputValue(), '')
    assertNothing(page, asked)

    await page.getByRole('link', { name: 'Catalogue' }).click()
    await page.getByText(said).waitFor({ state: 'detached' })
    const search = page.getByRole('searchbox').first()
    await fillAfterSilence(search, 'vaccin')
    await page.waitForURL(/q=vaccin/)
    await search.press('End')
    await scan(page, code)
    await page.getByText(said).waitFor()
    await page.waitForURL(/catalogue$/)
    assert.equal(await search.inputValue(), '')
    await search.fill(` ${code}`)
    assert.equal(await search.inputValue(), '')
    await fillAfterSilence(search, 'test')
    await page.waitForURL(/q=test/)
    assert.equal(await page.getByText(said).count(), 0)
    assertNothing(page, asked)
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.goBack()
    assertNothing(page, asked)
    assertClean()
  })

  it('is not sent on from an address, nor left in it', async () => {
    for (const path of [`/trust?keyId=${encodeURIComponent(code)}`, `/catalogue?q=${encodeURIComponent(code)}`]) {
      const opened = bed.open('/status')
      const { page, context, assertClean } = await opened
      const asked = listen(page)
      // The browser asks for the page itself; the console must ask for nothing more.
      await page.evaluate(
        `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
      )
      await page.getByText(said).waitFor()
      assertNothing(page, asked)
      assertClean()
      await context.close()
    }
  })

  it('does not enter the text of a rule', async () => {
    const { page, assertClean } = await bed.open('/workbench?map=HcertDccToCoreDataSet')
    const asked = listen(page)
    const editor = page.getByRole('textbox', { name: /^Map \(FML\)/ })
    await editor.click()
    const before = await editor.textContent()
    await scan(page, code)
    await page.keyboard.press('Enter')
    await page.getByText(said).waitFor()
    assert.equal(await editor.textContent(), before)
    assertNothing(page, asked)
    assertClean()
  })
})
