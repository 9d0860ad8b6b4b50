/** Says that the code of a certificate was refused where it was entered, and where it belongs. */
import { codeRefusedAt } from '../app/refused-code.ts'
import { texts } from '../languages/languages.ts'
import { Notice } from './notice.tsx'

/** The remark, while a code stands refused there. @param at id of the control, or `page` */
export function CodeRefused({ at }: { at: string }) {
  if (codeRefusedAt.value !== at) return null
  const { shell, verify } = texts()
  return (
    <Notice kind="bad" isAlert head={shell.codeRefused}>
      <p>{shell.codeRefusedHint}</p>
      <a href="/">{verify.title}</a>
    </Notice>
  )
}
