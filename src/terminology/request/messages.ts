import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, type IssueCode, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { EXTENSION } from '../code-system/extensions.ts'

const TX_ISSUE_TYPE = 'http://hl7.org/fhir/tools/CodeSystem/tx-issue-type'

interface Message {
  severity: Issue['severity']
  code: IssueCode
  /** Code of the tx-issue-type system. */
  type?: string
  /** `{n}` stands for an argument. */
  text: string | { one: string; other: string }
  /** Left out of `message` in the reply: it comments on the definition, not on the value. */
  silent?: true
  /** Its id in the HL7 terminology ecosystem, where it is another wording of the same. */
  id?: string
}

const mismatch = { severity: 'error', code: 'invalid', type: 'vs-invalid' } as const
const missing = { severity: 'error', code: 'not-found', type: 'not-found' } as const
const display = { severity: 'error', code: 'invalid', type: 'invalid-display' } as const
const comment = { severity: 'warning', code: 'business-rule', type: 'code-comment' } as const
const status = { severity: 'information', code: 'business-rule', type: 'status-check', silent: true } as const

/** Wordings of the HL7 terminology ecosystem; tools compare them literally. */
const MESSAGES = {
  ABSTRACT_CODE_NOT_ALLOWED: {
    severity: 'error',
    code: 'business-rule',
    type: 'code-rule',
    text: "Code '{0}#{1}' is abstract, and not allowed in this context",
  },
  CODESYSTEM_CS_NO_SUPPLEMENT: {
    severity: 'error',
    code: 'invalid',
    type: 'invalid-data',
    text: "CodeSystem {0} is a supplement, so can't be used as a value in Coding.system",
  },
  CODE_CASE_DIFFERENCE: {
    severity: 'information',
    code: 'business-rule',
    type: 'code-rule',
    silent: true,
    text: "The code '{0}' differs from the correct code '{1}' by case. Although the code system '{2}' is case insensitive, implementers are strongly encouraged to use the correct case anyway",
  },
  CONCEPT_DEPRECATED_IN_VALUESET: {
    ...comment,
    silent: true,
    text: "The presence of the concept '{1}' in the system '{0}' in the value set {3} is marked with a status of {2} and its use should be reviewed",
  },
  Coding_has_no_system__cannot_validate: {
    severity: 'warning',
    code: 'invalid',
    type: 'invalid-data',
    text: 'Coding has no system. A code with no system has no defined meaning, and it cannot be validated. A system should be provided',
  },
  INVALID_ECL: { ...mismatch, text: "Invalid ECL expression: '{0}': ({1})" },
  DEPRECATED_CONCEPT_FOUND: { ...comment, text: "The concept '{1}' is deprecated and its use should be reviewed" },
  Display_Name_WS_for__should_be_one_of__instead_of: {
    ...display,
    text: {
      one: "Wrong whitespace in Display Name '{4}' for {1}#{2}. Valid display is {3} (for the language(s) '{5}')",
      other:
        "Wrong whitespace in Display Name '{4}' for {1}#{2}. Valid display is one of {0} choices: {3} (for the language(s) '{5}')",
    },
  },
  Display_Name_for__should_be_one_of__instead_of: {
    ...display,
    text: {
      one: "Wrong Display Name '{4}' for {1}#{2}. Valid display is {3} (for the language(s) '{5}')",
      other:
        "Wrong Display Name '{4}' for {1}#{2}. Valid display is one of {0} choices: {3} (for the language(s) '{5}')",
    },
  },
  INACTIVE_CONCEPT_FOUND: {
    ...comment,
    text: "The concept '{1}' has a status of {0} and its use should be reviewed{2}",
  },
  INACTIVE_DISPLAY_FOUND: {
    severity: 'warning',
    code: 'invalid',
    type: 'display-comment',
    silent: true,
    text: {
      one: "'{1}' is no longer considered a correct display for code '{2}' (status = {4}). The correct display is '{3}'",
      other:
        "'{1}' is no longer considered a correct display for code '{2}' (status = {4}). The correct display is one of {3}",
    },
  },
  INVALID_DISPLAY_NAME: {
    severity: 'error',
    code: 'processing',
    type: 'invalid-display',
    text: "Invalid displayLanguage: '{0}'",
  },
  MSG_DEPRECATED: { ...status, text: 'Reference to deprecated {2} {0}' },
  MSG_DRAFT: { ...status, text: 'Reference to draft {2} {0}' },
  MSG_EXPERIMENTAL: { ...status, text: 'Reference to experimental {2} {0}' },
  MSG_WITHDRAWN: { ...status, text: 'Reference to withdrawn {2} {0}' },
  NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR: {
    ...display,
    text: "Wrong Display Name '{0}' for {1}#{2}. There are no valid display names found for language(s) '{3}'. Default display is '{4}'",
  },
  NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK: {
    ...display,
    severity: 'information',
    text: "There are no valid display names found for the code {1}#{2} for language(s) '{3}'. The display is '{4}' which is a valid display for the default language",
  },
  None_of_the_provided_codes_are_in_the_value_set_one: {
    severity: 'error',
    code: 'code-invalid',
    type: 'not-in-vs',
    text: "The provided code {2} was not found in the value set '{1}'",
  },
  STATUS_CODE_WARNING_CODE: {
    severity: 'error',
    code: 'business-rule',
    type: 'code-rule',
    text: "The concept '{1}' is valid but is {0}",
  },
  TX_GENERAL_CC_ERROR_MESSAGE: {
    severity: 'error',
    code: 'code-invalid',
    type: 'not-in-vs',
    text: "No valid coding was found for the value set '{0}'",
  },
  Terminology_TX_System_Relative: {
    severity: 'error',
    code: 'invalid',
    type: 'invalid-data',
    text: 'Coding.system must be an absolute reference, not a local reference',
  },
  Terminology_TX_System_ValueSet2: {
    severity: 'error',
    code: 'invalid',
    type: 'invalid-data',
    text: "The Coding references a value set, not a code system ('{0}')",
  },
  UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE: {
    ...mismatch,
    text: 'The system {0} filter with property = {1}, op = {2} has no value',
  },
  UNABLE_TO_INFER_CODESYSTEM: {
    severity: 'error',
    code: 'not-found',
    type: 'cannot-infer',
    text: "The System URI could not be determined for the code '{0}' in the ValueSet '{1}': none of the code systems searched contains it: [{2}]",
  },
  Unable_to_resolve_system__value_set_has_multiple_matches: {
    severity: 'error',
    code: 'not-found',
    type: 'cannot-infer',
    text: "The System URI could not be determined for the code '{0}' in the ValueSet '{1}': value set expansion has multiple matches: {2}",
  },
  UNKNOWN_CODESYSTEM: {
    ...missing,
    text: "A definition for CodeSystem '{0}' could not be found, so the code cannot be validated",
  },
  UNKNOWN_CODESYSTEM_EXP: {
    ...missing,
    text: "A definition for CodeSystem '{0}' could not be found, so the value set cannot be expanded",
  },
  UNKNOWN_CODESYSTEM_VERSION: {
    ...missing,
    text: "A definition for CodeSystem '{0}' version '{1}' could not be found, so the code cannot be validated. Valid versions: {2}",
  },
  UNKNOWN_CODESYSTEM_VERSION_EXP: {
    ...missing,
    text: "A definition for CodeSystem '{0}' version '{1}' could not be found, so the value set cannot be expanded. Valid versions: {2}",
  },
  UNKNOWN_CODESYSTEM_VERSION_NONE: {
    ...missing,
    text: "A definition for CodeSystem '{0}' version '{1}' could not be found, so the code cannot be validated. No versions of this code system are known",
  },
  UNKNOWN_CODESYSTEM_VERSION_EXP_NONE: {
    ...missing,
    text: "A definition for CodeSystem '{0}' version '{1}' could not be found, so the value set cannot be expanded. No versions of this code system are known",
  },
  UNKNOWN_CODE_IN_FRAGMENT: {
    severity: 'warning',
    code: 'code-invalid',
    type: 'invalid-code',
    silent: true,
    text: "Unknown Code '{0}' in the CodeSystem '{1}' version '{2}' - note that the code system is labeled as a fragment, so the code may be valid in some other fragment",
  },
  Unable_to_resolve_value_Set_: { ...missing, text: "A definition for the value Set '{0}' could not be found" },
  Unknown_Code_in_Version: {
    severity: 'error',
    code: 'code-invalid',
    type: 'invalid-code',
    text: "Unknown code '{0}' in the CodeSystem '{1}' version '{2}'{3}",
  },
  VALUESET_CIRCULAR_REFERENCE: {
    severity: 'error',
    code: 'processing',
    type: 'vs-invalid',
    text: 'Found a circularity pointing to {0} processing ValueSet with pathway {1}',
  },
  VALUESET_SUPPLEMENT_MISSING: {
    severity: 'error',
    code: 'not-found',
    type: 'not-found',
    text: { one: 'Required supplement not found: {1}', other: 'Required supplements not found: {1}' },
  },
  VALUESET_TOO_COSTLY: {
    severity: 'error',
    code: 'too-costly',
    text: "The value set '{0}' expansion has too many codes to produce ({1})",
  },
  VALUESET_TOO_SLOW: {
    severity: 'error',
    code: 'too-costly',
    text: "The value set '{0}' took too long to evaluate ({1} ms allowed)",
  },
  VALUESET_VALUE_MISMATCH: {
    ...mismatch,
    text: "The code system '{0}' version '{1}' in the ValueSet include is different to the one in the value ('{2}')",
  },
  VALUESET_VALUE_MISMATCH_CHANGED: {
    ...mismatch,
    text: "The code system '{0}' version '{1}' resulting from the version '{2}' in the ValueSet include is different to the one in the value ('{3}')",
  },
  VALUESET_VALUE_MISMATCH_DEFAULT: {
    ...mismatch,
    severity: 'warning',
    silent: true,
    text: "The code system '{0}' version '{1}' for the versionless include in the ValueSet include is different to the one in the value ('{3}')",
  },
  VALUESET_VERSION_CHECK_NONE: {
    severity: 'error',
    code: 'exception',
    type: 'version-error',
    text: "The {3} '{0}' has no version: required to be '{2}' by a version-check parameter",
    id: 'VALUESET_VERSION_CHECK',
  },
  VALUESET_VERSION_CHECK: {
    severity: 'error',
    code: 'exception',
    type: 'version-error',
    text: "The version '{1}' is not allowed for system '{0}': required to be '{2}' by a version-check parameter",
  },
  VS_EXP_IMPORT_UNK_PINNED: {
    ...missing,
    text: "A definition for the version '{1}' of the value set '{0}', which is imported, could not be found, so the value set cannot be expanded",
  },
  VALUESET_CHECK: {
    severity: 'error',
    code: 'exception',
    type: 'version-error',
    text: "The version '{1}' is not allowed for value set '{0}': required to be '{2}' by a version-check parameter",
  },
} satisfies Record<string, Message>

