/** Form fields with their label, hint and error joined to them for those who hear the page. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { CodeRefused } from './code-refused.tsx'

/** What a field's control is given: spread it onto the input, select or textarea. */
export interface ControlProps {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: true
}

interface FieldProps {
  label: string
  hint?: string
  error?: string
  children: (control: ControlProps) => ComponentChildren
}

/** A labelled control. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(described && { 'aria-describedby': described }),
        ...(error && { 'aria-invalid': true as const }),
      })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      <CodeRefused at={id} />
    </div>
  )
}
