/** Whether what came of a case is what it expects. */
import type { RuleResult } from '../rules.ts'
import type { RuleCase } from './case-file.ts'
import { namesOf, type Observed } from './observed.ts'
import type { Expected, ExpectedResult, ExpectedText } from './read-expectation.ts'

/** What is not as it was expected, one sentence each; none when all is. */
export function judge({ expect }: Pick<RuleCase, 'expect'>, observed: Observed): string[] {
  const { decision, notJudged, rules } = observed
  const because = notJudged === undefined ? '' : ` (${notJudged})`
  const found: string[] = []
  if (expect.decision !== undefined && expect.decision !== decision)
    found.push(`decision: expected ${expect.decision}, got ${decision}${because}`)
  const all = [...rules, ...observed.defines.values()]
  const of = ({ rule }: Expected<unknown>) => {
    const named = rules.filter((each) => namesOf(each).includes(rule))
    const define = observed.defines.get(rule)
    return named.length > 0 ? named : define ? [define] : []
  }
  const each = <T>(expected: Expected<T>[], fault: (result: RuleResult, value: T) => string | undefined) => {
    for (const one of expected) {
      const results = of(one)
      if (results.length === 0) found.push(`${one.rule}: was not run${because}`)
      for (const result of results) {
        const why = fault(result, one.value)
        if (why !== undefined) found.push(`${one.rule}: ${why}`)
      }
    }
  }
  each(expect.results, resultFault)
  each(expect.messages, messageFault)
  each(expect.missing, missingFault)
  // A rule that cannot be run is null, too: whoever expects null means that the data do not decide it.
  const told = new Set(expect.results.flatMap((one) => (one.value === 'failed' ? of(one) : [])))
  for (const result of all)
    if (result.issue && !told.has(result))
      found.push(
        `${result.expression || result.action}: could not be run: ${result.issue.details?.text ?? result.issue.code}`,
      )
  if (notJudged !== undefined && decision === 'unverified' && expect.decision !== 'unverified' && found.length === 0)
    found.push(notJudged)
  return [...new Set(found)]
}

/** A result as a person reads it. */
export const resultText = (result: RuleResult): string => (result.issue ? 'failed' : String(result.result))

function resultFault(result: RuleResult, expected: ExpectedResult): string | undefined {
  const got = result.issue ? 'failed' : result.result
  return got === expected ? undefined : `expected ${expected}, got ${got}`
}

function messageFault({ message }: RuleResult, expected: ExpectedText | null): string | undefined {
  const got = message === undefined ? 'none' : JSON.stringify(message)
  if (expected === null) return message === undefined ? undefined : `no message was expected, got ${got}`
  if ('text' in expected)
    return message === expected.text ? undefined : `expected the message ${JSON.stringify(expected.text)}, got ${got}`
  const wanted = JSON.stringify(expected.contains)
  return message?.includes(expected.contains) ? undefined : `expected a message with ${wanted}, got ${got}`
}

/** The sentence of a null lists what is missing. */
function missingFault({ message, result }: RuleResult, expected: string[]): string | undefined {
  if (result !== null) return `expected null and what is missing, got ${result}`
  const wanted = `not determined: ${expected.join('; ')}`
  return message === wanted ? undefined : `expected ${JSON.stringify(wanted)}, got ${JSON.stringify(message ?? '')}`
}
