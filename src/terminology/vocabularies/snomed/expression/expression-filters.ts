/** Filters of SNOMED CT, asked of post-coordinated expressions: what passes, and what is taken away by them. */
import { FhirError } from '../../../../fhir/error.ts'
import type { CodeSystemProvider, Ref } from '../../../code-system/code-system.ts'
import { withUnlisted } from '../../../code-system/selection.ts'
import { otherIssue } from '../../../request/messages.ts'
import type { SnomedContent } from '../content.ts'
import { eclFault } from '../ecl/constraint.ts'
import type { EclSubject } from '../ecl/subject.ts'
import { EclError } from '../ecl/syntax/ecl-error.ts'
import { attributeOf } from '../provider/attribute-values.ts'
import type { Expressions } from './expressions.ts'
import { NotTold } from './subsume-expression.ts'
import type { Subsumption } from './subsumption.ts'

/**
 * Whether something that is no concept meets an expression constraint; undefined when that cannot be told. `brings` is for sets that are
 * made of what meets it, `matches` for what is taken away or compared by it.
 */
export type SubjectMeets = (constraint: string, subject: EclSubject, use: 'brings' | 'matches') => boolean | undefined

/** What filters of expressions are made with. */
export interface FilterParts {
  base: CodeSystemProvider
  content: SnomedContent
  expressions: Expressions
  subsumes(general: Ref, special: Ref): boolean
  meets: SubjectMeets
}

/** Expressions that pass a filter, and what is taken away by it where that is something else. */
interface Unlisted {
  has(code: string): boolean
  takes?(code: string): boolean | undefined
}

/**
 * Filters of concepts, with the expressions that pass: by what they are a kind of, by expression constraints, and by `expressions`, which
 * keeps them out when it is false, and by the values of attributes. What other filters ask, such as the module, is stated of no expression:
 * that is an error, for a set that excludes by such a filter would have the expression, and one that includes by it would not.
 */
export function filterWith({
  base,
  content,
  expressions,
  subsumes,
  meets,
}: FilterParts): Pick<CodeSystemProvider, 'filter'> {
  const { filter } = base
  if (!filter) return {}
  const constrained =
    (constraint: string, wanted = true) =>
    (code: string) => {
      const found = expressions.read(code)
      const use = wanted ? 'brings' : 'matches'
      return (
        found !== undefined && told(() => meets(constraint, expressions.subject(found), use), constraint) === wanted
      )
    }
  /** What a constraint brings into a set, and what it takes away. */
  const both = (constraint: string): Unlisted => {
    const takes = (code: string) => {
      const found = expressions.read(code)
      return found !== undefined && answer(() => meets(constraint, expressions.subject(found), 'matches'), constraint)
    }
    return { has: constrained(constraint), takes: (code) => orUndefined(takes(code)) }
  }
  const isRead = (code: string) => expressions.read(code) !== undefined
  const passing = (property: string, op: string, value: string): Unlisted['has'] | Unlisted | undefined => {
    if (property === 'constraint' && op === '=') return both(value)
    if (property === 'expressions') return value.trim() === 'true' ? isRead : undefined
    if (property === 'inactive' && op === '=') return value.trim() === 'false' ? isRead : undefined
    const refined = /^\d+$/.test(property) ? attributeConstraint(property, op, value.trim()) : undefined
    if (refined && attributeOf(content, property) >= 0) return constrained(refined.constraint, refined.isMet)
    if (property !== 'concept' && property !== 'code') return (code) => isRead(code) && notStated(property, op)
    if (op === '=' || op === 'in' || op === 'not-in') return named(op, value)
    const top = base.locate(value.trim())
    if (top === undefined) return undefined
    if (op === 'child-of') return both(`<! ${value}`)
    if (op === 'descendent-leaf')
      return (code) => subsumes(top, code) && !subsumes(code, top) && notStated(property, op)
    if (op === 'is-a' || op === 'descendent-of')
      return (code) => subsumes(top, code) && (op === 'is-a' || !subsumes(code, top))
    if (op === 'is-not-a') return (code) => isRead(code) && !subsumes(top, code)
    return op === 'generalizes' ? (code) => isRead(code) && subsumes(code, top) : undefined
  }
  const isOne = (are: (concept: number) => boolean) => (code: string) => {
    const found = expressions.read(code)
    return found !== undefined && decided(() => isSameAs(expressions.subject(found), are))
  }
  /** Concepts that are named, which an expression may mean the same as; one reference set stands for its members. */
  const named = (op: '=' | 'in' | 'not-in', value: string): Unlisted => {
    const concepts = value.split(',').map((each) => content.ordinalOf(each.trim()))
    const [only = -1] = concepts
    const refset = op === '=' || concepts.length > 1 ? undefined : content.refset(only)
    if (!refset) {
      const isNamed = isOne((concept) => concepts.includes(concept))
      return { has: op === 'not-in' ? (code) => isRead(code) && !isNamed(code) : isNamed }
    }
    if (op === 'not-in') return { has: constrained(`^ ${content.idOf(only)}`, false) }
    // It has no expression (HL7 terminology ecosystem); whether one is meant where it is taken away, nobody can tell.
    const isMember = isOne((concept) => refset.members.includes(concept))
    return { has: isMember, takes: (code) => isRead(code) && (isMember(code) || undefined) }
  }
  return {
    filter: (property, op, value, fail) => {
      const listed = filter(property, op, value, fail)
      const unlisted = listed && passing(property, op, value)
      if (!listed || !unlisted) return listed
      return typeof unlisted === 'function'
        ? withUnlisted(listed, unlisted)
        : withUnlisted(listed, unlisted.has, unlisted.takes)
    },
  }
}

