/** Keeps the code of a certificate out of a text that is written: it would be checked, saved and published with it. */
import { EditorState, type Extension, type Transaction, type TransactionSpec } from '@codemirror/state'
import { holdsLongCode, silence } from '../../app/refused-code.ts'
import { addTo, type Burst, beginsLikeCode, isFast } from '../../verify/input/burst.ts'

/** A longer pause begins another run of keys, in milliseconds. */
const longestPause = 300

interface Run {
  text: string
  from: number
  burst: Burst
}

/** @param tell called when a code is refused, and when something else was typed. */
export function refusingCodes(tell: (isRefused: boolean) => void, now = () => performance.now()): Extension {
  let run: Run | undefined
  let restUntil = 0
  return EditorState.transactionFilter.of((transaction): Transaction | readonly TransactionSpec[] => {
    if (!transaction.docChanged || !transaction.isUserEvent('input')) return transaction
    const at = now()
    const isWhole = transaction.isUserEvent('input.paste') || transaction.isUserEvent('input.drop')
    if (at < restUntil && !isWhole) {
      restUntil = at + silence
      return []
    }
    const typed = typedIn(transaction)
    run = isWhole || !run ? begun(typed, at) : following(run, typed, at)
    const isRefused = isWhole ? isCode(run.text) : isScanned(run)
    later(() => tell(isRefused))
    if (!isRefused) return transaction
    // What of it stands in the text already goes, too.
    const before = run.text.length - typed.text.length
    const { from } = run
    run = undefined
    if (!isWhole) restUntil = at + silence
    return before > 0 ? [{ changes: { from, to: from + before } }] : []
  })
}

/** A filter must change nothing while the text changes. */
const later = queueMicrotask

interface Typed {
  text: string
  from: number
}

function typedIn({ changes, newDoc }: Transaction): Typed {
  let typed: Typed = { text: '', from: -1 }
  changes.iterChangedRanges((from, _to, begin, end) => {
    typed = { text: typed.text + newDoc.sliceString(begin, end), from: typed.from < 0 ? from : typed.from }
  })
  return typed
}

const begun = ({ text, from }: Typed, at: number): Run => ({
  text,
  from,
  burst: addTo(undefined, text.length, at, longestPause),
})

function following(run: Run, typed: Typed, at: number): Run {
  const goesOn = typed.from === run.from + run.text.length && at - run.burst.last <= longestPause
  if (!goesOn) return begun(typed, at)
  return {
    text: run.text + typed.text,
    from: run.from,
    burst: addTo(run.burst, typed.text.length, at, longestPause),
  }
}

const isCode = (text: string) => beginsLikeCode(text.trim()) || holdsLongCode(text)

/** Nobody types the beginning of a code so fast, nor a whole one. */
function isScanned({ text, burst }: Run): boolean {
  if (holdsLongCode(text)) return true
  return beginsLikeCode(text) && isFast(burst)
}
