/** What is read aloud by those who hear the page: short, and said once. */
import { signal } from '@preact/signals'

/** What stands in the live regions of the shell. `urgent` interrupts. */
export const said = signal({ polite: '', urgent: '' })

/** Has a text read aloud. */
export function say(text: string, { urgent = false }: { urgent?: boolean } = {}): void {
  // The same text twice would not be read again: a region must change.
  said.value = { polite: '', urgent: '' }
  setTimeout(() => {
    said.value = urgent ? { polite: '', urgent: text } : { polite: text, urgent: '' }
  }, 60)
}
