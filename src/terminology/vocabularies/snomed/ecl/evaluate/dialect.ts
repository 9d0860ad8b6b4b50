/** Dialects: descriptions that members of language reference sets make acceptable or preferred (ECL 2.2, 6.8 and Appendix C). */
import type { SnomedDescription } from '../../content.ts'
import { dialectRefsets, knownDialects } from '../../dialects.ts'
import type { EclAcceptability, EclDialectFilter } from '../syntax/syntax.ts'
import { type Evaluate, isWildcard, listedConcepts, requireKnown } from './component-filter.ts'
import { type EclContext, errorAt } from './plan.ts'

const PREFERRED = '900000000000548007'
const ACCEPTABLE = '900000000000549004'

type Said = SnomedDescription['dialects'][number]

/** Whether what language reference sets say of a description fits one of the dialects. */
export function dialectTest(
  context: EclContext,
  filter: EclDialectFilter,
  evaluate: Evaluate,
): (description: SnomedDescription) => boolean {
  const whole = acceptabilityTest(context, filter.acceptability)
  const tests = filter.dialects.map(({ dialect, acceptability }) => {
    const isMeant = refsetTest(context, { dialect, at: placeOf(filter) }, evaluate)
    const isAccepted = acceptability ? acceptabilityTest(context, acceptability) : whole
    return (said: Said) => isMeant(said.refset) && isAccepted(said.acceptability)
  })
  const is = filter.operator === '='
  return ({ dialects }) => dialects.some((said) => tests.some((test) => test(said))) === is
}

/** Where the first thing stands that has a place. */
function placeOf({ dialects }: EclDialectFilter): number {
  for (const { dialect } of dialects) if (typeof dialect !== 'string') return dialect.at
  return 0
}

/** A release that is a part may lack the concept of a reference set whose members it has. */
const isNamed = (id: string) => knownDialects.some((each) => dialectRefsets(each).includes(id))

function refsetTest(
  context: EclContext,
  { dialect, at }: { dialect: EclDialectFilter['dialects'][number]['dialect']; at: number },
  evaluate: Evaluate,
): (id: string) => boolean {
  if (typeof dialect === 'string') {
    const named = dialectRefsets(dialect)
    if (named.length > 0) return (refset) => named.includes(refset)
    const reason = `unknown dialect '${dialect}'; known are ${knownDialects.join(', ')}, others by dialectId`
    throw errorAt(context, 'meaning', [reason, at])
  }
  const concepts = dialect.kind === 'concept' ? [dialect] : listedConcepts(dialect)
  if (concepts) {
    for (const each of concepts) requireKnown(context, each, isNamed)
    const ids = new Set(concepts.map((each) => each.id))
    return (refset) => ids.has(refset)
  }
  if (dialect.kind !== 'sub' || isWildcard(dialect)) return () => true
  const plan = evaluate(dialect)
  return (refset) => plan.has(context.content.ordinalOf(refset))
}

function acceptabilityTest(context: EclContext, wanted: EclAcceptability | undefined): (id: string) => boolean {
  if (!wanted) return () => true
  const ids = new Set(
    wanted.map((each) => {
      if (each === 'accept') return ACCEPTABLE
      if (each === 'prefer') return PREFERRED
      requireKnown(context, each, (id) => id === ACCEPTABLE || id === PREFERRED)
      return each.id
    }),
  )
  return (acceptability) => ids.has(acceptability)
}
