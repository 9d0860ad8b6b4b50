/** SNOMED CT with post-coordinated expressions as codes: a handle that is a text is an expression that holds. */
import { keep } from '../../../../base/keep.ts'
import { FhirError } from '../../../../fhir/error.ts'
import type { CodeSystemProvider, ConceptProperty, LookedUpProperty, Ref } from '../../../code-system/code-system.ts'
import { asOrdinal, filteredSelection, type Selection, withUnlisted } from '../../../code-system/selection.ts'
import { otherIssue } from '../../../request/messages.ts'
import type { SnomedContent } from '../content.ts'
import { eclFault } from '../ecl/constraint.ts'
import type { EclSubject } from '../ecl/subject.ts'
import { EclError } from '../ecl/syntax/ecl-error.ts'
import { attributeOf, readConcrete } from '../provider/attribute-values.ts'
import { memberOf } from '../provider/properties.ts'
import { conceptModelRemarks, type Meets } from './concept-model.ts'
import { type Expressions, expressionsOf, type ReadExpression } from './expressions.ts'
import { printExpression } from './print-expression.ts'
import { printResolved, type ResolvedAttribute } from './resolve-expression.ts'
import { NotTold } from './subsume-expression.ts'
import type { Subsumption } from './subsumption.ts'

/** Whether something that is no concept meets an expression constraint; undefined when that cannot be told. */
export type SubjectMeets = (constraint: string, subject: EclSubject) => boolean | undefined

/** A provider of concepts alone, made one of expressions, too. */
export function withExpressions(
  base: CodeSystemProvider,
  content: SnomedContent,
  meets: SubjectMeets,
): CodeSystemProvider {
  const expressions = expressionsOf(content)
  const read = (ref: Ref): ReadExpression | undefined => (typeof ref === 'string' ? expressions.read(ref) : undefined)
  const meant = (ref: Ref): ReadExpression | number | undefined => (typeof ref === 'number' ? ref : read(ref))
  const subsumes = (general: Ref, special: Ref): boolean => {
    const [a, b] = [meant(general), meant(special)]
    if (a === undefined || b === undefined) return false
    if (typeof a === 'number' && typeof b === 'number') return base.subsumes(a, b)
    return decided(() => expressions.subsumes(a, b))
  }
  /** What the base says of concepts, and something else of expressions. */
  const either =
    <T>(ofConcept: (ref: Ref) => T, ofExpression: (read: ReadExpression) => T) =>
    (ref: Ref): T => {
      const found = read(ref)
      return found ? ofExpression(found) : ofConcept(ref)
    }
  const isRead = (code: string) => expressions.read(code) !== undefined
  const meetsRange = constraintsOf(base)
  const terms = (concept: number) => base.display(concept)
  return {
    ...base,
    all: withUnlisted(base.all, isRead),
    locate: (code) => {
      const concept = base.locate(code)
      if (concept !== undefined) return concept
      const found = expressions.read(code)
      if (!found) return undefined
      // White space and terms make no other expression; a concept with its term is that concept.
      const written = printExpression(found.expression)
      return base.locate(written) ?? written
    },
    code: either(base.code, ({ text }) => text),
    display: either(base.display, (found) => expressions.display(found, terms)),
    definition: either(base.definition, () => undefined),
    designations: either(base.designations, () => []),
    properties: either(base.properties, (found) =>
      expressions.attributes(found).map((each) => propertyOf(each, content)),
    ),
    extensions: either(base.extensions, () => []),
    isInactive: either(base.isInactive, () => false),
    isAbstract: either(base.isAbstract, () => false),
    status: either(base.status, () => undefined),
    parents: either(base.parents, ({ resolved }) => [...resolved.focus]),
    children: either(base.children, () => []),
    subsumes,
    descendants: (ref) => {
      const found = read(ref)
      const below = found ? belowExpression(found, { base, subsumes }) : base.descendants(ref)
      return withUnlisted(below, (code) => subsumes(ref, code))
    },
    ...filterWith({ base, content, expressions, subsumes, meets }),
    // Its display is put together of those of its concepts.
    displayLanguage: (ref) => base.displayLanguage?.(read(ref)?.resolved.focus[0] ?? ref),
    formerDesignations: (ref) => (typeof ref === 'string' ? [] : (base.formerDesignations?.(ref) ?? [])),
    successors: (ref) => (typeof ref === 'string' ? undefined : base.successors?.(ref)),
    translate: (ref, language) => {
      const found = read(ref)
      if (!found) return base.translate?.(ref, language)
      return expressions.display(found, (concept) => base.translate?.(concept, language) ?? base.display(concept))
    },
    lookUp: (ref, asked, languages) => {
      const found = read(ref)
      const ofConcept = (concept: number) => base.lookUp?.(concept, asked, languages) ?? []
      return found ? lookedUp(found, { expressions, content, ofConcept, terms }) : ofConcept(asOrdinal(ref))
    },
    remarks: either(
      () => [],
      ({ resolved }) => {
        const against = conceptModelRemarks(resolved, content, meetsRange)
        return [{ severity: 'information' as const, text: NOT_CHECKED }, ...against.map(warning)]
      },
    ),
    explain: (code) => base.explain?.(code) ?? expressions.fault(code),
  }
}

