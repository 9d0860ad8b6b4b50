/** Expressions over the small release, as syntax trees: every operator, filter and refinement, nested within each other. */
import fc from 'fast-check'
import type {
  EclComparison,
  EclComponentFilter,
  EclConcept,
  EclConceptFilter,
  EclConceptValue,
  EclDescriptionFilter,
  EclDialectFilter,
  EclExpression,
  EclFilterBlock,
  EclMemberFilter,
  EclRefinement,
  EclSearchTerm,
  EclSubExpression,
} from '../../../src/terminology/vocabularies/snomed/ecl/syntax/syntax.ts'
import { sct } from './rf2-rows.ts'
import { small } from './small-release.ts'

/** Concepts worth asking for: some of each corner of the release. */
const keys =
  'body wing leftwing rightwing limb skin feather change inflammation swelling tear burn disorder finding wingdisorder wingitis leftwingitis bothwingitis mitewingitis tornwing tornburnt tornfeather abscesswing skinburn product resinsalve mixture triple resin honey left qualifier organism oldwingitis wingsores twowingitis site attribute'.split(
    ' ',
  )
const attributeKeys =
  'site directsite morphology agent dueto severity laterality ingredient strength count unit vegan label'.split(' ')
const refsetIds = [
  ...['flock', 'rare', 'mapset', 'simpleset', 'wing'].map(small),
  '900000000000527005',
  '900000000000526001',
  '900000000000523009',
  '900000000000522004',
]

const bare = (focus: EclSubExpression['focus']): EclSubExpression => ({
  kind: 'sub',
  at: 0,
  focus,
  memberFilters: [],
  filters: [],
})

const concept = (id: string, term?: string): EclConcept => ({ kind: 'concept', id, at: 0, ...(term && { term }) })

const oneOf = (ids: readonly string[]): fc.Arbitrary<EclConcept> =>
  fc
    .tuple(
      fc.constantFrom(...ids),
      fc.option(fc.constantFrom('a term', 'größer, (weiter) {{'), { nil: undefined, freq: 5 }),
    )
    .map(([id, term]) => concept(id, term))

const anyConcept = oneOf([...keys.map(small), sct.root])
const attributeName = oneOf(attributeKeys.map(small))
const equality = fc.constantFrom('=' as const, '!=' as const)
const order = fc.constantFrom('=', '!=', '<', '<=', '>', '>=' as const) as fc.Arbitrary<
  '=' | '!=' | '<' | '<=' | '>' | '>='
>
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 2 })

const cardinality = fc.option(
  fc.constantFrom(
    { min: 0, max: 0 },
    { min: 0, max: 1 },
    { min: 1, max: 1 },
    { min: 2, max: Number.POSITIVE_INFINITY },
    { min: 1, max: Number.POSITIVE_INFINITY },
    { min: 0, max: Number.POSITIVE_INFINITY },
    { min: 1, max: 2 },
    { min: 3, max: 3 },
  ),
  { nil: undefined, freq: 2 },
)

const searchTerm: fc.Arbitrary<EclSearchTerm> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('plain' as const, 'match' as const),
    text: fc.constantFrom(
      'wing',
      'infl',
      'wing infl',
      'OF WING',
      'flug',
      'flüg',
      'flügelriß',
      'torn',
      'j45.9',
      '/',
      'w',
      'salve',
      '\\"',
      'weak salve',
      'strong \\"salve\\"',
      'a#b',
    ),
  }),
  fc.record({
    kind: fc.constant('wild' as const),
    text: fc.constantFrom(
      '*wing*',
      'wing*',
      '*itung',
      'Torn wing',
      '*',
      'inf*of*',
      'T*1',
      'J4*',
      '*\\**',
      'fl*z*g',
      '*salve\\"',
    ),
  }),
)

const times = some(fc.constantFrom('20200131', '20250731', '20270131', '19990101', ''))

