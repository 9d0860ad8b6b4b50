/** What axe-core finds against WCAG 2.2 AA. */
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/**
 * Fails on anything serious or critical of what is shown now, by every rule there is.
 * @param isLegacy looks at the page within itself: where axe-core's own empty page would be refused
 */
export async function assertAccessible(page: Page, { isLegacy = false } = {}): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(isLegacy).analyze()
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(
    grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`),
    [],
  )
}
