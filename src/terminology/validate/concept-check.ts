import type { Issue } from '../../fhir/types.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { chooseText, textsIn } from '../code-system/designations.ts'
import { EXTENSION, extensionText } from '../code-system/extensions.ts'
import type { Languages } from '../request/languages.ts'
import { caseDifference, otherIssue, txIssue } from '../request/messages.ts'
import type { CodedValue } from '../request/value.ts'
import type { EnumeratedConcept } from '../value-set/clause.ts'
import { checkDisplay } from './display-check.ts'

/** Wishes of a validation request. */
export interface ValidationOptions {
  languages: Languages | undefined
  /** A wrong display is a warning. */
  lenient: boolean
  /** No display and no status checks. */
  membershipOnly: boolean
  activeOnly: boolean
  /** Whether abstract codes may be used. */
  abstractAllowed: boolean
}

/** A concept that was found, in or out of a value set. */
export interface Located {
  provider: CodeSystemProvider
  ref: Ref
  /** As the system writes it. */
  code: string
  /** How the value set enumerates it. */
  concept?: EnumeratedConcept | undefined
  /** A filter brought it that is made for inactive concepts, too: that it is inactive is nothing to be remarked. */
  isMeant?: boolean
}

const NOTHING: readonly Issue[] = []

/** Comments on a concept and the way it is written; errors only for the display. */
export function checkConcept(
  value: CodedValue,
  { provider, ref, code, concept, isMeant }: Located,
  options: ValidationOptions,
): readonly Issue[] {
  if (options.membershipOnly) return NOTHING
  const issues: Issue[] = []
  if (provider.head.versionNeeded && value.version === undefined) issues.push(versionIsNeeded(value, provider))
  if (code !== value.code && code.toLowerCase() === value.code.toLowerCase()) {
    issues.push(caseDifference(value.code, code, provider.head, value.at('code')))
  }
  const status = provider.status(ref)
  if (provider.isInactive(ref) && !isMeant) {
    const plain = status === undefined || status === 'inactive' ? 'inactive' : `${status} and inactive`
    const shown = provider.inactiveAs?.(ref) ?? plain
    const successors = provider.successors?.(ref)
    const instead = successors === undefined ? '' : ` (${successors})`
    issues.push(txIssue('INACTIVE_CONCEPT_FOUND', [shown, value.code, instead], { expression: value.at('') }))
  } else if (status?.toLowerCase() === 'deprecated') {
    issues.push(txIssue('DEPRECATED_CONCEPT_FOUND', ['', value.code], { expression: value.at('code') }))
  }
  if (value.display === undefined) return issues
  const former = () => provider.formerDesignations?.(ref) ?? []
  const texts = textsIn(provider, ref, concept, options.languages)
  return [...issues, ...checkDisplay(value, texts, { ...options, former })]
}

/** Codes that may change their meaning mean nothing without a version (CodeSystem.versionNeeded). */
function versionIsNeeded(value: CodedValue, { head }: CodeSystemProvider): Issue {
  const text = `The code system '${head.url}' needs a version to be named: its codes may mean something else in another one`
  return otherIssue('required', text, { type: 'invalid-data', expression: value.at('version') })
}

/** What rules a concept out although the set has it: abstract where that is not allowed, inactive where only active ones count. */
export function checkUse(
  value: CodedValue,
  { provider, ref }: Pick<Located, 'provider' | 'ref'>,
  options: ValidationOptions,
): readonly Issue[] {
  if (!options.abstractAllowed && provider.isAbstract(ref)) {
    return [txIssue('ABSTRACT_CODE_NOT_ALLOWED', [value.system, value.code], { expression: value.at('code') })]
  }
  if (options.activeOnly && provider.isInactive(ref)) {
    return [txIssue('STATUS_CODE_WARNING_CODE', ['not active', value.code], { expression: value.at('code') })]
  }
  return NOTHING
}

/** A concept that the value set itself marks as one to avoid. */
export function checkEnumeration(
  value: CodedValue,
  concept: EnumeratedConcept | undefined,
  canonical: string,
): readonly Issue[] {
  if (!concept?.extension) return NOTHING
  const marked = extensionText(concept.extension, EXTENSION.deprecated) === 'true' ? 'deprecated' : undefined
  const status = marked ?? extensionText(concept.extension, EXTENSION.standardsStatus)
  if (status !== 'deprecated' && status !== 'withdrawn') return NOTHING
  return [
    txIssue('CONCEPT_DEPRECATED_IN_VALUESET', [value.system, value.code, status, canonical], {
      expression: value.at('code'),
    }),
  ]
}

/** The display to answer with: in a wished language, else the usual one. */
export function replyDisplay(
  { provider, ref, concept }: Omit<Located, 'code'>,
  languages: Languages | undefined,
): string | undefined {
  const display = concept?.display ?? provider.display(ref)
  if (!languages && display !== undefined) return display
  const texts = textsIn(provider, ref, concept, languages)
  return (chooseText(texts, languages) ?? texts[0])?.value
}
