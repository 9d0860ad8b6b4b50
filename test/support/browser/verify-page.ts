/** The Verify view in a browser, with the specimens of its server, as an officer has it. */
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimens } from '../../../src/demo/specimens.ts'
import type { WatchedPage } from './browser.ts'
import type { ConsoleBed } from './console-bed.ts'

/** A page that shows the view, its field in focus. */
export interface VerifyPage extends WatchedPage {
  field: Locator
  /** The word of a verdict, and its sentence. */
  word: Locator
  title: Locator
  /** Types as a hand-held scanner does: a key after the other, as fast as they come; a line end is its Enter. */
  type(text: string): Promise<void>
  paste(text: string): Promise<void>
}

/** The texts of the specimens by their names. To be asked for once a file. */
export async function specimenTexts(bed: ConsoleBed): Promise<Map<string, string>> {
  const { dataDir } = await bed.server()
  const now = new Date()
  return new Map((await specimens(demoIssuer(dataDir, now), now)).map(({ name, text }) => [name, text]))
}

/** Opens the view from another one, so that what it asks at once can be answered by `prepare`. */
export async function openVerify(
  bed: ConsoleBed,
  { prepare, ...options }: BrowserContextOptions & { prepare?: ((page: Page) => Promise<unknown>) | undefined } = {},
): Promise<VerifyPage> {
  const opened = await bed.open('/status', options)
  const { page } = opened
  await prepare?.(page)
  await page.locator('.bar nav a').first().click()
  const field = page.locator('.scan-field textarea')
  await page.locator('.scan-field textarea:focus').waitFor()
  const keys = await opened.context.newCDPSession(page)
  return {
    ...opened,
    field,
    word: page.locator('.verdict h2'),
    title: page.locator('.verdict-title'),
    type: async (text) => {
      await Promise.all([...text].map((each) => keys.send('Input.dispatchKeyEvent', keyOf(each))))
    },
    paste: (text) => inPage(page, pasteInto('.scan-field textarea'), text),
  }
}

const keyOf = (text: string) =>
  text === '\n' ? { type: 'keyDown' as const, key: 'Enter', text: '\r' } : { type: 'keyDown' as const, key: text, text }

/** Runs a function, as source, within the page. */
export const inPage = (page: Page, program: string, text: string): Promise<void> =>
  page.evaluate(`(${program})(${JSON.stringify(text)})`)

/** Source of a function that pastes its text into what a selector finds, or into what has the focus. */
export const pasteInto = (selector?: string): string => `(text) => {
  const clipboardData = new DataTransfer()
  clipboardData.setData('text/plain', text)
  const place = ${selector === undefined ? 'document.activeElement' : `document.querySelector(${JSON.stringify(selector)})`}
  place.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
}`
