/** A question that must be answered before something is lost. */
import { useEffect, useRef } from 'preact/hooks'

interface AskDialogProps {
  title: string
  text: string
  yes: string
  no: string
  /** Told once; Escape is a no. */
  answer(isYes: boolean): void
}

/** The dialog. */
export function AskDialog({ title, text, yes, no, answer }: AskDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const isAnswered = useRef(false)
  useEffect(() => dialog.current?.showModal(), [])
  const once = (isYes: boolean) => {
    if (isAnswered.current) return
    isAnswered.current = true
    answer(isYes)
  }
  return (
    <dialog ref={dialog} aria-label={title} onClose={() => once(false)}>
      <h2>{title}</h2>
      <p>{text}</p>
      <div class="actions">
        <button type="button" class="quiet" onClick={() => once(false)}>
          {no}
        </button>
        <button type="button" onClick={() => once(true)}>
          {yes}
        </button>
      </div>
    </dialog>
  )
}
