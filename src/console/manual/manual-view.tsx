import { texts } from '../languages/languages.ts'

/** The view manual. */
export function View() {
  return <h1>{texts().manual.title}</h1>
}
