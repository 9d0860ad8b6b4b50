/** Filters of concepts and of descriptions: `{{ C … }}` and `{{ D … }}` (ECL 2.2, 6.8 and 6.9). */
import { commonOrdinals } from '../../../../code-system/ordinals.ts'
import type { SnomedDescription } from '../../content.ts'
import { withoutMarks } from '../../term-words.ts'
import type {
  EclConceptFilter,
  EclDescriptionFilter,
  EclMemberFieldFilter,
  EclMemberFilter,
  EclTypeToken,
} from '../syntax/syntax.ts'
import { every } from './algebra-plan.ts'
import { componentTest, type Evaluate, idTest } from './component-filter.ts'
import { dialectTest } from './dialect.ts'
import { type EclContext, type EclPlan, passing, remembered } from './plan.ts'
import { foldedTerm, type TermTest, termTest, weightOfTerms } from './term-match.ts'

const primitive = '900000000000074008'
const defined = '900000000000073002'

/** A filter of the members of a set, one by one. */
interface MemberFilter {
  passes(concept: number): boolean
  /** Steps for each member. */
  price: number
  /** Concepts among which are all that pass, where they are found without the set. */
  found?(): Int32Array | undefined
}

/** The members of a set that pass. */
function filterPlan({ content, cost }: EclContext, base: EclPlan, { passes, price, found }: MemberFilter): EclPlan {
  return remembered(cost, {
    get atMost() {
      return base.atMost
    },
    price: base.price + price,
    get whole() {
      return base.whole + base.atMost * price
    },
    has: (concept) => concept >= 0 && concept < content.count && base.has(concept) && passes(concept),
    // Module, time, activity and terms are stated of concepts alone: of anything else nobody can tell whether it would pass.
    matches: (subject) => every([base.matches(subject), undefined]),
    *all() {
      const few = found?.()
      if (!few) return yield* passing(yield* base.all(), passes, { cost, price })
      const kept =
        few.length * 8 * base.price < base.atMost
          ? yield* passing(few, (concept) => base.has(concept), { cost, price: base.price })
          : commonOrdinals(few, yield* base.all())
      return yield* passing(kept, passes, { cost, price })
    },
  })
}

/** Members of a set with the properties asked for. */
export function conceptFilterPlan(
  context: EclContext,
  base: EclPlan,
  { filters, evaluate }: { filters: readonly EclConceptFilter[]; evaluate: Evaluate },
): EclPlan {
  const tests = filters.map((filter) => conceptTest(context, filter, evaluate))
  return filterPlan(context, base, {
    passes: (concept) => tests.every((test) => test(concept)),
    price: filters.reduce((total, each) => total + 1 + Math.ceil(weightOf(each) / comparedPerStep), 0),
  })
}

function conceptTest(context: EclContext, filter: EclConceptFilter, evaluate: Evaluate): (concept: number) => boolean {
  const { content } = context
  switch (filter.field) {
    case 'definitionStatus': {
      const isDefined = filter.tokens.includes('defined')
      const isPrimitive = filter.tokens.includes('primitive')
      const is = filter.operator === '='
      return (concept) => (content.isDefined(concept) ? isDefined : isPrimitive) === is
    }
    case 'definitionStatusId': {
      const test = idTest(context, filter, { evaluate, isKnown: (id) => id === primitive || id === defined })
      return (concept) => test(content.isDefined(concept) ? defined : primitive)
    }
    default: {
      const test = componentTest(context, filter, evaluate)
      return (concept) =>
        test({
          isActive: content.isActive(concept),
          effectiveTime: content.effectiveTimeOf(concept),
          module: content.moduleOf(concept),
        })
    }
  }
}

const TYPES: Readonly<Record<EclTypeToken, string>> = {
  fsn: '900000000000003001',
  syn: '900000000000013009',
  def: '900000000000550004',
}

/** Values of a list that are compared in the time of one step. */
const comparedPerStep = 8