const build = () =>
  fc.letrec<{
    expression: EclExpression
    sub: EclSubExpression
    refinement: EclRefinement
    attributes: EclRefinement
  }>((tie) => {
    const sub = tie('sub')
    const nested = tie('expression').map((expression) => bare({ kind: 'nested', expression }))
    const value = fc.oneof({ maxDepth: 3 }, anyConcept.map(bare), operatorOn(anyConcept.map(bare)), sub)
    return {
      expression: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        sub,
        fc.record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          operands: fc.array(sub, { minLength: 2, maxLength: 3 }),
        }),
        fc.record({ kind: fc.constant('minus' as const), operands: fc.array(sub, { minLength: 2, maxLength: 2 }) }),
        fc.record({ kind: fc.constant('refined' as const), focus: sub, refinement: tie('refinement') }),
        fc.record({
          kind: fc.constant('dotted' as const),
          focus: sub,
          attributes: fc.array(nameOf(sub), { minLength: 1, maxLength: 2 }),
        }),
      ),
      sub: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 3, arbitrary: operatorOn(anyConcept.map(bare)) },
        { weight: 1, arbitrary: operatorOn(fc.constant(bare({ kind: 'any' }))) },
        { weight: 1, arbitrary: fc.constant(bare({ kind: 'alternate', scheme: 'Codex', code: 'W 1/2', at: 0 })) },
        { weight: 2, arbitrary: operatorOn(nested) },
        {
          weight: 2,
          arbitrary: filteredBy(
            operatorOn(fc.oneof(nested, anyConcept.map(bare), fc.constant(bare({ kind: 'any' })))),
            sub,
          ),
        },
        { weight: 2, arbitrary: membersOf(nested, value) },
      ),
      refinement: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 3, arbitrary: attribute(value, sub) },
        { weight: 2, arbitrary: group(tie('attributes')) },
        { weight: 2, arbitrary: joined(tie('refinement')) },
      ),
      attributes: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 3, arbitrary: attribute(value, sub) },
        { weight: 1, arbitrary: joined(tie('attributes')) },
      ),
    }
  })

const operators = ['<', '<<', '<!', '<<!', '>', '>>', '>!', '>>!', '!!>', '!!<'] as const

function operatorOn(focus: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclSubExpression> {
  return fc
    .tuple(focus, fc.option(fc.constantFrom(...operators, '<<' as const, '<' as const), { nil: undefined, freq: 4 }))
    .map(([each, operator]) => ({ ...each, ...(operator && { operator }) }))
}

function nameOf(sub: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclSubExpression> {
  return fc.oneof(
    { weight: 4, arbitrary: attributeName.map(bare) },
    { weight: 2, arbitrary: attributeName.map((each) => ({ ...bare(each), operator: '<<' as const })) },
    { weight: 1, arbitrary: fc.constant(bare({ kind: 'any' })) },
    { weight: 1, arbitrary: sub },
  )
}

const joined = (part: fc.Arbitrary<EclRefinement>): fc.Arbitrary<EclRefinement> =>
  fc.record({
    kind: fc.constantFrom('and' as const, 'or' as const),
    operands: fc.array(part, { minLength: 2, maxLength: 3 }),
  })

const group = (inner: fc.Arbitrary<EclRefinement>): fc.Arbitrary<EclRefinement> =>
  fc.tuple(cardinality, inner).map(([times, refinement]) => ({
    kind: 'group' as const,
    ...(times && { cardinality: times }),
    refinement,
  }))

function attribute(
  value: fc.Arbitrary<EclSubExpression>,
  sub: fc.Arbitrary<EclSubExpression>,
): fc.Arbitrary<EclRefinement> {
  const among: fc.Arbitrary<EclComparison> = fc.record({
    kind: fc.constant('expression' as const),
    operator: equality,
    value: fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(bare({ kind: 'any' })) }),
  })
  const any = fc
    .tuple(cardinality, nameOf(sub), fc.oneof({ weight: 3, arbitrary: among }, { weight: 1, arbitrary: concrete }))
    .map(([times, name, comparison]) => ({
      kind: 'attribute' as const,
      at: 0,
      ...(times && { cardinality: times }),
      isReversed: false,
      name,
      comparison,
    }))
  const reversed = fc.tuple(any, among).map(([each, comparison]) => ({ ...each, isReversed: true, comparison }))
  return fc.oneof({ weight: 4, arbitrary: any }, { weight: 1, arbitrary: reversed })
}

