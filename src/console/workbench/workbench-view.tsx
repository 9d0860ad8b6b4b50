import { texts } from '../languages/languages.ts'

/** The view workbench. */
export function View() {
  return <h1>{texts().workbench.title}</h1>
}
