import type { Json } from '../base/json-value.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Issue } from '../fhir/types.ts'
import type { Explanation } from './explain/explanation.ts'
import type { Ternary } from './three-valued.ts'
import type { Translation } from './translation.ts'

/** What one rule made of the data: a `rule` of the answer (docs/evaluate.md). */
export interface RuleResult {
  /** `url|version`; empty for a rule of a library that was named itself. */
  planDefinition: string
  /** Title of the action. */
  action: string
  /** The same in the language asked for, where the author has told it. */
  actionTranslation?: Translation
  /** `url|version` */
  library: string
  expression: string
  /** True passes, false fails, null is undetermined. */
  result: Ternary
  /** It says something to a person and decides nothing: a rule of a rule set for care. */
  informative?: true
  /** For a person, when the rule did not pass: in the language asked for, or what was missing. */
  message?: string
  evidence: { name: string; value: Json }[]
  /** Which of its sub-expressions decided; absent where that was not asked for, is not needed, or cannot be told. */
  explanation?: Explanation
  /** Why the rule failed: it could not be understood, run or covered. Its null says nothing of the data. */
  issue?: Issue
  /** What is to be said beside the result, such as that a draft was run. */
  remarks?: Issue[]
}

/** Answer of one expression. */
export interface Answer {
  /** `url|version` of the library that was run. */
  library: string
  result: Ternary
  evidence: { name: string; value: Json }[]
  /** With a null that is no failure: which data were missing. */
  missing: string[]
  explanation?: Explanation
  issue?: Issue
  remarks?: Issue[]
}

/** The sentence in place of a message of the rule's own when there is no result. */
export function undeterminedMessage({ missing, issue: failed }: Pick<Answer, 'missing' | 'issue'>): string {
  if (failed) return `not determined: ${failed.details?.text ?? 'the rule could not be run'}`
  return `not determined: ${missing.length > 0 ? missing.join('; ') : 'the data do not decide it'}`
}

/** Why a rule failed, as an issue that names the rule. */
export function ruleFailure(name: string, cause: Issue): Issue {
  return { ...issue(cause.code, `rule ${name}: ${cause.details?.text ?? cause.code}`), ...placeOf(cause) }
}

const placeOf = ({ diagnostics, expression }: Issue) => ({
  ...(diagnostics === undefined ? {} : { diagnostics }),
  ...(expression === undefined ? {} : { expression }),
})

/**
 * What an exception says of a rule. Of a bug, or of an executor that stumbles, nothing is repeated: its text may hold data.
 * @throws FhirError that says that the server cannot answer now
 */
export function causeOf(error: unknown): Issue {
  if (!(error instanceof FhirError)) return issue('exception', 'the rule could not be run')
  if (error.status >= 500) throw error
  const [first] = error.issues
  // A broken library may have hundreds of faults: the first ones are enough here.
  const told = error.issues.slice(0, 3).map((each) => each.details?.text ?? each.code)
  const place = error.issues.find(({ diagnostics }) => diagnostics !== undefined)?.diagnostics
  return issue(first?.code ?? 'processing', {
    text: `the rule could not be run: ${told.join('; ')}${error.issues.length > told.length ? '; …' : ''}`,
    ...(place === undefined ? {} : { diagnostics: place }),
  })
}
