/**
 * Brings the typing of a hand-held scanner into its field, wherever the focus is: one scan is one verdict, without a click before it. A
 * list in which a code was typed would otherwise choose another jurisdiction.
 */
import { addTo, type Burst, beginsLikeCode } from './burst.ts'

/** Keys in another field after which it is certain that a scanner types. */
const certainAfter = 6
const fastest = 45
/** A longer pause begins another text, in milliseconds. */
const longestPause = 1_000

interface Elsewhere {
  place: EventTarget | null
  /** Its value before the first key; undefined of what keys do not change. */
  before: string | undefined
  typed: string
  burst: Burst
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

/** Listens until it is told to stop. @param field the scanner's field, when there is one */
export function routeKeys(field: () => HTMLTextAreaElement | null): () => void {
  let elsewhere: Elsewhere | undefined
  const listen = (event: KeyboardEvent) => {
    const target = field()
    if (!target || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if ([...event.key].length !== 1 || event.target === target) return
    const control = controlOf(event.target)
    const dialog = document.querySelector<HTMLDialogElement>('dialog[open]')
    if (!control && !dialog) {
      // Blanks press buttons and turn pages; no code begins with one.
      if (event.key !== ' ') take(target, target.value)
      return
    }
    elsewhere = follow(elsewhere, event)
    const { burst, typed, before } = elsewhere
    const isFast =
      typed.length >= certainAfter &&
      burst.characters === typed.length &&
      burst.last - burst.first <= fastest * (typed.length - 1)
    if (!beginsLikeCode(typed) && (!isFast || (control && isForScans(control)))) return
    elsewhere = undefined
    if (control) restore(control, before ?? '')
    // Its last key would press a button there, and the verdict before would stand as that of the code.
    dialog?.close()
    // The key that is being pressed goes into the field by itself.
    take(target, typed.slice(0, -1))
  }
  document.addEventListener('keydown', listen)
  return () => document.removeEventListener('keydown', listen)
}

/**
 * Takes a text that is pasted where nothing takes texts: after a verdict its heading has the focus, and the verdict would stand as that of
 * the code which was pasted. Listens until it is told to stop.
 */
export function routePastes(take: (text: string) => void): () => void {
  const listen = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (event.defaultPrevented || text === '' || controlOf(event.target) || document.querySelector('dialog[open]'))
      return
    event.preventDefault()
    take(text)
  }
  document.addEventListener('paste', listen)
  return () => document.removeEventListener('paste', listen)
}

/** Machine-readable lines are typed by document readers, a token perhaps by a scanner, and belong where they are typed. */
const isForScans = (control: Control): boolean => 'takesScans' in control.dataset || control.type === 'password'

function restore(control: Control, value: string): void {
  control.value = value
  control.dispatchEvent(new Event(control instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }))
}

function follow(known: Elsewhere | undefined, { key, timeStamp, target }: KeyboardEvent): Elsewhere {
  const isSame = known !== undefined && known.place === target && timeStamp - known.burst.last <= longestPause
  return {
    place: target,
    before: isSame ? known.before : controlOf(target)?.value,
    typed: isSame ? known.typed + key : key,
    burst: addTo(isSame ? known.burst : undefined, 1, timeStamp, fastest * 2),
  }
}

function take(field: HTMLTextAreaElement, text: string): void {
  field.value = text
  field.focus()
  field.setSelectionRange(text.length, text.length)
}

/** A control that keys change; boxes and buttons are none. */
function controlOf(target: EventTarget | null): Control | undefined {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return target
  if (target instanceof HTMLInputElement)
    return ['checkbox', 'radio', 'button', 'file'].includes(target.type) ? undefined : target
  return undefined
}
