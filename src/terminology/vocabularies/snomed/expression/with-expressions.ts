/** SNOMED CT with post-coordinated expressions as codes: a handle that is a text is an expression that holds. */
import { keep } from '../../../../base/keep.ts'
import { FhirError } from '../../../../fhir/error.ts'
import type { CodeSystemProvider, ConceptProperty, LookedUpProperty, Ref } from '../../../code-system/code-system.ts'
import { listMemory } from '../../../code-system/list-memory.ts'
import { asOrdinal, filteredSelection, type Selection, withUnlisted } from '../../../code-system/selection.ts'
import type { SnomedContent } from '../content.ts'
import { readConcrete } from '../provider/attribute-values.ts'
import { memberOf } from '../provider/properties.ts'
import { conceptModelRemarks, type Meets } from './concept-model.ts'
import { decided, type FilterParts, filterWith, type SubjectMeets } from './expression-filters.ts'
import { expressionsOf, type ReadExpression } from './expressions.ts'
import { printExpression } from './print-expression.ts'
import { printResolved, type ResolvedAttribute } from './resolve-expression.ts'

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
      // What may be told another time is no answer.
      if (error instanceof FhirError && error.status < 500) return undefined
      throw error
    }
  }
  const fail = (reason: string) => new Error(reason)
  const meets: Meets = (constraint, concept) => {
    const found = kept.of(constraint, () => evaluated(() => base.filter?.('constraint', '=', constraint, fail)))
    return evaluated(() => found?.has(concept))
  }
  listMemory.whenFull(meets, () => kept.clear())
  return meets
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
  }: Pick<FilterParts, 'expressions' | 'content'> & {
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