/** Id of a wording. */
export type MessageId = keyof typeof MESSAGES

const isMessageId = (id: string): id is MessageId => Object.hasOwn(MESSAGES, id)

/** How an issue departs from its wording's defaults. */
export interface IssueOptions {
  expression?: string | undefined
  severity?: Issue['severity']
  /** tx-issue-type in place of the usual one. */
  type?: string
  /** Chooses between the one and the other form. */
  count?: number
}

/** The issue of a wording, with its arguments in place. */
export function txIssue(id: MessageId, values: (string | undefined)[], options: IssueOptions = {}): Issue {
  const message: Message = MESSAGES[id]
  const template =
    typeof message.text === 'string' ? message.text : options.count === 1 ? message.text.one : message.text.other
  const type = options.type ?? message.type
  // A system or value set without version is named without one.
  const said = template.replace(/ version '\{(\d)\}'/g, (text, index) =>
    values[Number(index)] === undefined ? '' : text,
  )
  return issue(message.code, {
    severity: options.severity ?? message.severity,
    text: said.replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? ''),
    extension: [{ url: EXTENSION.messageId, valueString: message.id ?? id }],
    ...(type && { coding: { system: TX_ISSUE_TYPE, code: type } }),
    ...(options.expression !== undefined && { expression: options.expression }),
  })
}