const concrete: fc.Arbitrary<EclComparison> = fc.oneof(
  fc.record({
    kind: fc.constant('number' as const),
    operator: order,
    value: fc.constantFrom('0', '1', '2', '2.5', '2.50', '-1', '10', '+0.5', '100'),
  }),
  fc.record({ kind: fc.constant('boolean' as const), operator: equality, value: fc.boolean() }),
  fc.record({ kind: fc.constant('text' as const), operator: equality, terms: some(searchTerm) }),
)

function conceptValue(sub: fc.Arbitrary<EclSubExpression>, ids: readonly string[]): fc.Arbitrary<EclConceptValue> {
  return fc.oneof(
    { weight: 3, arbitrary: oneOf(ids).map(bare) },
    {
      weight: 2,
      arbitrary: fc
        .array(oneOf(ids), { minLength: 2, maxLength: 3 })
        .map((concepts) => ({ kind: 'list' as const, concepts })),
    },
    { weight: 1, arbitrary: sub },
    { weight: 1, arbitrary: fc.constant(bare({ kind: 'any' })) },
  )
}

function componentFilter(sub: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclComponentFilter> {
  return fc.oneof(
    fc.record({
      field: fc.constant('moduleId' as const),
      operator: equality,
      value: conceptValue(sub, [sct.coreModule, small('module')]),
    }),
    fc.record({ field: fc.constant('effectiveTime' as const), operator: order, times }),
    fc.record({
      field: fc.constant('active' as const),
      operator: equality,
      value: fc.constantFrom(true, false, '*' as const),
    }),
  )
}

function conceptFilter(sub: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclConceptFilter> {
  return fc.oneof(
    componentFilter(sub),
    fc.record({
      field: fc.constant('definitionStatus' as const),
      operator: equality,
      tokens: some(fc.constantFrom('primitive' as const, 'defined' as const)),
    }),
    fc.record({
      field: fc.constant('definitionStatusId' as const),
      operator: equality,
      value: conceptValue(sub, [sct.primitive, sct.defined]),
    }),
  )
}

const acceptability = fc.option(
  some(fc.oneof(fc.constantFrom('accept' as const, 'prefer' as const), oneOf([sct.preferred, sct.acceptable]))),
  { nil: undefined, freq: 2 },
)

const withAcceptability = <T>(dialect: fc.Arbitrary<T>) =>
  fc
    .tuple(dialect, acceptability)
    .map(([each, accepted]) => ({ dialect: each, ...(accepted && { acceptability: accepted }) }))

function dialectFilter(sub: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclDialectFilter> {
  const refsets = oneOf([sct.usEnglish, sct.gbEnglish, small('gryphish')])
  const lists = fc.oneof(
    fc.record({
      field: fc.constant('dialect' as const),
      dialects: some(withAcceptability(fc.constantFrom('en-us', 'en-gb'))),
    }),
    fc.record({ field: fc.constant('dialectId' as const), dialects: some(withAcceptability(refsets)) }),
    fc.record({ field: fc.constant('dialectId' as const), dialects: sub.map((dialect) => [{ dialect }]) }),
  )
  return fc.tuple(lists, equality, acceptability).map(([list, operator, accepted]) => ({
    ...list,
    operator,
    ...(accepted && { acceptability: accepted }),
  }))
}

function descriptionFilter(sub: fc.Arbitrary<EclSubExpression>): fc.Arbitrary<EclDescriptionFilter> {
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ field: fc.constant('term' as const), operator: equality, terms: some(searchTerm) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constant('language' as const),
        operator: equality,
        codes: some(fc.constantFrom('en', 'gy', 'sv')),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constant('type' as const),
        operator: equality,
        tokens: some(fc.constantFrom('syn' as const, 'fsn' as const, 'def' as const)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constant('typeId' as const),
        operator: equality,
        value: conceptValue(sub, [sct.fsn, sct.synonym]),
      }),
    },
    { weight: 2, arbitrary: dialectFilter(sub) },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constant('id' as const),
        operator: equality,
        ids: some(fc.constantFrom('1251000999110', '2211000999117')),
      }),
    },
    { weight: 2, arbitrary: componentFilter(sub) },
  )
}

