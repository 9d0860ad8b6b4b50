/** What lies on the workbench. It stays while the console is open, whatever view is shown, and is nowhere but in memory. */
import { effect, signal } from '@preact/signals'
import { type Draft, isChanged } from './document/artefacts.ts'

/** What is open; undefined: nothing. */
export const draft = signal<Draft | undefined>(undefined)

/** The part whose text is shown. */
export const shownPart = signal('')

/** Puts something else on the bench. */
export function open(next: Draft | undefined): void {
  draft.value = next
  shownPart.value = next?.parts[0]?.key ?? ''
}

/** The browser asks before a page is left on which something was changed and not saved. */
const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault()

effect(() => {
  if (draft.value && isChanged(draft.value)) addEventListener('beforeunload', askBeforeLeaving)
  else removeEventListener('beforeunload', askBeforeLeaving)
})