/** That a version-check parameter forbids the version in use, or asks for one where there is none. */
export function versionCheckIssue(
  kind: 'code system' | 'value set',
  [canonical, version, required]: [string | undefined, string | undefined, string],
  options: IssueOptions = {},
): Issue {
  if (version === undefined)
    return txIssue('VALUESET_VERSION_CHECK_NONE', [canonical, version, required, kind], options)
  const id = kind === 'code system' ? 'VALUESET_VERSION_CHECK' : 'VALUESET_CHECK'
  return txIssue(id, [canonical, version, required], options)
}

/** An error of that wording; the status is 422 unless given. */
export function txError(id: MessageId, values: (string | undefined)[], status = 422): FhirError {
  return new FhirError(status, txIssue(id, values))
}

/** A situation without wording of its own, in the same style. */
export function otherIssue(code: IssueCode, text: string, options: IssueOptions = {}): Issue {
  return issue(code, {
    severity: options.severity ?? 'error',
    text,
    ...(options.type && { coding: { system: TX_ISSUE_TYPE, code: options.type } }),
    ...(options.expression !== undefined && { expression: options.expression }),
  })
}

/** That a code is written in another case than its system writes it, in a system where case does not tell codes apart. */
export function caseDifference(given: string, code: string, head: CodeSystemHead, expression: string): Issue {
  const canonical = formatCanonical(head.url, head.version)
  if (!head.caseUnstated) return txIssue('CODE_CASE_DIFFERENCE', [given, code, canonical], { expression })
  const text = `The code '${given}' differs from the correct code '${code}' by case. The code system '${canonical}' does not say whether case matters, so the correct case should be used`
  return otherIssue('business-rule', text, { severity: 'information', type: 'code-rule', expression })
}

/** Texts that make up `message` of a reply, in issue order; undefined when there is nothing to say. */
export function messageOf(issues: Issue[]): string | undefined {
  if (issues.length === 0) return undefined
  const texts = issues.filter((each) => !isSilent(each)).map((each) => each.details?.text ?? '')
  return texts.length > 0 ? texts.join('; ') : undefined
}

const SILENT_INFORMATION = new Set(['invalid-code', 'code-rule', 'process-note'])

function isSilent(each: Issue): boolean {
  const type = each.details?.coding?.[0]?.code ?? ''
  if (type === 'this-code-not-in-vs') return true
  if (each.severity === 'information' && SILENT_INFORMATION.has(type)) return true
  const id = each.extension?.find((extension) => extension.url === EXTENSION.messageId)?.valueString
  const message: Message | undefined = id !== undefined && isMessageId(id) ? MESSAGES[id] : undefined
  return message?.silent === true
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}