/** Constraints of the concept model that are kept. */
const KEPT = 100

/** Whether concepts meet constraints; undefined for one that cannot be evaluated in this release: an extract lacks what they name. */
function constraintsOf(base: CodeSystemProvider): Meets {
  const kept = keep<string, Selection | undefined>(KEPT)
  const evaluated = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (error instanceof FhirError) return undefined
      throw error
    }
  }
  const fail = (reason: string) => new Error(reason)
  return (constraint, concept) => {
    const found = kept.of(constraint, () => evaluated(() => base.filter?.('constraint', '=', constraint, fail)))
    return evaluated(() => found?.has(concept))
  }
}

/** Of the HL7 terminology ecosystem: that an expression holds says nothing of the concept model as a whole. */
const NOT_CHECKED =
  'The expression is grammatically correct and the concepts are valid, but the expression has not been checked against the SNOMED CT concept model (MRCM)'

const warning = (text: string) => ({ severity: 'warning' as const, text: `SNOMED CT concept model (MRCM): ${text}` })

/** What a look-up says of its concepts, and its own attributes; parents and children are those of its concepts. */
function lookedUp(
  found: ReadExpression,
  {
    expressions,
    content,
    ofConcept,
    terms,
  }: Pick<Parts, 'expressions' | 'content'> & {
    ofConcept(concept: number): LookedUpProperty[]
    terms(concept: number): string | undefined
  },
): LookedUpProperty[] {
  const own = expressions.attributes(found).map(
    (attribute): LookedUpProperty => ({
      ...propertyOf(attribute, content),
      codeDisplay: terms(attribute.type),
      ...('concept' in attribute.value && { description: terms(attribute.value.concept) }),
    }),
  )
  const all = [...found.resolved.focus.flatMap(ofConcept), ...own]
  return [...new Map(all.map((each) => [JSON.stringify([each.code, each.value, each.subproperty]), each])).values()]
}

/** The concepts below one of the concepts of an expression that it takes in. */
function belowExpression(
  { text, resolved }: ReadExpression,
  { base, subsumes }: { base: CodeSystemProvider; subsumes: (general: Ref, special: Ref) => boolean },
): Selection {
  const [first = -1] = resolved.focus
  return filteredSelection(base.descendants(first), (ref) => subsumes(text, ref))
}

function propertyOf({ type, value }: ResolvedAttribute, content: SnomedContent): ConceptProperty {
  const code = content.idOf(type)
  if ('nested' in value) return { code, member: 'valueString', value: printResolved(value.nested, content) }
  const plain = 'concept' in value ? value : { concrete: readConcrete(value.concrete) }
  return { code, ...memberOf(content, plain) }
}

interface Parts {
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
function filterWith({ base, content, expressions, subsumes, meets }: Parts): Pick<CodeSystemProvider, 'filter'> {
  const { filter } = base
  if (!filter) return {}
  const constrained =
    (constraint: string, wanted = true) =>
    (code: string) => {
      const found = expressions.read(code)
      return found !== undefined && told(() => meets(constraint, expressions.subject(found)), constraint) === wanted
    }
  const isRead = (code: string) => expressions.read(code) !== undefined
  const passing = (property: string, op: string, value: string): Unlisted['has'] | Unlisted | undefined => {
    if (property === 'constraint' && op === '=') return constrained(value)
    if (property === 'expressions') return value.trim() === 'true' ? isRead : undefined
    if (property === 'inactive' && op === '=') return value.trim() === 'false' ? isRead : undefined
    const refined = /^\d+$/.test(property) ? attributeConstraint(property, op, value.trim()) : undefined
    if (refined && attributeOf(content, property) >= 0) return constrained(refined.constraint, refined.isMet)
    if (property !== 'concept' && property !== 'code') return (code) => isRead(code) && notStated(property, op)
    if (op === '=' || op === 'in' || op === 'not-in') return named(op, value)
    const top = base.locate(value.trim())
    if (top === undefined) return undefined
    if (op === 'child-of') return constrained(`<! ${value}`)
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

/** The answer that can be given; an error where none can: it is never taken for no. */
const decided = (ask: () => Subsumption): boolean =>
  told(() => {
    const found = ask()
    return found === 'unknown' ? undefined : found === 'yes'
  })

function told(ask: () => boolean | undefined, constraint = ''): boolean {
  let reason = 'it is nested too deep, a refinement may belong to several groups, or an axiom is not understood'
  if (constraint !== '') reason += '; reference sets and filters in {{ }} are stated of concepts alone'
  try {
    const found = ask()
    if (found !== undefined) return found
  } catch (error) {
    if (error instanceof EclError) throw eclFault(constraint, error)
    if (!(error instanceof NotTold)) throw error
    reason = error.message
  }
  throw new FhirError(
    422,
    otherIssue(
      'not-supported',
      `${constraint === '' ? 'What the expression subsumes' : 'Whether the expression meets the constraint'} cannot be told here: ${reason}`,
    ),
  )
}
