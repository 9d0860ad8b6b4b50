/** A question that must be answered before something is lost. */
import { useEffect, useRef } from 'preact/hooks'
import { texts } from '../languages/languages.ts'

/** Whether a text that was changed may be thrown away. @param answer told once; Escape is a no */
export function DiscardDialog({ answer }: { answer(isYes: boolean): void }) {
  const { workbench } = texts()
  const dialog = useRef<HTMLDialogElement>(null)
  const isAnswered = useRef(false)
  useEffect(() => dialog.current?.showModal(), [])
  const once = (isYes: boolean) => {
    if (isAnswered.current) return
    isAnswered.current = true
    answer(isYes)
  }
  return (
    <dialog ref={dialog} aria-label={workbench.unsaved} onClose={() => once(false)}>
      <h2>{workbench.unsaved}</h2>
      <p>{workbench.unsavedHint}</p>
      <div class="actions">
        <button type="button" class="quiet" onClick={() => once(false)}>
          {workbench.keepEditing}
        </button>
        <button type="button" onClick={() => once(true)}>
          {workbench.discard}
        </button>
      </div>
    </dialog>
  )
}
