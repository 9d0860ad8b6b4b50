/** The catalogue in a real browser: what is here is found, read, compared and checked, and nothing in it is more than a text. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, describe, it } from 'node:test'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import { importPath } from '../../../src/publish/import/import-path.ts'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { headerProvenance, publisher, signature } from '../../support/signed-artefact.ts'

const ministry = await publisher('did:web:ministry.example')
const signers = [
  {
    issuer: ministry.did,
    name: 'Ministry of Health',
    canonicalPrefixes: ['http://example.org/'],
    keys: { keys: [ministry.publicJwk] },
  },
]
const bed = consoleBed({ environment: { SIGNERS: JSON.stringify(signers) } })

const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>{title}'
const large = 'http://example.org/fhir/CodeSystem/large'
const concepts = 200_000

/** Runs in the page: where in their levels the rows in sight stand; none while one of them waits for its concept. */
const rowsInSight = `(() => {
  const rows = [...document.querySelectorAll('[role=treeitem]')]
  return rows.some((each) => each.hasAttribute('aria-busy')) ? [] : rows.map((each) => Number(each.ariaPosInSet))
})()`

/** Asks the page until the answer is the one that is awaited. */
async function until(page: Page, script: string, isAwaited: (answer: unknown) => boolean): Promise<unknown> {
  const end = Date.now() + patience
  for (;;) {
    const answer: unknown = await page.evaluate(script)
    if (isAwaited(answer)) return answer
    assert.ok(Date.now() < end, `still ${JSON.stringify(answer)}`)
    await new Promise((later) => setTimeout(later, 20))
  }
}

/** Milliseconds for anything to appear: the machine may have others to serve. */
const patience = 15_000

let opened: BrowserContext | undefined

async function open(path: string, options: BrowserContextOptions = {}) {
  const watched = await bed.open(path, options)
  opened = watched.context
  watched.page.setDefaultTimeout(patience)
  return watched
}

// Pages that are left open slow down those that come after them.
afterEach(async () => {
  await opened?.close()
  opened = undefined
})

/** Ten roots; C3 has half of all codes right below it. */
function largeCsv(): string {
  const parent = (index: number) => (index < 10 ? '' : index < 100_000 ? `C${index % 10}` : 'C3')
  const rows = Array.from({ length: concepts }, (_, index) => `C${index},Concept number ${index},${parent(index)}`)
  return `code,display,parent\n${rows.join('\n')}\n`
}

