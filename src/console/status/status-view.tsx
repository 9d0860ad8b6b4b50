import { texts } from '../languages/languages.ts'

/** The view status. */
export function View() {
  return <h1>{texts().status.title}</h1>
}