/** What the texts and values that a filter lists cost, for each component that is compared with them. */
export function weightOf(filter: EclConceptFilter | EclDescriptionFilter | EclMemberFilter): number {
  switch (filter.field) {
    case 'member':
      return weightOfComparison(filter.comparison)
    case 'term':
      return weightOfTerms(filter.terms)
    case 'effectiveTime':
      return filter.times.length
    case 'language':
      return filter.codes.length
    case 'dialect':
    case 'dialectId':
      return filter.dialects.length
    default:
      return 0
  }
}

function weightOfComparison(comparison: EclMemberFieldFilter['comparison']): number {
  if (comparison.kind === 'text') return weightOfTerms(comparison.terms)
  return comparison.kind === 'time' ? comparison.times.length : 0
}

/** What the descriptions of one concept cost to read, as a multiple of a look at the hierarchy. */
const priceOfDescriptions = 40

/** Members of a set with a description that passes all filters of the block. */
export function descriptionFilterPlan(
  context: EclContext,
  base: EclPlan,
  { filters, evaluate }: { filters: readonly EclDescriptionFilter[]; evaluate: Evaluate },
): EclPlan {
  const terms = termTests(filters)
  const tests = filters.map((filter) => descriptionTest(context, filter, { evaluate, terms }))
  // Descriptions are active unless the filter says something of it.
  if (!filters.some((each) => each.field === 'active')) tests.unshift((each) => each.isActive)
  const texts = filters.reduce((total, each) => total + weightOf(each), 0)
  return filterPlan(context, base, {
    passes: (concept) => context.content.descriptions(concept).some((each) => tests.every((test) => test(each))),
    price: priceOfDescriptions * Math.max(1, filters.length) + texts,
    found: () => foundByWords(context, filters, terms),
  })
}

type TermTests = ReadonlyMap<EclDescriptionFilter, readonly TermTest[]>

const termTests = (filters: readonly EclDescriptionFilter[]): TermTests =>
  new Map(filters.flatMap((filter) => (filter.field === 'term' ? [[filter, filter.terms.map(termTest)]] : [])))

function descriptionTest(
  context: EclContext,
  filter: EclDescriptionFilter,
  { evaluate, terms }: { evaluate: Evaluate; terms: TermTests },
): (description: SnomedDescription) => boolean {
  const is = filter.operator === '='
  switch (filter.field) {
    case 'term': {
      const wanted = terms.get(filter) ?? []
      return ({ term, language }) => {
        const folded = foldedTerm(term)
        return wanted.some((each) => each.test(folded, language)) === is
      }
    }
    case 'language': {
      const codes = new Set(filter.codes)
      return ({ language }) => codes.has(language.toLowerCase()) === is
    }
    case 'type': {
      const types = new Set(filter.tokens.map((each) => TYPES[each]))
      return ({ type }) => types.has(type) === is
    }
    case 'typeId': {
      const known = new Set(Object.values(TYPES))
      const test = idTest(context, filter, { evaluate, isKnown: (id) => known.has(id) })
      return ({ type }) => test(type)
    }
    case 'dialect':
    case 'dialectId':
      return dialectTest(context, filter, evaluate)
    case 'id': {
      const ids = new Set(filter.ids)
      return ({ id }) => ids.has(id) === is
    }
    default:
      return componentTest(context, filter, evaluate)
  }
}

/** Concepts of which a term may have the words of a filter: those that an index of words finds, where one filter says enough. */
function foundByWords(
  { content }: EclContext,
  filters: readonly EclDescriptionFilter[],
  terms: TermTests,
): Int32Array | undefined {
  for (const filter of filters) {
    const [only, ...others] = terms.get(filter) ?? []
    if (!only || others.length > 0 || filter.operator !== '=' || only.words.length === 0) continue
    return content.concepts(only.words.map(withoutMarks))
  }
  return undefined
}