async function importLarge(server: Parameters<typeof importOptions>[0]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-catalogue-'))
  try {
    writeFileSync(join(folder, 'large.csv'), largeCsv())
    const codeSystem = { url: large, version: '1', name: 'Large' }
    const { entries } = await importPath(join(folder, 'large.csv'), { ...importOptions(server), codeSystem })
    assert.deepEqual(
      entries.map(({ status }) => status),
      ['loaded'],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const cql = (days: number) => `library Changing version '${days}'\n\ndefine "Days":\n  ${days}\n\ndefine "Same": true\n`
const changing = (days: number) => ({
  resourceType: 'Library',
  id: 'changing',
  url: 'http://example.org/fhir/Library/Changing',
  version: String(days),
  name: 'Changing',
  title: `Changing, ${days} days`,
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
  content: [{ contentType: 'text/cql', data: Buffer.from(cql(days)).toString('base64') }],
})

const hostileSet = {
  resourceType: 'ValueSet',
  id: 'hostile',
  url: 'http://example.org/fhir/ValueSet/hostile',
  version: '1',
  name: 'Hostile',
  title: evil,
  status: 'active',
  publisher: evil,
  description: `${evil} ${'very long '.repeat(20_000)}`,
  purpose: evil,
  copyright: evil,
  jurisdiction: [{ text: evil }],
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><b>narrative</b></div>' },
  compose: {
    include: [
      { system: 'http://example.org/none', version: evil, concept: [{ code: 'a<b>', display: evil }] },
      { system: 'http://example.org/none', filter: [{ property: 'concept', op: 'is-a', value: evil }] },
    ],
  },
}

const hostilePlan = {
  resourceType: 'PlanDefinition',
  id: 'hostile',
  url: 'http://example.org/fhir/PlanDefinition/hostile',
  version: '1',
  name: 'Hostile',
  title: evil,
  status: 'active',
  description: evil,
  relatedArtifact: [{ type: 'citation', display: evil, url: 'javascript:alert(3)' }],
  action: [
    {
      title: evil,
      description: evil,
      textEquivalent: evil,
      documentation: [{ type: 'citation', display: evil, url: 'javascript:alert(4)' }],
      condition: [{ kind: 'applicability', expression: { language: 'text/cql', expression: evil, description: evil } }],
      action: [{ title: 'Inner' }],
    },
  ],
}

async function put(
  address: string,
  resource: { resourceType: string; id: string },
  headers: object = {},
): Promise<void> {
  const reply = await fetch(`${address}/fhir/${resource.resourceType}/${resource.id}`, {
    method: 'PUT',
    headers: { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json', ...headers },
    body: JSON.stringify(resource),
  })
  assert.ok(reply.ok, await reply.text())
}

const signedSet = {
  resourceType: 'ValueSet',
  id: 'signed',
  url: 'http://example.org/fhir/ValueSet/signed',
  version: '1.0.0',
  name: 'Signed',
  title: 'Signed set',
  status: 'active',
  compose: { include: [{ system: large, concept: [{ code: 'C1' }, { code: 'C2' }] }] },
}

/** Nothing makes the page scroll sideways. */
async function assertNarrow(page: Page, name: string): Promise<void> {
  const beyond: unknown = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  assert.ok(Number(beyond) <= 0, `${name} scrolls sideways by ${beyond}`)
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name })

describe('the catalogue', { skip: noBrowser ?? false }, () => {
  before(async () => {
    const { address, server } = await bed.server()
    await importLarge(server)
    await put(address, changing(10))
    await put(address, changing(14))
    await put(address, hostileSet)
    await put(address, hostilePlan)
    await put(address, signedSet, {
      'X-Provenance': JSON.stringify(headerProvenance(await signature({ ...signedSet }, ministry))),
    })
  })

  it('is searched as one types, keeps what is looked for in its address, and gives it back on the way back', async () => {
    const { page, assertClean } = await open('/catalogue')
    await page
      .getByRole('link', { name: 'Pilgrimage: where' })
      .or(page.locator('.artefacts tbody tr').first())
      .first()
      .waitFor()
    const entries = await page.evaluate('history.length')
    const search = page.getByLabel('Search in titles')
    await search.pressSequentially('yellow fever')
    await page.waitForURL(/[?&]q=yellow\+fever(?:&|$)/)
    await page.getByRole('link', { name: 'Yellow fever', exact: true }).waitFor()
    assert.equal(await page.evaluate('history.length'), entries, 'typing leaves no entries')
    await page.getByRole('link', { name: /^Rule sets 1$/ }).click()
    await page.getByRole('link', { name: 'Yellow fever certificate' }).waitFor()
    await page.getByText('Filters', { exact: true }).click()
    await page.getByLabel('Status').selectOption('draft')
    await page.getByText('Nothing fits what you look for').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByRole('link', { name: 'Yellow fever certificate' }).click()
    await heading(page, 'Yellow fever certificate').waitFor()
    assert.equal(await page.evaluate('document.activeElement?.tagName'), 'H1', 'the focus is on the new page')
    await page.goBack()
    await page.getByRole('link', { name: 'Yellow fever certificate' }).waitFor()
    assert.equal(await search.inputValue(), 'yellow fever')
    await page.goBack()
    await page.getByRole('link', { name: 'Yellow fever', exact: true }).waitFor()
    await search.fill('')
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.waitForURL(/cursor=/)
    await page.getByRole('button', { name: 'Previous page' }).waitFor()
    // What another kind has is told where this one has nothing.
    await search.fill('Changing')
    await page.getByText('Nothing fits what you look for').waitFor()
    await page.getByRole('link', { name: '1 in Libraries' }).click()
    await page.getByRole('link', { name: 'Changing, 14 days' }).waitFor()
    assertClean()
  })

  it('has a page for each kind of artefact, which says in words what it holds', async () => {
    const { page, assertClean } = await open('/catalogue/find?url=http://vidimus.org/fhir/PlanDefinition/pilgrimage')
    await heading(page, 'Pilgrimage: vaccinations').waitFor()
    assert.match(page.url(), /\/catalogue\/PlanDefinition\/pilgrimage$/)
    const main = page.locator('main')
    const says = async (...words: string[]) => {
      for (const each of words) await main.getByText(each).first().waitFor()
    }
    await says('Saudi Arabia', 'Patient summary', 'The summary shows no meningococcal ACWY vaccination')
    await page.getByRole('link', { name: 'Meningococcal', exact: true }).click()
    await page.locator('.marked', { hasText: 'define "Meningococcal":' }).waitFor()
    await page.getByRole('link', { name: 'Parameters' }).click()
    await says('Departure Country', 'Day of arrival; default: the day of the clock.')
    await page.goto(new URL('/catalogue/StructureMap/VaccinationClaimToCoreDataSet', page.url()).href)
    await page
      .locator('.code-word', { hasText: /^group$/ })
      .first()
      .waitFor()
    await page.getByRole('link', { name: 'Source' }).click()
    await page.getByLabel('XML').check()
    await says('<StructureMap xmlns="http://hl7.org/fhir">')
    await says("curl -sS -H 'Accept: application/fhir+xml'")
    await page.goto(new URL('/catalogue/ConceptMap/vaccine-code-to-product', page.url()).href)
    await says('Comirnaty®', 'means the same as')
    await page.getByLabel('Search in the pairs').fill('spikevax')
    await page.waitForURL(/q=spikevax/)
    await page.getByRole('link', { name: 'Translate a code' }).click()
    await page.getByLabel('Code', { exact: true }).fill('208')
    await page.getByLabel('Code system of the code').selectOption('http://hl7.org/fhir/sid/cvx')
    await page.getByRole('button', { name: 'Translate' }).click()
    await says('is part of the wider', 'Comirnaty (tozinameran)')
    await page.getByLabel('Backwards').check()
    await page.getByLabel('Code', { exact: true }).fill('comirnaty')
    await page.getByRole('button', { name: 'Translate' }).click()
    await page.getByText('XM8NQ0').first().waitFor()
    await page.goto(new URL('/catalogue/ValueSet/yellow-fever', page.url()).href)
    await says('These codes of', '1D47')
    await page.getByRole('link', { name: 'Codes', exact: true }).click()
    await says('2 codes', '16541001')
    await page.getByRole('link', { name: 'Check a code' }).click()
    await page.getByLabel('Code', { exact: true }).fill('16541001')
    await page.getByRole('button', { name: 'Check' }).click()
    await says('It belongs to the value set')
    await page.getByLabel('Code', { exact: true }).fill('nonsense')
    await page.getByRole('button', { name: 'Check' }).click()
    await says('It does not belong to the value set')
    await page.getByRole('link', { name: 'Links' }).click()
    await page.getByRole('link', { name: 'International vaccination' }).waitFor()
    await page.goto(new URL('/catalogue/find?url=http://vidimus.org/fhir/ValueSet/yellow-fever|9', page.url()).href)
    await says('This version is not here')
    assertClean()
  })

  it('walks through 200,000 codes by keys, and has no more of them in the page than are in sight', async () => {
    const { page, assertClean } = await open(`/catalogue/find?url=${large}`)
    const tree = page.getByRole('tree')
    await tree.waitFor()
    const row = (name: string) => page.getByRole('treeitem', { name })
    await row('C0 Concept number 0').waitFor()
    await tree.focus()
    await tree.press('ArrowDown')
    await tree.press('ArrowDown')
    await tree.press('ArrowDown')
    await tree.press('ArrowRight')
    await page.locator('[role=treeitem][aria-level="2"][aria-setsize="109999"]').first().waitFor()
    await tree.press('ArrowRight')
    await row('C13 Concept number 13').waitFor()
    await tree.press('End')
    await row('C9 Concept number 9').waitFor()
    await tree.press('ArrowUp')
    // Up from C4, the last before it is the last of the hundred thousand below C3.
    for (let times = 0; times < 5; times++) await tree.press('ArrowUp')
    await row('C199999 Concept number 199999').waitFor()
    for (const part of [0.1, 0.5, 0.93, 0.37]) {
      await tree.evaluate((element, share) => element.scrollTo(0, element.scrollHeight * share), part)
      const about = part * 110_009
      const isThere = (rows: unknown) =>
        Array.isArray(rows) && rows.length > 5 && rows.every((each) => Math.abs(each - about) < 100)
      const rows = await until(page, rowsInSight, isThere)
      assert.ok(Array.isArray(rows) && rows.length < 60, `rows in the page: ${rows}`)
    }
    await tree.press('Enter')
    await page.getByRole('heading', { name: 'Concept number 199999' }).waitFor()
    assert.match(page.url(), /code=C199999/)
    assert.equal(await page.evaluate("document.activeElement?.getAttribute('role')"), 'tree')
    const current = await tree.getAttribute('aria-activedescendant')
    assert.equal(await page.locator(`[id="${current}"]`).getAttribute('aria-selected'), 'true')
    await tree.press('ArrowLeft')
    await tree.press('ArrowLeft')
    await page.locator('[role=treeitem][aria-expanded="false"]', { hasText: 'C3 ' }).waitFor()
    await page.getByLabel('Search in codes and texts').fill('Concept 77777')
    await page.getByRole('treeitem').filter({ hasText: 'Concept number 77777' }).waitFor()
    await page.getByText('1 code found').waitFor()
    await assertAccessible(page)
    assertClean()
  })

  it('tells what makes one version of another, and who signed it', async () => {
    const { page, assertClean } = await open('/catalogue/Library/changing?tab=versions')
    await page.getByRole('button', { name: 'Compare two' }).click()
    await page.locator('del', { hasText: '10' }).first().waitFor()
    assert.deepEqual(await page.locator('pre del').allTextContents(), ["library Changing version '10'", '  10'])
    assert.deepEqual(await page.locator('pre ins').allTextContents(), ["library Changing version '14'", '  14'])
    await page.getByRole('row', { name: /^title changed Changing, 10 days Changing, 14 days$/ }).waitFor()
    assert.match(page.url(), /from=changing%2F_history%2F1&to=changing%2F_history%2F2/)
    await page.getByRole('button', { name: 'The other way round' }).click()
    await page.locator('pre del', { hasText: '14' }).first().waitFor()
    await page.getByRole('link', { name: 'Versions' }).click()
    await page.getByRole('link', { name: '1', exact: true }).click()
    await page.getByText('This is version 1 of the stored resource').waitFor()
    await heading(page, 'Changing, 10 days').waitFor()
    await page.getByRole('link', { name: 'Show what is there now' }).click()
    await heading(page, 'Changing, 14 days').waitFor()
    // Whoever chose no two gets the newest ones.
    await page.getByRole('link', { name: 'Differences' }).click()
    await page.waitForURL(/from=changing%2F_history%2F1&to=changing%2F_history%2F2/)
    await page.locator('pre ins', { hasText: '14' }).first().waitFor()
    await page.goto(new URL('/catalogue/ValueSet/signed?tab=signatures', page.url()).href)
    await page.getByText('The signature holds').waitFor()
    await page.getByText('Ministry of Health').first().waitFor()
    await page.goto(new URL('/catalogue/ValueSet/yellow-fever?tab=signatures', page.url()).href)
    await page.getByText('Nobody has signed it').waitFor()
    assertClean()
  })

  it('shows an artefact that is full of HTML as the text that it is', async () => {
    const { page, assertClean } = await open('/catalogue?q=hostile')
    await page.getByRole('link', { name: evil }).waitFor()
    for (const type of ['ValueSet', 'PlanDefinition']) {
      await page.goto(new URL(`/catalogue/${type}/hostile`, page.url()).href)
      await heading(page, evil).waitFor()
      const tabs = await page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link').all()
      for (const tab of tabs) {
        await tab.click()
        await until(page, "document.querySelectorAll('main [aria-busy=true]').length", (count) => count === 0)
        assert.equal(await page.locator('main img, main script, main b').count(), 0)
        assert.equal(await page.locator('main a[href^="javascript"]').count(), 0)
      }
    }
    await page.goto(new URL('/catalogue/ValueSet/hostile', page.url()).href)
    await page.getByText('more characters').waitFor()
    await page.getByText(/^It is .*<script>/).waitFor()
    assert.equal(await page.getByText('narrative').count(), 0)
    // What the expansion cannot answer is refused by the server, which is said and is no fault of the page.
    assertClean(/status of 4\d\d/)
  })

  it('says that something is not here, and shows nothing old when the server is gone', async () => {
    const { page, assertClean } = await open('/catalogue/ValueSet/nowhere')
    await page.getByText('There is nothing at this address').waitFor()
    await page.goto(new URL('/catalogue/Patient/1', page.url()).href)
    await heading(page, 'There is no page at this address.').waitFor()
    await page.goto(new URL('/catalogue?q=yellow', page.url()).href)
    const found = page.getByRole('link', { name: 'Yellow fever', exact: true })
    await found.waitFor()
    await page.route('**/fhir/ValueSet?**', (route) => route.abort())
    await page.getByLabel('Search in titles').fill('measles')
    await page.getByText('The server cannot be reached').waitFor()
    assert.equal(await found.count(), 0)
    await page.unroute('**/fhir/ValueSet?**')
    await page.route('**/fhir/ValueSet?**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<h1>Log in</h1>' }),
    )
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('an answer that cannot be understood').waitFor()
    await page.unroute('**/fhir/ValueSet?**')
    await page.route('**/fhir/ValueSet?**', (route) => route.fulfill({ json: { resourceType: 'Patient' } }))
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('something other than was asked for').waitFor()
    await page.unroute('**/fhir/ValueSet?**')
    await page.route('**/fhir/$verify-signature', (route) => route.fulfill({ status: 503, json: {} }))
    await page.goto(new URL('/catalogue/ValueSet/signed?tab=signatures', page.url()).href)
    await page.getByText('The server cannot answer just now').waitFor()
    await page.unroute('**/fhir/$verify-signature')
    await page.route('**/fhir/$verify-signature', (route) =>
      route.fulfill({ json: { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] } }),
    )
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('nothing is proved').waitFor()
    assert.equal(await page.getByText('The signature holds').count(), 0)
    assertClean(/Failed to load resource/)
  })

  it('is read by everybody: in Arabic, on 320 pixels, in the dark', async () => {
    const narrow = { locale: 'ar', viewport: { width: 320, height: 640 }, colorScheme: 'dark' as const }
    const { page, assertClean } = await open('/catalogue', narrow)
    await heading(page, 'الفهرس').waitFor()
    await page.locator('.artefacts tbody tr').first().waitFor()
    await assertNarrow(page, 'list')
    await assertAccessible(page)
    for (const [address, shown, isJudged] of [
      ['ValueSet/yellow-fever?tab=codes', '.codes', true],
      ['Library/changing?tab=differences&from=changing/_history/1&to=changing', '.changes', true],
      ['ConceptMap/vaccine-code-to-product', '.pairs', false],
      ['Library/pilgrimage', '.code', false],
      ['ValueSet/signed?tab=signatures', '.notice-good', false],
      ['ValueSet/hostile', '.facts', false],
    ] as const) {
      await page.goto(new URL(`/catalogue/${address}`, page.url()).href)
      await page.locator(shown).first().waitFor()
      await assertNarrow(page, address)
      // What the others are made of stands on those that are judged, too.
      if (isJudged) await assertAccessible(page)
    }
    await page.goto(new URL('/catalogue/PlanDefinition/pilgrimage', page.url()).href)
    await heading(page, 'الحج والعمرة: التطعيمات').waitFor()
    await page.locator('.rules tbody tr').first().waitFor()
    await assertNarrow(page, 'rules')
    await assertAccessible(page)
    assertClean()
  })
})
