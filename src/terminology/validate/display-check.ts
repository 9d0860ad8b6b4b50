import type { Issue } from '../../fhir/types.ts'
import { isDisplayLike, sameText, type Text } from '../code-system/designations.ts'
import { EXTENSION, extensionText } from '../code-system/extensions.ts'
import { type Languages, servesAny } from '../request/languages.ts'
import { alternatives, txIssue } from '../request/messages.ts'
import type { CodedValue } from '../request/value.ts'

/** Whether a display may stand for a concept, in the wished languages (https://hl7.org/fhir/R4/valueset-operation-validate-code.html, parameter display). */
export function checkDisplay(
  value: CodedValue,
  texts: Text[],
  options: {
    languages: Languages | undefined
    lenient: boolean
    /** Texts that were once correct, each with its status; asked for only where the display is none that is. */
    former(): readonly { value: string; language?: string | undefined; status: string }[]
  },
): Issue[] {
  const { display } = value
  if (display === undefined || texts.length === 0) return []
  const { languages } = options
  const inLanguage = (text: { language?: string | undefined }) =>
    !languages || languages.any || !text.language || servesAny(languages, text.language)
  const eligible = texts.filter(inLanguage)
  const given = eligible.find((each) => sameText(each.value, display))
  const valid = eligible.filter((each) => isDisplayLike(each) && !standing(each))
  if (given) {
    const status = standing(given)
    return status === undefined ? [] : [noLongerCorrect(value, valid, status)]
  }
  const once = options.former().find((each) => inLanguage(each) && sameText(each.value, display))
  if (once) return [noLongerCorrect(value, valid, once.status)]
  const severity = options.lenient ? 'warning' : 'error'
  if (!eligible.some(isDisplayLike)) return noneInLanguage(value, texts, languages, severity)
  const spaced = valid.some((each) => sameText(squeeze(each.value), squeeze(display)))
  const id = spaced
    ? 'Display_Name_WS_for__should_be_one_of__instead_of'
    : 'Display_Name_for__should_be_one_of__instead_of'
  const choices = [
    ...new Set(
      valid
        .filter((each) => !valid.some((other) => repeats(each, other)))
        .map((each) => (each.language ? `'${each.value}' (${each.language})` : `'${each.value}'`)),
    ),
  ]
  return [
    txIssue(
      id,
      [String(choices.length), value.system, value.code, alternatives(choices), display, languages?.given ?? '--'],
      { expression: value.at('display'), severity, count: choices.length },
    ),
  ]
}

/** Whether a text says the same as another one does for a narrower language, e.g. `en` beside `en-US`. */
const repeats = (text: Text, other: Text): boolean =>
  text !== other &&
  text.value === other.value &&
  text.language !== undefined &&
  other.language?.startsWith(`${text.language}-`) === true

function noneInLanguage(
  value: CodedValue,
  texts: Text[],
  languages: Languages | undefined,
  severity: 'warning' | 'error',
): Issue[] {
  const options = { expression: value.at('display') }
  const standard = texts.find((each) => each.isDisplay)
  const given = texts.find((each) => sameText(each.value, value.display ?? ''))
  if (given && (given.isDisplay || given.language === standard?.language)) {
    return [
      txIssue(
        'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK',
        ['', value.system, value.code, languages?.given, value.display],
        options,
      ),
    ]
  }
  return [
    txIssue(
      'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR',
      [value.display, value.system, value.code, languages?.given, standard?.value],
      { ...options, severity },
    ),
  ]
}

function noLongerCorrect(value: CodedValue, valid: Text[], status: string): Issue {
  const choices = [...new Set(valid.map((each) => each.value))]
  const listed = choices.length === 1 ? choices[0] : commaText(choices)
  return txIssue('INACTIVE_DISPLAY_FOUND', ['', value.display, value.code, listed, status], {
    expression: value.at('display'),
    count: choices.length,
  })
}

/** Several texts as the wording has them: in order, in double quotes where they hold blanks, with a full stop behind the last. */
const commaText = (texts: string[]): string =>
  `${[...texts]
    .sort()
    .map((each) => (/[\s",]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each))
    .join(',')}.`

/** The status of a designation that should not be used any more. */
function standing(text: Text): string | undefined {
  const status = extensionText(text.extension, EXTENSION.standardsStatus)
  return status === 'withdrawn' || status === 'deprecated' ? status : undefined
}

const squeeze = (text: string) => text.trim().replace(/\s+/g, ' ')
