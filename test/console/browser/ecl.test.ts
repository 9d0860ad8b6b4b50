/** Expression constraints in the workbench, over a small release: what is wrong at its place, and the concepts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import { importVocabulary } from '../../../src/publish/import/vocabularies.ts'
import { assertAccessible } from '../../support/browser/accessible.ts'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { smallRelease, smallVersion, withIds } from '../../support/snomed/small-release.ts'
import { writeRf2 } from '../../support/snomed/write-rf2.ts'

const bed = consoleBed()

describe('expression constraints in the workbench', { skip: noBrowser ?? false }, () => {
  it('are judged by their syntax without a release, and by their concepts with one, and listed', async () => {
    const { page, assertClean } = await bed.open('/workbench', { viewport: { width: 320, height: 800 } })
    await page.getByRole('link', { name: 'Write an expression' }).click()
    const editor = page.getByRole('textbox', { name: 'Expression constraint' })
    const problems = page.locator('.problems')
    const list = page.getByRole('button', { name: 'List the concepts' })
    const write = async (text: string) => {
      await editor.click()
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Delete')
      // One after the other: a browser puts a text over another one together with styles, which the policy refuses.
      if (text) await page.keyboard.insertText(text)
    }
    await problems.getByText('the syntax alone was judged').waitFor()
    assert.equal(await list.isDisabled(), true)
    await write('<< 404684003 AND\n  (<< 39057004')
    await problems.getByRole('button', { name: /Line 2, column/ }).waitFor()
    assert.equal(await page.getByText('In brief syntax').count(), 0)

    const { server, dataDir } = await bed.server()
    const rf2 = join(dataDir, 'rf2')
    writeRf2(smallRelease(), rf2)
    await importVocabulary('snomed', rf2, { ...importOptions(server), version: smallVersion })
    await write(withIds('descendantOrSelfOf {wing} OR << 404684003'))
    await problems.getByRole('button', { name: /unknown concept 404684003.*Line 1, column/ }).waitFor()
    assert.equal(await list.isDisabled(), true)
    await write(withIds('descendantOrSelfOf {wing}'))
    await page.getByText(withIds('<< {wing}'), { exact: true }).waitFor()
    await page.getByText(smallVersion).waitFor()
    await list.click()
    await page.getByRole('cell', { name: 'Wing structure' }).first().waitFor()
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320)
    await assertAccessible(page, { isLegacy: true })
    await write('')
    await page.getByText('Of an earlier text.').waitFor()
    assert.equal(await problems.count(), 0)
    assertClean()
  })
})
