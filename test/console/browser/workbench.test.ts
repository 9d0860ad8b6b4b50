/** The workbench in a real browser: from a rule that ships to one that decides otherwise, and what stands in the way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bundle } from 'fhir/r4.js'
import type { Locator, Page, Request } from 'playwright-core'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimens } from '../../../src/demo/specimens.ts'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { specimenTexts } from '../../support/browser/verify-page.ts'

const bed = consoleBed()
/** A translator that starts on a slow machine. */
const slowly = { timeout: 60_000 }
/** The test's server has no value sets of R4 core, and says so of each code that it cannot judge. */
const good = /^(?:The server found nothing wrong|Nothing stands in its way)/
/** What a browser writes to its console when a server says no: it was asked to. */
const saidNo = /Failed to load resource: the server responded with a status of (?:401|412|422|404)/

async function samples() {
  const { dataDir } = await bed.server()
  const now = new Date()
  const all = await specimens(demoIssuer(dataDir, now), now)
  const wanted = ['test', 'test-forged']
  return {
    specimen: all
      .filter(({ name }) => wanted.includes(name))
      .map((each) => ({ ...each, kind: 'test', format: 'hcert-dcc' })),
  }
}
let made: ReturnType<typeof samples> | undefined

async function openBench(path: string, options = {}) {
  const opened = await bed.open('/manual', options)
  const { page } = opened
  made ??= samples()
  const specimen = await made
  await page.route('**/specimens', (route) => route.fulfill({ json: specimen }))
  // Within the page: an address that is asked of the server would come before the sample is there.
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
  return opened
}

const editorOf = (page: Page, name: RegExp) => page.getByRole('textbox', { name })
const isInEditor = (page: Page) => page.evaluate(`document.activeElement?.classList.contains('code-editor') === true`)
const textIn = async (locator: Locator) => (await locator.textContent()) ?? ''
const problems = (page: Page) => page.locator('.problems:visible')

/** Replaces what stands in the text, as an author would: by the search of the editor. */
async function replaceInEditor(page: Page, { name, from, to }: { name: RegExp; from: string; to: string }) {
  await editorOf(page, name).click()
  await page.keyboard.press('Control+f')
  await page.getByPlaceholder('Find').fill(from)
  await page.getByPlaceholder('Replace').fill(to)
  await page.getByRole('button', { name: 'replace all' }).click()
  await page.keyboard.press('Escape')
}

async function enterToken(page: Page, token: string) {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('dialog', { name: 'Settings' }).waitFor()
  const forget = page.getByRole('button', { name: 'Forget token' })
  if (await forget.isVisible()) await forget.click()
  await page.getByLabel('Access token').fill(token)
  await page.getByRole('button', { name: 'Use token' }).click()
  // It is tried first; what the page shows is asked anew when it is in use.
  await page.getByRole('button', { name: 'Forget token' }).waitFor()
  await page.keyboard.press('Escape')
}

/** Asks the page until it says yes. A function that the page itself would poll is refused by its policy. */
async function until(page: Page, script: string): Promise<void> {
  const end = Date.now() + 20_000
  while ((await page.evaluate(script)) !== true) {
    assert.ok(Date.now() < end, `never so: ${script}`)
    await new Promise((later) => setTimeout(later, 20))
  }
}

/** In the page: which controls of the right column lie under something else, reach beyond it, or under the editor. */
const coveredInTools = `(() => {
  const tools = document.querySelector('.bench-tools')
  const edge = document.querySelector('.bench-text').getBoundingClientRect().right
  const editors = [...document.querySelectorAll('.code-editor')].map((each) => each.getBoundingClientRect().right)
  const wrong = editors.filter((right) => right > edge + 1).map((right) => 'the editor ends at ' + right + ', its column at ' + edge)
  for (const each of tools.querySelectorAll('button, select, input, textarea, summary, h3, h4, p, li')) {
    if (!each.checkVisibility()) continue
    each.scrollIntoView({ block: 'center' })
    const box = each.getBoundingClientRect()
    if (box.left < edge || box.right > innerWidth + 1) wrong.push('out of its column: ' + each.outerHTML.slice(0, 80))
    const top = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + box.height / 2)
    if (box.height > 0 && !tools.contains(top)) wrong.push('covered: ' + each.outerHTML.slice(0, 80))
  }
  scrollTo(0, 0)
  return wrong
})()`

