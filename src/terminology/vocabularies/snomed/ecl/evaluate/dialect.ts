/** Dialects: descriptions that members of language reference sets make acceptable or preferred (ECL 2.2, 6.8 and Appendix C). */
import type { SnomedDescription } from '../../content.ts'
import type { EclAcceptability, EclDialectFilter } from '../syntax/syntax.ts'
import { type Evaluate, isWildcard, listedConcepts, requireKnown } from './component-filter.ts'
import { type EclContext, errorAt } from './plan.ts'

/** Aliases of language reference sets (Appendix C). */
export const dialectAliases: ReadonlyMap<string, string> = new Map([
  ['da-dk', '554461000005103'],
  ['de', '722130004'],
  ['en-au', '32570271000036106'],
  ['en-ca', '19491000087109'],
  ['en-gb', '900000000000508004'],
  ['en-gb-x-drug', '999000681000001101'],
  ['en-gb-x-ext', '999001251000000103'],
  ['en-ie', '21000220103'],
  ['en-nhs-clinical', '999001261000000100'],
  ['en-nhs-dmd', '999000671000001103'],
  ['en-nhs-pharmacy', '999000691000001104'],
  ['en-nz', '271000210107'],
  ['en-nz-x-pat', '281000210109'],
  ['en-us', '900000000000509007'],
  ['en-x-gmdn', '608771002'],
  ['en-x-nhs-clinical', '999001261000000100'],
  ['en-x-nhs-dmd', '999000671000001103'],
  ['en-x-nhs-pharmacy', '999000691000001104'],
  ['es', '450828004'],
  ['es-uy', '5641000179103'],
  ['et-ee', '71000181105'],
  ['fr', '722131000'],
  ['fr-be', '21000172104'],
  ['fr-ca', '20581000087109'],
  ['ja', '722129009'],
  ['mi', '291000210106'],
  ['nb-no', '61000202103'],
  ['nl-be', '31000172101'],
  ['nl-nl', '31000146106'],
  ['nn-no', '91000202106'],
  ['sv-se', '46011000052107'],
  ['zh', '722128001'],
])

/** Reference sets that have an alias. */
const aliased = new Set(dialectAliases.values())

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

function refsetTest(
  context: EclContext,
  { dialect, at }: { dialect: EclDialectFilter['dialects'][number]['dialect']; at: number },
  evaluate: Evaluate,
): (id: string) => boolean {
  if (typeof dialect === 'string') {
    const id = dialectAliases.get(dialect)
    if (id !== undefined) return (refset) => refset === id
    const known = [...dialectAliases.keys()].join(', ')
    throw errorAt(context, 'meaning', [`unknown dialect '${dialect}'; known are ${known}, others by dialectId`, at])
  }
  const concepts = dialect.kind === 'concept' ? [dialect] : listedConcepts(dialect)
  if (concepts) {
    for (const each of concepts) requireKnown(context, each, (id) => aliased.has(id))
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