function notStated(property: string, op: string): never {
  const text = `Whether an expression passes the filter '${property}' '${op}' cannot be told: that is stated of concepts alone`
  throw new FhirError(422, otherIssue('not-supported', text))
}

/** A filter by an attribute as an expression constraint, and whether what is looked for meets it. */
function attributeConstraint(attribute: string, op: string, value: string) {
  const refined = (of: string, isMet = true) => ({ constraint: `* : ${attribute} = ${of}`, isMet })
  switch (op) {
    case 'exists':
      return refined('*', value === 'true')
    case '=':
      return refined(value)
    case 'is-a':
      return refined(`<< ${value}`)
    case 'descendent-of':
      return refined(`< ${value}`)
    case 'in':
    case 'not-in': {
      const each = value.split(',').map((one) => `${attribute} = ${one.trim()}`)
      return { constraint: `* : ${each.join(' OR ')}`, isMet: op === 'in' }
    }
    default:
      return undefined
  }
}

/** Whether it means the same as one of some concepts. */
function isSameAs({ same, maySame }: EclSubject, are: (concept: number) => boolean): Subsumption {
  if (same >= 0) return are(same) ? 'yes' : 'no'
  return maySame?.some(are) ? 'unknown' : 'no'
}

/** The answer that can be given. @throws FhirError 422 where none can: it is never taken for no */
export const decided = (ask: () => Subsumption): boolean =>
  told(() => {
    const found = ask()
    return found === 'unknown' ? undefined : found === 'yes'
  })

/** What is told, or why nothing can be. @throws FhirError for a constraint that cannot be evaluated */
function answer(ask: () => boolean | undefined, constraint: string): boolean | string {
  try {
    const found = ask()
    if (found !== undefined) return found
  } catch (error) {
    if (error instanceof EclError) throw eclFault(constraint, error)
    if (!(error instanceof NotTold)) throw error
    return error.message
  }
  const reason = 'it is nested too deep, a refinement may belong to several groups, or an axiom is not understood'
  if (constraint === '') return reason
  return `${reason}; reference sets, filters in {{ }}, children, parents, values of attributes and what is first or last of a set are stated of concepts alone`
}

const orUndefined = (found: boolean | string): boolean | undefined => (typeof found === 'string' ? undefined : found)

function told(ask: () => boolean | undefined, constraint = ''): boolean {
  const found = answer(ask, constraint)
  if (typeof found !== 'string') return found
  const what = constraint === '' ? 'What the expression subsumes' : 'Whether the expression meets the constraint'
  throw new FhirError(422, otherIssue('not-supported', `${what} cannot be told here: ${found}`))
}
