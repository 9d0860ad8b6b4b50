import { texts } from '../languages/languages.ts'

/** The view trust. */
export function View() {
  return <h1>{texts().trust.title}</h1>
}
