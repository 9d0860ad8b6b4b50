/** Puts a text into the clipboard and says so. */
import { useState } from 'preact/hooks'
import { texts } from '../languages/languages.ts'
import { Icon } from './icon.tsx'
import { say } from './say.ts'

/** A button that copies `text`; `label` names what is copied. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false)
  const { shell } = texts()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      say(shell.copied)
      setTimeout(() => setCopied(false), 2_000)
    } catch {
      // The browser does not let it: the text stands beside the button.
    }
  }
  return (
    <button type="button" class="quiet small" onClick={() => void copy()}>
      <Icon name="copy" size={16} />
      {isCopied ? shell.copied : (label ?? shell.copy)}
    </button>
  )
}
