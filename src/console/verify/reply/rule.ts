/** Rules of a reply of $evaluate, with what they were decided by. */
import { all, type Told, text } from '../../api/parameters.ts'

/** A sentence that explains a result, and those that explain it in turn. */
export interface Reason {
  text: string
  /** Library, line and column of the rule's author. */
  place?: string
  parts: Reason[]
}

/** One rule. */
export interface Rule {
  /** Its title, in the language that was asked for where its author has told it so; empty for one without. */
  title: string
  /** Null: a datum was missing, or the rule could not be run. */
  result: boolean | null
  /** It informs; the decision does not rest on it. */
  isInformative: boolean
  message?: string
  /** Why it did not pass. */
  reason?: Reason
  planDefinition?: string
  library?: string
  expression?: string
}

/** Reads them. `areSound` is false where one says something that is neither true, false nor nothing. */
export function readRules(told: readonly Told[]): { rules: Rule[]; areSound: boolean } {
  let areSound = true
  const rules = told.map(({ part }): Rule => {
    const results = all(part, 'result')
    const informative = all(part, 'informative')
    const [result] = results
    const [informs] = informative
    const isClear =
      results.length <= 1 &&
      informative.length <= 1 &&
      (result === undefined || result.type === 'valueBoolean') &&
      (informs === undefined || informs.type === 'valueBoolean')
    if (!isClear) areSound = false
    const reason = all(part, 'evidence').findLast((each) => text(each.part, 'text') !== undefined)
    const expression = text(part, 'expression')
    const action = part.find(({ name }) => name === 'action')
    const member = (name: 'message' | 'planDefinition' | 'library') => {
      const value = text(part, name)
      return value ? { [name]: value } : {}
    }
    return {
      title: action?.translation ?? text(part, 'action') ?? expression ?? '',
      result: isClear && typeof result?.value === 'boolean' ? result.value : null,
      isInformative: isClear && informs?.value === true,
      ...member('message'),
      ...(reason && { reason: readReason(reason) }),
      ...member('planDefinition'),
      ...member('library'),
      ...(expression && { expression }),
    }
  })
  return { rules, areSound }
}

function readReason({ part }: Told): Reason {
  const place = text(part, 'place')
  return {
    text: text(part, 'text') ?? text(part, 'name') ?? '',
    ...(place && { place }),
    parts: all(part, 'evidence').map(readReason),
  }
}
