/** Reasons as they are told: how many, how deep, and which data were missing. */
import type { JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import type { Execution } from '../cql/run/recording.ts'
import type { Explanation } from './explanation.ts'
import type { Lack, Reason } from './reason.ts'
import { shortValue, type Voice, voiceOf } from './voice.ts'

/** Enough to act on; a person reads no more. */
const mostClauses = 3

/** What was missing, in the order of the reasons, each once; what stands below a decided condition only where nothing else is. */
export function clauses(top: Reason): string[] {
  const english = voiceOf('en')
  const lacks: Lack[] = []
  const look = ({ lack, parts }: Reason) => {
    if (lack) lacks.push(lack)
    parts.forEach(look)
  }
  look(top)
  const open = lacks.filter(({ isBeside }) => !isBeside)
  const told = (open.length > 0 ? open : lacks).map(({ phrase, name }) => english.say(phrase, { a: name(english) }))
  return [...new Set(told)].slice(0, mostClauses)
}

/** Sentences of one explanation, parts of one sentence, and levels at most. */
const mostSentences = 60
const mostParts = 8
const mostLevels = 10

/** Level by level, so that what is left out is what lies deepest. What has been told keeps its reasons to where it was told first. */
export function told(top: Reason, voice: Voice): Explanation {
  const first = sentence(top)
  const known = new Set<string>()
  let left = mostSentences - 1
  let level: { reason: Reason; explanation: Explanation }[] = [{ reason: top, explanation: first }]
  for (let depth = 1; level.length > 0; depth++) {
    const next: typeof level = []
    for (const { reason, explanation } of level) {
      if (known.has(explanation.text)) continue
      known.add(explanation.text)
      const distinct = distinctIn(reason.parts)
      const shown = distinct.slice(0, Math.max(0, depth < mostLevels ? Math.min(mostParts, left) : 0))
      left -= shown.length
      const told = shown.map((each) => ({ reason: each, explanation: sentence(each) }))
      next.push(...told)
      explanation.parts.push(...told.map((each) => each.explanation))
      const more = distinct.length - shown.length
      if (more > 0) explanation.parts.push({ text: voice.say('more', { n: more }), value: more, parts: [] })
    }
    level = next
  }
  return first
}

/** One of each text: in the place of the first, the last. */
function distinctIn(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.length < 2) return reasons
  if (reasons.length > 12) return [...new Map(reasons.map((each) => [each.text, each])).values()]
  const distinct: Reason[] = []
  for (const each of reasons) {
    const at = distinct.findIndex(({ text }) => text === each.text)
    if (at < 0) distinct.push(each)
    else distinct[at] = each
  }
  return distinct
}

function sentence({ text, value, run }: Reason): Explanation {
  const place = placeOf(run)
  return { text, value: shortValue(value), ...(place ? { place } : {}), parts: [] }
}

function placeOf({ step, library }: Execution): Explanation['place'] {
  const at = positionOf(step)
  return at && { library: library.identifier.id, line: at.line, column: at.column }
}

const positionOf = keepPerObject(({ locator }: JsonObject) => {
  const at = /^([1-9]\d*):(\d+)/.exec(typeof locator === 'string' ? locator : '')
  return at ? { line: Number(at[1]), column: Number(at[2]) } : undefined
})