/** What somebody else begins while a rule is on the bench. */
const draftLibrary = {
  resourceType: 'Library',
  url: 'http://vidimus.org/fhir/Library/ValidTest',
  version: '1.3.0',
  name: 'ValidTest',
  title: 'meanwhile',
  status: 'draft',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
  content: [{ contentType: 'text/cql', data: Buffer.from("library ValidTest version '1.3.0'").toString('base64') }],
}

const fhirJson = 'application/fhir+json'
const refusal = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'invalid', diagnostics: 'no' }],
}

describe('the workbench', { skip: noBrowser ?? false }, () => {
  it('leads from a rule that ships to a new version of it that decides otherwise', async () => {
    const { page, assertClean } = await openBench('/workbench', { viewport: { width: 1280, height: 800 } })
    await page
      .getByRole('link', { name: /^Valid negative test/ })
      .first()
      .waitFor()
    const titles = await page
      .locator('.choices')
      .first()
      .locator('bdi:first-child')
      .evaluateAll((all) =>
        all.flatMap((each) => (each.parentElement?.tagName === 'A' ? [each.textContent ?? ''] : [])),
      )
    assert.ok(titles.length > 3)
    assert.deepEqual(titles, [...titles].sort(new Intl.Collator('en', { numeric: true }).compare))
    await page.getByRole('link', { name: /^Valid negative test/ }).click()
    await problems(page).getByText(good).waitFor(slowly)
    await assertAccessible(page, { isLegacy: true })
    assert.deepEqual(await page.evaluate(coveredInTools), [])

    // A mistake is told at its place, and leads there.
    const rule = /^Rule \(CQL\)/
    await replaceInEditor(page, { name: rule, from: 'Now()', to: 'Nowi()' })
    await problems(page).getByText('Could not resolve call to operator Nowi').waitFor(slowly)
    const line = problems(page).getByRole('button', { name: /Nowi.*Line 45, column/ })
    await page.getByRole('tab', { name: 'Rule set' }).click()
    await page.getByRole('tab', { name: 'Rule (CQL)' }).click()
    await line.click()
    await until(
      page,
      `document.activeElement?.shadowRoot?.querySelector('.cm-activeLine')?.textContent?.includes('Nowi()')`,
    )
    await page.locator('.cm-lint-marker-error:visible').first().waitFor()
    await replaceInEditor(page, { name: rule, from: 'Nowi()', to: 'Now()' })
    await replaceInEditor(page, { name: rule, from: 'Integer default 72', to: 'Integer default 1' })
    // While nobody knows how the new text stands nothing old is shown as if it did.
    await problems(page).locator('.problem-text').getByText('raise the version').waitFor(slowly)
    await problems(page).getByText('The text itself has no errors').waitFor()
    assert.equal(
      await problems(page)
        .getByText(/\d errors?$/)
        .count(),
      0,
    )
    assert.ok(await problems(page).getByRole('button', { name: 'Raise the version' }).isVisible())

    await page.getByLabel('Sample credential').selectOption({ index: 1 })
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const outcome = page.getByRole('region', { name: 'Outcome' })
    await outcome.getByText('What is published now').waitFor(slowly)
    assert.match(await textIn(outcome.locator('.define', { hasText: 'Valid Test' }).first()), /false/)
    assert.match(await textIn(outcome.locator('.decision')), /Accepted/)
    assert.match(await textIn(outcome.locator('.own-verdict')), /^With this text:\s*Valid Test\s*not met$/)
    await outcome.getByText('“Valid Test” is false').waitFor()
    assert.deepEqual(await page.evaluate(coveredInTools), [])
    await outcome.getByText(/^Conditions of the text: \d+ of \d+/).waitFor()

    // What is published is not changed; another version is.
    await page.getByRole('tab', { name: 'Publish' }).click()
    await page.getByText('This version is there already with another text').waitFor()
    await page.getByText('Publishing needs an access token').waitFor()
    await enterToken(page, 'test')
    await page.getByRole('region', { name: 'Difference of Rule (CQL)' }).waitFor()
    // What would be refused is not offered; why is read with the button.
    const publishes = page.getByRole('button', { name: 'Publish', exact: true })
    assert.equal(await publishes.getAttribute('aria-disabled'), 'true')
    const reasons = await page.evaluate(
      `document.querySelector('.publish [aria-disabled]').getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)?.textContent)`,
    )
    assert.deepEqual(reasons, ['This version is there already with another text. Raise the version.'])
    const sent: string[] = []
    const note = (request: Request) => request.method() === 'POST' && /\/fhir$/.test(request.url()) && sent.push('sent')
    page.on('request', note)
    await publishes.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Raise the version' }).first().click()
    await page.getByText('A new version; compared with 1.2.0.').first().waitFor()
    assert.deepEqual(sent, [])
    page.off('request', note)
    await page.route(/\/fhir$/, (route) => route.fulfill({ status: 422, json: refusal, contentType: fhirJson }))
    await publishes.click()
    await page.getByText('The server refused it. Nothing was stored.').waitFor(slowly)
    await page.unroute(/\/fhir$/)
    assert.match(
      await textIn(page.getByRole('region', { name: 'Difference of Rule (CQL)' })),
      /added:parameter "NAAT Hours" Integer default 1/,
    )
    // Somebody else writes under the same id meanwhile: it is not written over before it was seen.
    const { address } = await bed.server()
    const meanwhile = await fetch(`${address}/fhir/Library/valid-test-1.3.0`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/fhir+json', Authorization: 'Bearer test' },
      body: JSON.stringify({ ...draftLibrary, id: 'valid-test-1.3.0' }),
    })
    assert.equal(meanwhile.status, 201)
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await page.getByText('Something changed on the server since it was compared').waitFor(slowly)
    await page.getByText('This version is there as a draft with another text').waitFor()
    assert.match(await textIn(page.getByRole('region', { name: 'What goes with the text of the rule' })), /meanwhile/)
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await page.locator('.notice-good').waitFor(slowly)
    await until(page, `document.activeElement?.matches('.notice-good') === true`)
    assert.deepEqual(await page.evaluate(coveredInTools), [])
    assert.equal(await page.getByRole('link', { name: 'http://vidimus.org/fhir/Library/ValidTest|1.3.0' }).count(), 1)
    assert.ok(await page.getByRole('link', { name: 'Try it in Verify' }).isVisible())
    await page.locator('.notice-good').getByText('It decides from now on').waitFor()

    await page.getByRole('tab', { name: 'Try it' }).click()
    await outcome.getByText('This is the outcome of an earlier text or input').waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await outcome.locator('.decision-rejected').waitFor(slowly)
    assert.match(await textIn(outcome), /valid-test\|1\.3\.0/)
    // It is nowhere but on the server.
    assert.deepEqual(await page.evaluate('[Object.keys(localStorage), Object.keys(sessionStorage), location.search]'), [
      ['vidimus.appearance'],
      [],
      '',
    ])
    assertClean(saidNo)
  })

  it('says of a library that others include what goes on with the version before', async () => {
    const { address } = await bed.server()
    const url = 'http://vidimus.org/fhir/Library/CertifiedEvents'
    const found = (await (await fetch(`${address}/fhir/Library?url=${url}&_elements=id`)).json()) as Bundle
    const leans = { ...draftLibrary, id: 'leans', url: 'http://example.org/fhir/Library/Leans', name: 'Leans' }
    const declared = await fetch(`${address}/fhir/Library/leans`, {
      method: 'PUT',
      headers: { 'Content-Type': fhirJson, Authorization: 'Bearer test' },
      body: JSON.stringify({ ...leans, relatedArtifact: [{ type: 'depends-on', resource: `${url}|1.0.0` }] }),
    })
    assert.equal(declared.status, 201)
    const { page, assertClean } = await openBench(`/workbench?library=${found.entry?.[0]?.resource?.id}`)
    await problems(page).getByText(good).waitFor(slowly)
    await editorOf(page, /^Rule \(CQL\)/).click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('// another')
    await page.getByRole('button', { name: 'Raise the version' }).first().click()
    await enterToken(page, 'test')
    await page.getByRole('tab', { name: 'Publish' }).click()
    await page.getByText('A new version; compared with 1.0.0.').waitFor(slowly)
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    const done = page.locator('.notice-good')
    await done.getByText('It is used by what names this version').waitFor(slowly)
    await done.getByText('These go on with version 1.0.0:').waitFor()
    await done.getByRole('link', { name: 'http://example.org/fhir/Library/Leans|1.3.0' }).waitFor()
    // The server does not tell what includes it in its text: nobody is told that nothing does.
    await done.getByText('Rules that name version 1.0.0 in their CQL text alone are not listed here').waitFor()
    assert.equal(await done.getByText('It decides from now on').count(), 0)
    assert.equal(await page.getByText('An older version is open').count(), 0)

    // Whoever opens the version before is told so, and led on.
    await page.getByRole('button', { name: 'Close' }).click()
    await page.evaluate(
      `history.pushState(null, '', '/workbench?library=${found.entry?.[0]?.resource?.id}'); dispatchEvent(new PopStateEvent('popstate'))`,
    )
    await page.getByText('An older version is open').waitFor()
    await page.getByRole('link', { name: /^Open version 1\.[01]\.[01]$/ }).click()
    await page.getByText('An older version is open').waitFor({ state: 'detached' })
    await page.getByRole('heading', { level: 2, name: /^CertifiedEvents 1\.[01]\.[01]$/ }).waitFor()
    assertClean(saidNo)
  })

  it('keeps the text whatever the server does, and never shows an old check as a new one', async () => {
    const { page, assertClean } = await openBench('/workbench?map=HcertDccToCoreDataSet')
    const map = /^Map \(FML\)/
    await editorOf(page, map).waitFor()
    await problems(page).getByText(good).waitFor(slowly)
    await replaceInEditor(page, { name: map, from: "bundle.type = 'collection'", to: "bundle.typ = 'collection'" })
    await page.getByRole('button', { name: 'Raise the version' }).click()
    const fault = problems(page).getByRole('button', { name: /has no element 'typ'.*Line 19/ })
    await fault.waitFor(slowly)
    await page.locator('.cm-lint-marker-error:visible').first().waitFor()

    await page.route('**/fhir/**', (route) => route.abort())
    await replaceInEditor(page, { name: map, from: "bundle.typ = 'collection'", to: "bundle.type = 'collection'" })
    await problems(page).getByText('It is not known whether this text is right').waitFor()
    assert.equal(await fault.count(), 0)
    assert.equal(await page.locator('.cm-lint-marker:visible').count(), 0)
    await page.unroute('**/fhir/**')
    await problems(page).getByRole('button', { name: 'Try again' }).click()
    await problems(page).getByText(good).waitFor(slowly)
    assert.match(await textIn(editorOf(page, map)), /bundle\.type = 'collection'/)

    const claims = {
      1: 'XA',
      4: 1_800_000_000,
      6: 1_700_000_000,
      '-260': {
        1: {
          ver: '1.3.0',
          nam: { fn: 'Specimen' },
          dob: '1985-03-14',
          v: [
            {
              tg: '840539006',
              vp: '1119349007',
              mp: 'EU/1/20/1528',
              dn: 2,
              sd: 2,
              dt: '2026-05-18',
              co: 'XA',
              is: 'M',
              ci: 'X',
            },
          ],
        },
      },
    }
    await page.getByLabel('What the map reads (JSON)').fill(JSON.stringify(claims))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('region', { name: 'What the map made' }).getByText('DDCCCoreDataSetVS').waitFor(slowly)
    await page.getByText('Trace: which rule made what').click()
    await page.locator('.trace-rule').first().waitFor()

    // A wrong token, then a server that does not answer: nothing is said to be published.
    await page.getByRole('tab', { name: 'Publish' }).click()
    await page.getByRole('button', { name: 'Settings' }).click()
    for (const wrong of ['wrong', 'ключ']) {
      await page.getByLabel('Access token').fill(wrong)
      await page.getByRole('button', { name: 'Use token' }).click()
      // At once, and not when it is used.
      await page.getByRole('dialog', { name: 'Settings' }).getByText('The server does not know this token').waitFor()
      assert.equal(await page.getByText('A token is in use').count(), 0)
    }
    await page.keyboard.press('Escape')
    await enterToken(page, 'test')
    await page.getByText('A new version; compared with').waitFor()
    await page.route('**/fhir/StructureMap/*', (route) =>
      route.request().method() === 'PUT' ? route.abort() : route.continue(),
    )
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await page.getByText('it is not known whether it was published').waitFor()
    assert.equal(await page.locator('.notice-good').count(), 0)
    await page.unroute('**/fhir/StructureMap/*')

    // Another view and back: it is all there. Another artefact asks first, and so does the browser.
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.getByRole('link', { name: 'Workbench' }).click()
    assert.match(await textIn(editorOf(page, map)), /version = '1\.\d+\.0'/)
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Go on editing' }).click()
    await editorOf(page, map).waitFor()
    const [asked] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })])
    assert.equal(asked.type(), 'beforeunload')
    await asked.dismiss()
    assertClean(/Failed to load resource: (?:the server responded with a status of 401|net::ERR_FAILED)/)
  })

  it('is used by keyboard alone, in Arabic and on a narrow page', async () => {
    const { page, assertClean } = await openBench('/workbench?plan=valid-test', {
      locale: 'ar',
      viewport: { width: 320, height: 720 },
    })
    const rule = /^القاعدة \(CQL\)/
    await editorOf(page, rule).focus()
    await page.keyboard.press('Tab')
    assert.ok(await isInEditor(page))
    await page.keyboard.press('Control+z')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    assert.ok(!(await isInEditor(page)))
    assert.equal(await page.evaluate(`getComputedStyle(document.querySelector('.code-editor')).direction`), 'ltr')
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320)

    // Cases: one of many, with what was expected beside what came.
    await page.getByRole('tab', { name: 'جرّب' }).focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('tabpanel', { name: 'الحالات' }).waitFor()
    const example = page.getByRole('button', { name: 'أدرج مثالًا' })
    await example.focus()
    await page.keyboard.press('Enter')
    await page.locator('.cases .define', { hasText: 'بلا أي بيانات' }).waitFor()
    assert.equal(await example.count(), 0, 'what was written is not replaced')
    const given = 'bundle: { resourceType: Bundle, type: collection }'
    const text = `clock: 2026-06-01T12:00:00Z\ncases:\n  - name: nothing is no test\n    ${given}\n    expect: { decision: rejected, results: { Valid Test: false } }\n  - name: wrong\n    ${given}\n    expect: { results: { Valid Test: true } }\n`
    await page.locator('.cases textarea').fill(text)
    const wrong = page.locator('.cases .define', { hasText: 'wrong' })
    await wrong.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await wrong.getByText('بخلاف المتوقع').waitFor(slowly)
    assert.match(await textIn(wrong.locator('tbody')), /Valid Test\s*true\s*false/)
    await page.getByRole('button', { name: 'شغّل حالتين' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.cases .define', { hasText: 'nothing is no test' }).getByText('كما هو متوقع').waitFor(slowly)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320)
    await assertAccessible(page, { isLegacy: true })
    assertClean()
  })

  it('runs nothing of a credential that is not verified, and begins new rules that can be published', async () => {
    const { page, assertClean } = await openBench('/workbench')
    await page.getByLabel('Name', { exact: true }).fill('EntryRule')
    await page.getByRole('textbox', { name: 'Country' }).fill('NZ')
    await assertAccessible(page, { isLegacy: true })
    await page.getByRole('button', { name: 'Begin', exact: true }).click()
    await problems(page).getByText(good).waitFor(slowly)
    await page.getByRole('tab', { name: 'Rule set' }).click()
    // Its library is not published yet: it is judged beside it.
    await problems(page).getByText(good).waitFor(slowly)
    await page.getByLabel('Sample credential').selectOption({ label: 'test-forged (hcert-dcc)' })
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const outcome = page.getByRole('region', { name: 'Outcome' })
    await outcome.getByText('The rule was not run').waitFor(slowly)
    assert.equal(await outcome.locator('.define').count(), 0)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as files' }).click(),
    ])
    assert.equal(download.suggestedFilename(), 'EntryRule-0.1.0.cql')

    // A credential that was pasted is of a person: it goes with the run, and what came of it when nobody is there.
    await page.clock.install()
    const text = (await specimenTexts(bed)).get('vaccination') ?? ''
    const input = page.getByRole('textbox', { name: 'Credential or data' })
    const asked = page.waitForRequest('**/fhir/$evaluate')
    await input.fill(text)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    assert.deepEqual((await asked).postDataJSON().meta?.tag?.[0]?.code, 'HTEST', 'a try is counted apart')
    await outcome.locator('.decision').waitFor(slowly)
    await page.getByText('The credential was cleared after the run').waitFor()
    assert.equal(await input.inputValue(), '')
    assert.equal(await page.getByText('This is the outcome of an earlier text or input').count(), 0)
    assert.doesNotMatch((await page.locator('body').textContent()) ?? '', /HC1:\w/)
    await page.clock.runFor(50_000)
    await page.getByText(/Cleared in 1?\d s/).waitFor()
    await page.clock.runFor(12_000)
    await outcome.waitFor({ state: 'detached' })
    await input.fill(text)
    await page.clock.runFor(61_000)
    assert.equal(await input.inputValue(), '')
    assertClean()
  })
})
