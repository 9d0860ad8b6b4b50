/** How the reader writes dates and numbers. */
import { language } from '../../app/session.ts'

/** The language of the page in the form of the reader's own region, where his browser says one: `en-GB`. */
export const locale = (): string =>
  navigator.languages.find((each) => each.toLowerCase().split('-')[0] === language.value) ?? language.value
