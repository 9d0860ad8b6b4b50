/** The rules of a plan definition as a reader of laws sees them (https://hl7.org/fhir/R4/plandefinition.html, docs/rule-author.md). */
import { conceptWords } from './concept.ts'
import { type Related, relatedOf } from './library.ts'
import { type Reading, translated } from './reading.ts'

/** A condition: `applicability` decides, `start` and `stop` say when. */
export interface Condition {
  kind: string
  /** Media type of the expression, e.g. `text/cql-identifier`. */
  language: string
  expression: string
  /** What it says in words, where the author wrote that down. */
  description: string
  /** Canonical of the library, where the expression names one. */
  reference: string
}

/** One rule: an action with what is below it. */
export interface Rule {
  title: string
  /** What is asked. */
  asked: string
  /** What is said when it is not met. */
  unmet: string
  kind: string
  conditions: Condition[]
  documents: Related[]
  rules: Rule[]
}

/** Deeper rules are left out, and noted. */
const deepest = 12

/** Reads the rules of a plan in a language. */
export function rulesOf(plan: Reading, language: string, depth = 0): Rule[] {
  if (depth > deepest) {
    if (plan.has('action')) plan.odd.add(`${plan.path}.action`.slice(0, 200))
    return []
  }
  return plan.children('action').map((action) => ({
    title: translated(action, 'title', language),
    asked: translated(action, 'description', language),
    unmet: translated(action, 'textEquivalent', language),
    kind: action.children('code').map(conceptWords).filter(Boolean).join(', '),
    conditions: action.children('condition').map(conditionOf),
    documents: relatedOf(action, 'documentation'),
    rules: rulesOf(action, language, depth + 1),
  }))
}

function conditionOf(reading: Reading): Condition {
  const expression = reading.child('expression')
  return {
    kind: reading.text('kind'),
    language: expression.text('language'),
    expression: expression.text('expression') || expression.text('name'),
    description: expression.text('description'),
    reference: expression.text('reference'),
  }
}
