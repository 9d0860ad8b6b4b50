/**
 * Refuses the code of a certificate in every field of the console that is not made for one: what stands there goes into addresses,
 * questions and published texts. Verify has its own way with scanners.
 */
import { codeRefusedAt, holdsCode, silence } from './refused-code.ts'
import { isVerify } from './router.ts'

type Control = HTMLInputElement | HTMLTextAreaElement

/** Begins; before anything of the page listens. */
export function refuseCodes(): void {
  /** Until when what is typed is the rest of a code. */
  let restUntil = 0
  let isClearing = false
  const isRest = (event: Event) => !isVerify.value && event.timeStamp < restUntil
  addEventListener('input', (event) => onInput(event), { capture: true })
  addEventListener('beforeinput', (event) => isRest(event) && swallow(event), { capture: true })
  addEventListener(
    'keydown',
    (event) => {
      if (!isRest(event) || event.ctrlKey || event.metaKey || event.altKey) return
      if ([...event.key].length !== 1 && event.key !== 'Enter' && event.key !== 'Tab') return
      restUntil = event.timeStamp + silence
      swallow(event)
    },
    { capture: true },
  )

  function onInput(event: Event): void {
    const control = controlOf(event)
    if (!control || isVerify.value || isClearing) return
    if (!holdsCode(control.value) && !isRest(event)) {
      codeRefusedAt.value = undefined
      return
    }
    event.stopImmediatePropagation()
    control.value = ''
    // Whoever holds what was typed until now holds nothing of it any more.
    isClearing = true
    control.dispatchEvent(new Event('input', { bubbles: true }))
    isClearing = false
    codeRefusedAt.value = control.id || 'page'
    const isWhole = event instanceof InputEvent && /^insertFrom/.test(event.inputType)
    if (!isWhole) restUntil = event.timeStamp + silence
  }
}

function swallow(event: Event): void {
  event.preventDefault()
  event.stopImmediatePropagation()
}

/** What somebody types a text into, unless it is made for codes. */
function controlOf(event: Event): Control | undefined {
  const [target] = event.composedPath()
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return undefined
  return 'takesScans' in target.dataset || target.type === 'file' ? undefined : target
}
