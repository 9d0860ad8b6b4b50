import { texts } from '../languages/languages.ts'

/** The view catalogue. */
export function View() {
  return <h1>{texts().catalogue.title}</h1>
}
