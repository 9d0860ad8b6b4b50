/** What authors are told of an expression, beyond that it can be read. */
import type { ConstraintRemark } from '../../../code-system/code-system.ts'
import type { SnomedContent } from '../content.ts'
import { lowerCase } from '../term-words.ts'
import { conceptsOf } from './concepts-of.ts'
import { eclSet } from './ecl.ts'
import { termOf, unknownConcept } from './evaluate/resolve.ts'
import { EclError, placeIn } from './syntax/ecl-error.ts'
import { parseEcl } from './syntax/parse.ts'
import { printEcl } from './syntax/print.ts'
import type { EclConcept } from './syntax/syntax.ts'

/** An expression as it was understood. */
export interface CheckedEcl {
  /** The brief syntax, which is the normative one; undefined for what cannot be read. */
  brief?: string
  /** In the order of the text. Without an error the expression can be evaluated. */
  remarks: ConstraintRemark[]
}

/** Remarks after which a server looks for no more: each unknown concept is searched for among all. */
export const mostRemarks = 20

/**
 * Reads an expression and looks up what it names: every unknown concept with those that are near to it, terms that are none of the concept,
 * and concepts that are inactive. Without a release the syntax alone is judged.
 * @param most remarks after which no more concepts are looked up
 */
export function checkEcl(text: string, content: SnomedContent | undefined, most = Infinity): CheckedEcl {
  const remarks: ConstraintRemark[] = []
  try {
    const expression = parseEcl(text)
    if (content) {
      for (const concept of conceptsOf(expression)) {
        if (remarks.length >= most) break
        const said = remarkOf(content, concept)
        if (said) remarks.push({ ...said, ...placeIn(text, concept.at) })
      }
      if (!remarks.some((each) => each.severity === 'error')) eclSet(content, text)
    }
    return { brief: printEcl(expression), remarks }
  } catch (error) {
    if (!(error instanceof EclError)) throw error
    const { message, line, column } = error
    return { remarks: [...remarks, { severity: 'error', text: message, line, column }] }
  }
}

/** Concepts of the metadata that filters name; a release that is a part may lack them. */
const METADATA = /^9000000000000\d{5}$|^900000000000\d{6}$/

function remarkOf(
  content: SnomedContent,
  { id, term }: EclConcept,
): Pick<ConstraintRemark, 'severity' | 'text'> | undefined {
  const concept = content.ordinalOf(id)
  if (concept < 0) {
    // Whether a filter can do without is decided where it is evaluated.
    return METADATA.test(id) ? undefined : { severity: 'error', text: unknownConcept(content, { id, term }) }
  }
  if (term !== undefined && !isTermOf(content, concept, term)) {
    const text = `term mismatch: '${term}' is no term of ${id} |${termOf(content, concept)}|`
    return { severity: 'warning', text }
  }
  if (content.isActive(concept)) return undefined
  return { severity: 'warning', text: `${id} |${termOf(content, concept)}| is inactive` }
}

/** Whether a text is a term of a concept, whatever its case and spaces. */
function isTermOf(content: SnomedContent, concept: number, term: string): boolean {
  const plain = (text: string) => lowerCase(text).replace(/\s+/g, ' ').trim()
  return content.descriptions(concept).some((each) => plain(each.term) === plain(term))
}
