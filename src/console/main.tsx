/** The console's beginning: its style, its language, then the shell in the page's body. */
import './style/console.css'
import { render } from 'preact'
import { refuseCodes } from './app/refuse-codes.ts'
import { followLinks } from './app/router.ts'
import { applyAppearance, language } from './app/session.ts'
import { Shell } from './app/shell.tsx'
import { loadLanguage } from './languages/languages.ts'

applyAppearance()
followLinks()
refuseCodes()
await loadLanguage(language.value)
const root = document.getElementById('console')
if (root) {
  root.replaceChildren()
  render(<Shell />, root)
}
