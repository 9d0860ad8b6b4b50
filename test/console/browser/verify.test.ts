/** The Verify view in a real browser: real credentials of every decision, scanners, faults of the server, and what is left of a person. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { BrowserContextOptions, Page, Route } from 'playwright-core'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { openVerify as openView, specimenTexts } from '../../support/browser/verify-page.ts'
import { machineReadableZone } from '../../support/machine-readable-zone.ts'

const bed = consoleBed()
let codes: Map<string, string>

/** The text of a specimen. */
function code(name: string): string {
  const text = codes.get(name)
  if (text === undefined) throw new Error(`there is no specimen ${name}`)
  return text
}

async function openVerify(options: BrowserContextOptions = {}, prepare?: (page: Page) => Promise<unknown>) {
  const opened = await openView(bed, { ...options, prepare })
  return {
    ...opened,
    /** A hand-held scanner. */
    scan: (name: string, ending = '') => opened.type(code(name) + ending),
    /** Waits for the sentence of a verdict. */
    says: (text: string) => opened.title.filter({ hasText: text }).waitFor(),
  }
}

/** Programs that run in the page. */
const focused = 'document.activeElement.innerText'
const leaveField = 'document.activeElement.blur()'
const shownInPrint = `[...document.querySelectorAll('.verify *')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.textContent?.trim())
  .map((each) => each.className)`
const everywhere = `(async () => JSON.stringify([
  { ...localStorage }, { ...sessionStorage }, await caches.keys(), (await indexedDB.databases()).length,
  history.state, location.href, document.title, document.cookie, document.body.textContent,
  [...document.querySelectorAll('input, textarea')].map((each) => each.value),
]))()`
const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

const hasFocus = (page: Page, selector: string) => page.locator(`${selector}:focus`).first().waitFor()

const overflow = async (page: Page) => Number(await page.evaluate(sideways))

