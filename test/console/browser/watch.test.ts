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
    await page.keyboard.press('Escape')
    await page.getByText('Details').first().click()
    await page.getByText('Location:').first().waitFor()
    assert.ok(!JSON.stringify(await page.evaluate('({ ...localStorage, ...sessionStorage })')).includes('test'))
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
