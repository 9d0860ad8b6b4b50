/** What is read aloud by those who hear the page: short, and said once. */
import { signal } from '@preact/signals'

/** What stands in the live regions of the shell. `urgent` interrupts. */
export const said = signal({ polite: '', urgent: '' })

/** Grows when what waits to be read is not to be read any more. */
let hushes = 0

/** Takes back what was read aloud, and what waits for it. */
export function hush(): void {
  hushes++
  said.value = { polite: '', urgent: '' }
}

/** Has a text read aloud. */
export function say(text: string, { urgent = false }: { urgent?: boolean } = {}): void {
  // The same text twice would not be read again: a region must change.
  said.value = { polite: '', urgent: '' }
  const of = hushes
  setTimeout(() => {
    if (of !== hushes) return
    said.value = urgent ? { polite: '', urgent: text } : { polite: text, urgent: '' }
  }, 60)
}