describe('the Verify view', { skip: noBrowser ?? false }, () => {
  before(async () => {
    codes = await specimenTexts(bed)
  })

  it('gives a verdict for each burst of a hand-held scanner, with and without a line end, wherever the focus is', async () => {
    const { page, scan, says, word, field, assertClean } = await openVerify()
    await scan('vaccination', '\n')
    await says('Genuine, and all rules are met')
    assert.equal(await word.textContent(), 'Accepted')
    await hasFocus(page, '.verdict h2')
    await page.locator('[aria-live=assertive]').filter({ hasText: 'Accepted' }).waitFor({ state: 'attached' })
    assert.equal(await page.locator('.person-name').first().textContent(), 'Ada Specimen')
    assert.match((await page.locator('.person').textContent()) ?? '', /14 March 1985.*1985-03-14.*850314/)
    // The focus is on the verdict: the next code is read all the same, and ended by silence.
    await scan('vaccination-unmet')
    await says('A rule is not met')
    assert.match((await page.locator('.verdict-words').textContent()) ?? '', /complete vaccination series/)
    // In a list, typing would choose another country.
    await page.getByText('Question and scanner').click()
    const jurisdiction = page.getByLabel('Jurisdiction')
    await jurisdiction.selectOption('CH')
    await jurisdiction.focus()
    await scan('vaccination-incomplete')
    await says('A datum is missing')
    assert.equal(await jurisdiction.inputValue(), 'CH')
    assert.match((await page.locator('.live').textContent()) ?? '', /Switzerland/)
    assert.match(
      (await page.locator('.verdict-words').textContent()) ?? '',
      /^Missing, or not told exactly enough: the number of the dose/,
    )
    assert.equal(await page.getByText('the number of the dose').count(), 1, 'it is said once')
    assert.equal(await field.inputValue(), '')
    // In another field it would stand where a name belongs.
    await page.getByText('Identity document', { exact: true }).click()
    const name = page.getByLabel('Name on the document')
    await name.fill('Ada')
    await scan('vaccination-forged')
    await says('Forged or changed')
    assert.equal(await name.inputValue(), '', 'neither the code, nor a name that was given beside another verdict')
    await page.locator('.cautions').getByText('It was not compared with this person').waitFor()
    // A person who types is not interrupted.
    await word.focus()
    await page.keyboard.type('HC1:abc', { delay: 60 })
    await page.getByRole('button', { name: 'Check', exact: true }).waitFor()
    // The verdict before is not that of the code which is being typed.
    await word.waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await says('Cannot be read')
    assertClean()
  })

  it('shows the four words by sample, each in its own look, and what is forged otherwise than what has expired', async () => {
    const { page, paste, says, word, assertClean } = await openVerify({ colorScheme: 'dark' })
    const looks = new Set<string>()
    const expected = {
      Accepted: 'Accepted',
      Rejected: 'Rejected',
      Undetermined: 'Undetermined',
      Forged: 'Not verified',
    }
    for (const [sample, shown] of Object.entries(expected)) {
      await page.locator('.samples').getByRole('button', { name: sample, exact: true }).click()
      await word.filter({ hasText: shown }).waitFor()
      looks.add(await page.locator('.verdict-head .emblem').innerHTML())
      if (sample === 'Accepted' || sample === 'Forged') await assertAccessible(page)
    }
    assert.equal(looks.size, 4)
    await says('Forged or changed')
    assert.equal(await page.locator('.person').count(), 0)
    assert.equal(await page.locator('.check-fail').isVisible(), true)
    await paste(code('vaccination-expired'))
    await says('Expired')
    await paste(code('icvp'))
    await word.filter({ hasText: 'Accepted' }).waitFor()
    assert.match((await page.locator('.certified').textContent()) ?? '', /Yellow fever.*30 October 2026|Yellow fever/)
    await page.getByText('More samples').click()
    await page.getByLabel('Sample', { exact: true }).selectOption('seal')
    await page.locator('.samples').getByRole('button', { name: 'Check', exact: true }).click()
    await page.locator('.person').getByText('SPECIMEN<ADA').waitFor()
    assertClean()
  })

  it('compares documents, adds codes of the same person, and tells what a link needs, by keyboard alone', async () => {
    const { page, scan, says, word, assertClean } = await openVerify()
    await scan('vaccination')
    await says('Genuine')
    const tabTo = async (name: string) => {
      for (let step = 0; step < 40; step++) {
        await page.keyboard.press('Tab')
        if (String(await page.evaluate(focused)).includes(name)) return
      }
      assert.fail(`${name} is not reached by keyboard`)
    }
    await tabTo('Identity document')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Eva Muster', { delay: 60 })
    await page.keyboard.press('Enter')
    await says('Another person')
    assert.match((await page.locator('.identity').textContent()) ?? '', /Does not agree/)
    await tabTo('Add another code')
    await page.keyboard.press('Enter')
    await page.locator('.standing').getByText('Scan another code of the same person.').waitFor()
    await page.getByLabel('Name on the document').fill('')
    await page.evaluate(leaveField)
    await scan('test', '\n')
    await page.getByText('Each credential').waitFor()
    assert.equal(await word.textContent(), 'Accepted')
    assert.equal(await page.locator('.inner').count(), 2)
    assert.equal(await page.locator('.inner').first().getByText('Verified').isVisible(), true)
    await scan('link', '\n')
    await says('The content lies elsewhere')
    await page.getByLabel('Passcode').fill('1234')
    await page.getByRole('button', { name: 'Fetch and judge' }).click()
    await page.getByText('NETWORK=off').waitFor()
    assert.equal(await word.count(), 0)
    assertClean(/status of 4\d\d/)
  })

  it('holds a passport that a reader types beside a verdict against that person, at once, and never against the next', async () => {
    const { page, type, scan, says, word, assertClean } = await openVerify()
    const [first = '', second = ''] = machineReadableZone({ layout: 'TD3', name: 'MUSTER<<EVA', born: '850314' })
    const standing = page.locator('.standing')
    await scan('vaccination', '\n')
    await says('Genuine')
    await type(`${first}\n`)
    await standing.getByText('Line 1 of 2').waitFor()
    assert.equal(await word.textContent(), 'Accepted', 'a line of a document is no other code')
    await type(`${second}\n`)
    await says('Another person')
    await scan('vaccination', '\n')
    await says('Genuine')
    assert.equal(await page.locator('.identity').count(), 0)
    await page.locator('.cautions').getByText('It was not compared with this person').waitFor()
    const own = machineReadableZone({ layout: 'TD3', name: 'SPECIMEN<<ADA', born: '850314' }).join('')
    await type(own)
    await page.locator('.identity-match').waitFor()
    assert.equal(await page.locator('.cautions').count(), 0)
    // Ended by silence while nobody is asked about: it waits, and that is said.
    await page.getByRole('button', { name: 'Next code' }).click()
    await word.waitFor({ state: 'detached' })
    await type(own)
    await standing.getByText('compared with the next code').waitFor()
    await scan('vaccination', '\n')
    await page.locator('.identity-match').waitFor()
    await type(`${own.slice(0, -1)}7\n`)
    await page.getByRole('alert').getByText('read it again').waitFor()
    assert.equal(await word.count(), 0)
    assert.deepEqual(await page.getByText('Compared', { exact: true }).count(), 0)
    await page.getByRole('button', { name: 'Go on without the document' }).click()
    await says('Genuine')
    // What only the server can tell: a name without a letter.
    await page.getByText('Identity document', { exact: true }).click()
    await page.getByLabel('Name on the document').fill('—')
    await page.getByRole('button', { name: 'Compare', exact: true }).click()
    await page.getByRole('alert').getByText('read it again').waitFor()
    assert.deepEqual([await word.count(), await page.getByText('Compared', { exact: true }).count()], [0, 0])
    await page.getByRole('button', { name: 'Go on without the document' }).click()
    await says('Genuine')
    assertClean(/status of 400/)
  })

  it('never shows an old verdict when the server fails, and asks again when it says when', async () => {
    const { page, paste, says, word, assertClean } = await openVerify()
    await paste(code('vaccination'))
    await says('Genuine')
    const answers: [string, Parameters<Route['fulfill']>[0] | 'dies'][] = [
      ['The server cannot be reached', 'dies'],
      ['This needs an access token', { status: 401, json: { resourceType: 'OperationOutcome', issue: [] } }],
      ['cannot be understood', { status: 200, contentType: 'text/html', body: '<h1>Accepted</h1>' }],
      ['cannot be understood', { status: 200, json: { decision: 'accepted' } }],
      ['cannot answer just now', { status: 503, headers: { 'Retry-After': '2' }, body: '' }],
    ]
    for (const [text, how] of answers) {
      await page.unroute('**/$evaluate')
      await page.route('**/$evaluate', (route) => (how === 'dies' ? route.abort() : route.fulfill(how)))
      await paste(code('vaccination'))
      await page.getByText(text).waitFor()
      assert.equal(await word.count(), 0, text)
      assert.doesNotMatch((await page.locator('.standing').textContent()) ?? '', /Ready/, 'beside a fault')
    }
    await page.getByText(/Asking again in \d s/).waitFor()
    await page.unroute('**/$evaluate')
    await says('Genuine')
    const sent: string[] = []
    page.on('request', (request) => sent.push(request.url()))
    await paste('HC1:'.repeat(250_000))
    await page.getByText('longer than any code').waitFor()
    assert.equal(await word.count(), 0)
    assert.deepEqual(sent, [])
    assertClean(/Failed to load resource/)
  })

  it('forgets a person after a minute without touch, and when the view is left, and leaves nothing behind', async () => {
    const { page, paste, says, word, assertClean } = await openVerify({}, (opened) => opened.clock.install())
    const places = async () => String(await page.evaluate(everywhere))
    const person = /Ada|Specimen|14 March|HC1:|Eva/
    const before = await page.evaluate('history.length')
    await paste(code('vaccination'))
    await says('Genuine')
    assert.match(await places(), person)
    assert.match(await page.title(), /^Verify/)
    const time = await page.locator('.live-time').textContent()
    await page.clock.runFor(46_000)
    assert.notEqual(await page.locator('.live-time').textContent(), time, 'the clock runs')
    await page.getByText(/Cleared in 1\d s/).waitFor()
    await page.getByRole('button', { name: 'Keep' }).click()
    await page.clock.runFor(46_000)
    assert.equal(await word.count(), 1)
    await page.clock.runFor(15_000)
    await word.waitFor({ state: 'detached' })
    await hasFocus(page, '.scan-field textarea')
    assert.doesNotMatch(await places(), person)
    await page.getByText('Identity document').click()
    await page.getByLabel('Name on the document').fill('Eva Muster')
    await paste(code('vaccination'))
    await says('Another person')
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.getByRole('link', { name: 'Verify', exact: true }).click()
    await page.locator('.at-rest').waitFor()
    assert.doesNotMatch(await places(), person)
    // Two steps between views, and none for a verdict.
    assert.equal(await page.evaluate('history.length'), Number(before) + 2)
    assertClean()
  })

  for (const [locale, width] of [
    ['en', 390],
    ['es', 320],
  ] as const)
    it(`writes its longest word on one line, ${width} pixels wide (${locale})`, async () => {
      const { page, paste, word } = await openVerify({ locale, viewport: { width, height: 800 } })
      await paste(code('vaccination-incomplete'))
      await word.filter({ hasText: 'ndetermin' }).waitFor()
      const lines = `(() => { const range = document.createRange()
        range.selectNodeContents(document.querySelector('#verdict-word'))
        return new Set([...range.getClientRects()].map(({ top }) => top)).size })()`
      assert.equal(await page.evaluate(lines), 1)
      assert.ok((await overflow(page)) <= 0, 'nothing scrolls sideways')
    })

  it('shows names of any script and any text as text, at 320 pixels, in Arabic, without motion, and prints none of it', async () => {
    const hostile = '<img src=x onerror=alert(1)> 王 אבג'
    const { page, paste, word, assertClean } = await openVerify(
      { locale: 'ar', viewport: { width: 320, height: 800 }, reducedMotion: 'reduce' },
      (opened) =>
        opened.route('**/$evaluate', async (route) => {
          const response = await route.fetch()
          const text = await response.text()
          await route.fulfill({
            response,
            body: text
              .replaceAll('Ada Specimen', hostile.repeat(6))
              .replaceAll('1985-03-14', '1985-03')
              .replaceAll('COVID-19', 'محمد'.repeat(30)),
          })
        }),
    )
    await paste(code('vaccination'))
    await word.filter({ hasText: 'مقبول' }).waitFor()
    assert.equal(await page.locator('.person-name').first().textContent(), hostile.repeat(6))
    assert.equal(await page.locator('.verdict img').count(), 0)
    assert.equal(await page.locator('html').getAttribute('dir'), 'rtl')
    assert.ok((await overflow(page)) <= 0, 'nothing scrolls sideways')
    await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`)
    assert.ok((await overflow(page)) <= 0, 'nothing scrolls sideways when all is open')
    await assertAccessible(page)
    await page.emulateMedia({ media: 'print' })
    const printed = await page.evaluate(shownInPrint)
    assert.deepEqual(printed, ['record'])
    assert.doesNotMatch((await page.locator('.record').textContent()) ?? '', /img|1985|王|محمد/)
    await page.emulateMedia({ media: 'screen' })
    await paste('shc:/2/3/56')
    await page.locator('.standing-open').waitFor()
    assert.equal(await word.count(), 0, 'the verdict before is not that of the card')
    assertClean()
  })
})