function filteredBy(
  focus: fc.Arbitrary<EclSubExpression>,
  sub: fc.Arbitrary<EclSubExpression>,
): fc.Arbitrary<EclSubExpression> {
  const block: fc.Arbitrary<EclFilterBlock> = fc.oneof(
    some(conceptFilter(sub)).map((filters) => ({ kind: 'C' as const, filters })),
    some(descriptionFilter(sub)).map((filters) => ({ kind: 'D' as const, filters })),
  )
  const history = fc.option(
    fc.oneof(
      fc.constantFrom('MIN' as const, 'MOD' as const, 'MAX' as const).map((profile) => ({ profile })),
      fc
        .oneof(operatorOn(oneOf(refsetIds).map(bare)), fc.constant(bare({ kind: 'any' })))
        .map((refsets) => ({ refsets })),
    ),
    { nil: undefined, freq: 2 },
  )
  return fc.tuple(focus, fc.array(block, { maxLength: 2 }), history).map(([each, filters, supplement]) => ({
    ...each,
    filters,
    ...(supplement && { history: supplement }),
  }))
}

function membersOf(
  nested: fc.Arbitrary<EclSubExpression>,
  value: fc.Arbitrary<EclSubExpression>,
): fc.Arbitrary<EclSubExpression> {
  const field = (name: string, comparison: fc.Arbitrary<Extract<EclMemberFilter, { field: 'member' }>['comparison']>) =>
    comparison.map((each) => ({ field: 'member' as const, name, at: 0, comparison: each }))
  const terms = fc.record({ kind: fc.constant('text' as const), operator: equality, terms: some(searchTerm) })
  const number = fc.record({ kind: fc.constant('number' as const), operator: order, value: fc.constantFrom('1', '2') })
  const time = fc.record({
    kind: fc.constant('time' as const),
    operator: fc.constantFrom('<' as const, '>=' as const),
    times: some(fc.constantFrom('20200131', '20270131')),
  })
  const among = fc.record({ kind: fc.constant('expression' as const), operator: equality, value })
  const truth = fc.record({ kind: fc.constant('boolean' as const), operator: equality, value: fc.boolean() })
  const everywhere: fc.Arbitrary<EclMemberFilter> = fc.oneof(
    componentFilter(value),
    field('referencedComponentId', among),
  )
  const ofMaps: fc.Arbitrary<EclMemberFilter> = fc.oneof(
    everywhere,
    field('mapTarget', fc.oneof(terms, time)),
    field('mapGroup', fc.oneof(number, truth)),
    field('mapPriority', number),
    field('correlationId', among),
  )
  const blocks = (filter: fc.Arbitrary<EclMemberFilter>) => fc.array(some(filter), { maxLength: 2 })
  const maps = fc
    .tuple(fc.constantFrom<string[][]>([], ['correlationId'], ['referencedComponentId']), blocks(ofMaps))
    .map(([fields, memberFilters]) => ({ ...bare(concept(small('mapset'))), memberOf: { fields }, memberFilters }))
  const associations = fc
    .tuple(
      fc.constantFrom('900000000000527005', '900000000000523009'),
      fc.constantFrom<string[][]>([], ['targetComponentId']),
      blocks(fc.oneof(everywhere, field('targetComponentId', among))),
    )
    .map(([id, fields, memberFilters]) => ({ ...bare(concept(id)), memberOf: { fields }, memberFilters }))
  const any = fc
    .tuple(fc.oneof(oneOf(refsetIds).map(bare), nested, fc.constant(bare({ kind: 'any' }))), blocks(everywhere))
    .map(([focus, memberFilters]) => ({ ...focus, memberOf: { fields: [] }, memberFilters }))
  return operatorOn(fc.oneof(maps, associations, any))
}

/** Expressions over the small release. */
export const eclExpressions: fc.Arbitrary<EclExpression> = build().expression
