/** The views Trust and Status in a real browser. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { derivedKeyId } from '../../../src/trust/keys/trusted-key.ts'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'

const bed = consoleBed()

describe('Trust', { skip: noBrowser ?? false }, () => {
  it('shows lists and keys, and why a key is trusted or not', async () => {
    const { dataDir } = await bed.server()
    const { page, assertClean } = await bed.open('/trust')
    await page.getByText('In use and up to date').first().waitFor()
    const keyId = derivedKeyId(demoIssuer(dataDir, new Date()).certificate)
    await page.getByRole('link', { name: keyId, exact: true }).click()
    await page.getByText('This key is trusted').waitFor()
    assert.equal(new URL(page.url()).searchParams.get('keyId'), keyId)
    await page.getByLabel('Key id').fill('AAAAAAAAAAA=')
    await page.keyboard.press('Enter')
    await page.getByText('This key is not trusted').waitFor()
    await page.getByText('No list holds this key id.').waitFor()
    await assertAccessible(page)
    assertClean()
  })

  it('tells where lists lie to who has a token', async () => {
    const { page, assertClean } = await bed.open('/trust')
    await page.getByText('In use and up to date').first().waitFor()
    assert.equal(await page.getByText('Details').count(), 0)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('Access token').fill('test')
    await page.getByRole('button', { name: 'Use token' }).click()
    await page.getByRole('button', { name: 'Forget token' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Details').first().click()
    await page.getByText('Location:').first().waitFor()
    assert.ok(!JSON.stringify(await page.evaluate('({ ...localStorage, ...sessionStorage })')).includes('test'))
    assertClean()
  })
})

describe('Trust in another language', { skip: noBrowser ?? false }, () => {
  it('tells in that language what is a word of a closed set, marks what is not, and fits 320 pixels', async () => {
    const { page, assertClean } = await bed.open('/manual', { locale: 'fr', viewport: { width: 320, height: 800 } })
    await page.route('**/$trust-status?*', async (route) => {
      const response = await route.fetch()
      const body = await response.json()
      const part = (values: Record<string, string>) =>
        Object.entries(values).map(([name, text]) =>
          name === 'state' ? { name, valueCode: text } : { name, valueString: text },
        )
      const reference = {
        gateway: 'tng',
        participant: 'XXA',
        service: 'ValueSet',
        url: `https://example.org/${'x'.repeat(90)}`,
      }
      const more = [
        { name: 'mirroredFrom', part: [...part({ gateway: 'tng', checkedAt: new Date().toISOString() })] },
        { name: 'references', valueUnsignedInt: 3 },
        { name: 'reference', part: part({ ...reference, state: 'mirrored' }) },
        { name: 'reference', part: part({ ...reference, state: 'thumbprint-mismatch', failure: '<b>not</b> that' }) },
        { name: 'reference', part: part({ ...reference, state: 'splendid' }) },
      ]
      await route.fulfill({ response, json: { ...body, parameter: [...body.parameter, ...more] } })
    })
    await page.getByRole('link', { name: 'Confiance' }).click()
    await page.getByText('Références reprises d’autres participants').waitFor()
    assert.match((await page.locator('.trust-list').first().textContent()) ?? '', /certificats · |jeu de clés · /)
    const rows = page.locator('table').last().locator('tbody tr')
    assert.match((await rows.nth(0).textContent()) ?? '', /présente/)
    assert.match((await rows.nth(1).textContent()) ?? '', /autre que ce que la passerelle liste.*<b>not<\/b> that/)
    assert.equal(await rows.nth(2).locator('[lang=en]').textContent(), 'splendid')
    assert.equal(await rows.nth(2).locator('.error').count(), 1, 'what is not known is not good')
    await page.getByText('n’a pas pu être obtenue').waitFor()
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320)
    const wide = `[...document.querySelectorAll('.scroll-x')].filter((each) => each.scrollWidth > each.clientWidth + 1).length`
    assert.equal(await page.evaluate(wide), 0, 'no table has to be pushed about')
    await assertAccessible(page)
    await page.getByRole('link', { name: 'État' }).click()
    await page.locator('.status-parts').getByText('Contenu de base').waitFor()
    await page
      .locator('.status-parts')
      .getByText(/\d sur \d utilisables/)
      .waitFor()
    await page.getByRole('link', { name: 'Manuel' }).click()
    await page.locator('.manual-readers a').first().waitFor()
    assert.equal(await page.locator('.manual-readers section').count(), 4)
    assertClean()
  })
})

describe('Status', { skip: noBrowser ?? false }, () => {
  it('counts a verdict within seconds', async () => {
    const { address } = await bed.server()
    const { page, assertClean } = await bed.open('/status')
    await page.getByText('This server answers everything').waitFor()
    await fetch(`${address}/fhir/$evaluate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: 'HC1:x' }] }),
    })
    await page.getByRole('cell', { name: 'not verified' }).waitFor()
    await assertAccessible(page)
    assertClean()
  })

  it('does not go on saying that all is well when the server is gone, and says so when it is back', async () => {
    const { page, assertClean } = await bed.open('/status')
    await page.getByText('This server answers everything').waitFor()
    await page.route('**/ready', (route) => route.abort())
    await page.getByText('The server cannot be reached').waitFor()
    assert.equal(await page.getByText('This server answers everything').count(), 0)
    await page.unroute('**/ready')
    await page.route('**/ready', (route) =>
      route.fulfill({
        status: 503,
        json: {
          status: 'not ready',
          parts: [{ name: 'disk', ready: false, state: 'full', detail: '<b>none</b> left' }],
        },
      }),
    )
    await page.getByText('This server cannot answer everything now').waitFor()
    await page.getByText('<b>none</b> left').waitFor()
    assertClean(/Failed to load resource/)
  })

  it('says that a server shows no numbers', async () => {
    const { page, assertClean } = await bed.open('/status')
    await page.route('**/last-hour', (route) =>
      route.fulfill({ status: 404, json: { resourceType: 'OperationOutcome', issue: [] } }),
    )
    await page.getByText('This server does not show numbers.').waitFor()
    assertClean(/Failed to load resource/)
  })
})
