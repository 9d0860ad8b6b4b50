/** What lies on the workbench. It stays while the console is open, whatever view is shown, and is nowhere but in memory. */
import { effect, signal } from '@preact/signals'
import { type Draft, isChanged } from './document/artefacts.ts'

/** What is open; undefined: nothing. */
export const draft = signal<Draft | undefined>(undefined)

/** The part whose text is shown. */
export const shownPart = signal('')

/** A place that is to be shown in the text of a part; a new object shows it once more. */
export const looked = signal<{ key: string; place: { line: number; column: number } } | undefined>(undefined)

/** Shows a place of a part, and puts the cursor there. */
export function lookAt(key: string, { line, column }: { line: number; column: number }): void {
  shownPart.value = key
  looked.value = { key, place: { line, column } }
}

/** Puts something else on the bench. */
export function open(next: Draft | undefined): void {
  draft.value = next
  looked.value = undefined
  shownPart.value = next?.parts[0]?.key ?? ''
}

/** The browser asks before a page is left on which something was changed and not saved. */
const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault()

effect(() => {
  if (draft.value && isChanged(draft.value)) addEventListener('beforeunload', askBeforeLeaving)
  else removeEventListener('beforeunload', askBeforeLeaving)
})
