/** A verdict as it may be copied and printed: without anything of the person, and without what rules said of the content. */
import type { Check, Doubt, Verdict } from './verdict.ts'

/** What a record is written with. */
export interface RecordFrame {
  /** When it was answered, as a person reads it. */
  time: string
  /** That it was judged as of another time, say. */
  cautions: readonly string[]
  jurisdiction: string
  /** What else was set. */
  settings: readonly string[]
  software: string
  /** Words of the language. */
  words: {
    decision: string
    status: string
    time: string
    jurisdiction: string
    rules: string
    checks: string
    versions: string
    software: string
    informative: string
    results: { true: string; false: string; null: string }
    checkName(name: string): string
    outcome(outcome: Check['outcome']): string
    doubt(doubt: Doubt): string
    /** The word of the decision, and that of the status. */
    verdict: string
    reason: string
  }
}

/** The lines. Rules stand with their title and result: messages and evidence may quote the content. */
export function recordOf(verdict: Verdict, frame: RecordFrame): string[] {
  const { words } = frame
  const rule = ({ title, result, isInformative, planDefinition }: Verdict['rules'][number]) =>
    `  ${words.results[`${result}`]} · ${title}${isInformative ? ` (${words.informative})` : ''}${planDefinition ? ` · ${planDefinition}` : ''}`
  const inner = verdict.evaluations.flatMap((each, at) => [`  ${at + 1}. ${each.decision} · ${each.statusTold}`])
  return [
    `${words.decision}: ${words.verdict} (${verdict.decision})`,
    `${words.status}: ${words.reason} (${verdict.statusTold || '?'})`,
    ...inner,
    ...verdict.doubts.map((each) => `! ${words.doubt(each)}`),
    ...frame.cautions.map((each) => `! ${each}`),
    `${words.time}: ${frame.time}`,
    `${words.jurisdiction}: ${frame.jurisdiction}`,
    ...frame.settings,
    ...(verdict.rules.length > 0 ? [`${words.rules}:`, ...verdict.rules.map(rule)] : []),
    `${words.checks}:`,
    ...verdict.checks.map(({ name, outcome }) => `  ${words.outcome(outcome)} · ${words.checkName(name)}`),
    `${words.versions}:`,
    `  ${words.software} ${frame.software}`,
    ...verdict.artefacts.map(({ canonical, hash }) => `  ${canonical}${hash ? ` · sha256 ${hash.slice(0, 16)}` : ''}`),
  ].map(oneLine)
}

/** A title with a line end in it would write lines of its own, one with signs of direction turn those of others. */
const oneLine = (line: string): string => line.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ')
