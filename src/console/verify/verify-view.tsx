import { texts } from '../languages/languages.ts'

/** The view verify. */
export function VerifyView() {
  return <h1>{texts().verify.title}</h1>
}
