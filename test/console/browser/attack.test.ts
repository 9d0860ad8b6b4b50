/** What somebody might try, or what might go wrong, so that the Verify view shows a yes that is not the answer to the code in view. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { inPage, openVerify as openView, pasteInto, specimenTexts } from '../../support/browser/verify-page.ts'

const bed = consoleBed()
let codes: Map<string, string>
const code = (name: string) => codes.get(name) ?? assert.fail(name)

const dropOn = `(text) => {
  const transfer = new DataTransfer()
  transfer.items.add(new File([text], 'code.png', { type: 'image/png' }))
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))
}`
const heard = (page: Page) => page.locator('[aria-live=assertive]')

async function openVerify(prepare?: (page: Page) => Promise<unknown>) {
  const opened = await openView(bed, { prepare })
  /** A hand-held scanner, with a line end. */
  return { ...opened, scan: (text: string) => opened.type(`${text}\n`) }
}

/** Changes the parameters of every reply. */
const changing = (page: Page, change: (parameter: { name: string }[]) => { name: string }[]) =>
  page.route('**/$evaluate', async (route) => {
    const response = await route.fetch()
    const reply = await response.json()
    await route.fulfill({ response, json: { ...reply, parameter: change(reply.parameter) } })
  })

describe('a yes that is none', { skip: noBrowser ?? false }, () => {
  before(async () => {
    codes = await specimenTexts(bed)
  })

  it('does not stay, to be seen or heard, beside a picture that cannot be read, or a fault of any shape', async () => {
    const { page, paste, word, assertClean } = await openVerify()
    await paste(code('vaccination'))
    await word.filter({ hasText: 'Accepted' }).waitFor()
    await heard(page).filter({ hasText: 'Accepted' }).waitFor({ state: 'attached' })
    await inPage(page, dropOn, 'no picture at all')
    await page.locator('.scan-file .notice').waitFor()
    assert.equal(await word.count(), 0)
    assert.doesNotMatch((await page.locator('body').textContent()) ?? '', /Genuine|Ada Specimen/)
    await paste(code('vaccination'))
    await heard(page).filter({ hasText: 'Accepted' }).waitFor({ state: 'attached' })
    const issue = [
      null,
      7,
      { details: 'x', severity: {}, expression: 'y', diagnostics: ['z'] },
      { details: { text: 'No <b>' } },
    ]
    await page.route('**/$evaluate', (route) =>
      route.fulfill({ status: 422, json: { resourceType: 'OperationOutcome', issue } }),
    )
    await paste(code('vaccination-unmet'))
    await page.getByText('No <b>').waitFor()
    assert.equal(await word.count(), 0)
    assert.equal(await heard(page).textContent(), '')
    await page.unroute('**/$evaluate')
    await paste(code('vaccination'))
    await heard(page).filter({ hasText: 'Accepted' }).waitFor({ state: 'attached' })
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.getByRole('heading', { level: 1, name: 'Trust' }).waitFor()
    assert.equal(await heard(page).textContent(), '')
    assertClean(/status of 4\d\d/)
  })

  it('is not had from replies of two persons or of none, and each of several persons is in sight', async () => {
    let change = (parameter: { name: string }[]) => parameter
    const { page, paste, word, assertClean } = await openVerify((opened) => changing(opened, (all) => change(all)))
    change = (all) => [
      ...all,
      { name: 'subject', part: [{ name: 'name', valueString: 'Eva Muster' }] } as { name: string },
    ]
    await paste(code('vaccination'))
    await word.filter({ hasText: 'Undetermined' }).waitFor()
    assert.doesNotMatch((await page.locator('.person').textContent()) ?? '', /Eva Muster/)
    change = (all) => all.filter(({ name }) => name !== 'subject')
    await paste(code('vaccination'))
    await word.filter({ hasText: 'Accepted' }).waitFor()
    assert.equal(await page.locator('.person .person-missing').count(), 2, 'neither name nor date of birth')
    change = (all) => all
    await paste(`${code('vaccination')}\n${code('test')}`)
    await page.locator('.inner').nth(1).waitFor()
    for (const each of [0, 1])
      assert.ok(
        await page
          .locator('.inner .person-name')
          .nth(2 * each)
          .isVisible(),
      )
    assertClean()
  })

  it('is not left by a code that is pasted where the focus is after a verdict', async () => {
    const { page, paste, word, title, assertClean } = await openVerify()
    await paste(code('vaccination'))
    await word.filter({ hasText: 'Accepted' }).waitFor()
    await page.locator('.verdict h2:focus').waitFor()
    await inPage(page, pasteInto(), code('vaccination-forged'))
    await title.filter({ hasText: 'Forged or changed' }).waitFor()
    await page.getByText('Identity document', { exact: true }).click()
    await page.getByLabel('Name on the document').focus()
    await inPage(page, pasteInto(), 'Eva Muster')
    assert.equal(await word.textContent(), 'Not verified', 'what is pasted into another field belongs there')
    assertClean()
  })

  it('is not left by a code that is scanned while settings are open, nor in another language than the page', async () => {
    const { page, paste, scan, word, title, assertClean } = await openVerify()
    const settings = page.getByRole('dialog', { name: 'Settings' })
    const places = [
      settings.getByRole('button', { name: 'Close' }),
      settings.getByLabel('Language'),
      settings.getByLabel('Dark'),
    ]
    for (const each of [...places, settings.getByLabel('Access token')]) {
      await paste(code('vaccination'))
      await word.filter({ hasText: 'Accepted' }).waitFor()
      await page.getByRole('button', { name: 'Settings' }).click()
      await each.focus()
      await scan(code('vaccination-forged'))
      await title.filter({ hasText: 'Forged or changed' }).waitFor()
      assert.equal(await settings.isVisible(), false)
    }
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    let waits = () => {}
    await page.route('**/$evaluate', async (route) => {
      const language = route.request().headers()['accept-language']
      if (language === 'en') await new Promise<void>((done) => (waits = done))
      await route.continue().catch(() => undefined)
    })
    await paste(code('vaccination-unmet'))
    await page.locator('.asking').waitFor()
    await page.getByRole('button', { name: 'Settings' }).click()
    await settings.getByLabel('Language').selectOption('fr')
    await page.keyboard.press('Escape')
    await page.locator('.verdict-words').filter({ hasText: 'certificat' }).waitFor()
    waits()
    assert.equal(await word.textContent(), 'Refusé')
    assertClean()
  })

  it('says of which time and use it is, on the page and in what is copied', async () => {
    const { page, paste, word, assertClean } = await openVerify()
    await page.getByText('Question and scanner').click()
    await page.locator('input[type=datetime-local]').fill(new Date(Date.now() - 3_600_000).toISOString().slice(0, 16))
    await page.getByLabel('Entry').check()
    await page.getByLabel('Trust domains').fill('DDCC DCC')
    await page.getByLabel('Trust domains').blur()
    await paste(code('vaccination'))
    await word.waitFor()
    assert.match((await page.locator('.cautions').textContent()) ?? '', /Judged as of/)
    assert.match((await page.locator('.live').textContent()) ?? '', /Entry[\s\S]*DDCC, DCC/)
    assert.match((await page.locator('.record').textContent()) ?? '', /! Judged as of[\s\S]*Entry\n[\s\S]*DDCC, DCC/)
    assertClean()
  })

  it('leaves nothing of a person who was typed and not asked about, nor a code in the place of a token', async () => {
    const { page, field, assertClean } = await openVerify((opened) => opened.clock.install())
    await field.fill('SPECIMEN')
    await page.clock.runFor(30_000)
    assert.equal(await field.inputValue(), 'SPECIMEN')
    await page.clock.runFor(31_000)
    assert.equal(await field.inputValue(), '')
    await page.getByRole('button', { name: 'Settings' }).click()
    const token = page.getByLabel('Access token')
    await token.fill(code('vaccination'))
    await token.press('Enter')
    assert.equal(await token.inputValue(), '')
    assert.equal(await page.getByRole('button', { name: 'Forget token' }).count(), 0)
    assertClean()
  })
})
