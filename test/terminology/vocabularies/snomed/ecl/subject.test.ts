import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eclSet } from '../../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import type { EclSubject, EclSubjectRow } from '../../../../../src/terminology/vocabularies/snomed/ecl/subject.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../../support/snomed/small-release.ts'

const content = naiveContent(smallRelease())
const at = (key: string) => content.ordinalOf(small(key))

/** What stands below some concepts and has attributes. */
function subject(focus: string[], rows: [string, EclSubjectRow['value'] | string, number?][]): EclSubject {
  const above = focus.flatMap((key) => [at(key), ...content.hierarchy.ancestors(at(key))])
  return {
    same: -1,
    subsumers: Int32Array.from([...new Set(above)].sort((a, b) => a - b)),
    subsumes: () => false,
    rows: rows.map(([type, value, group = 0]) => ({
      type: at(type),
      value: typeof value === 'string' && /^[a-z]/.test(value) ? at(value) : value,
      group,
    })),
  }
}

const torn = subject(
  ['wingdisorder'],
  [
    ['site', 'leftwing', 1],
    ['morphology', 'tear', 1],
    ['severity', 'severe'],
  ],
)
const answers = (each: EclSubject, ecl: string) => eclSet(content, withIds(ecl)).matches(each)

describe('a subject that is no concept', () => {
  const cases: [string, boolean | undefined][] = [
    ['*', true],
    ['<< {disorder}', true],
    ['< {wingdisorder}', true],
    ['<< {wingdisorder}', true],
    ['{wingdisorder}', false],
    // It would be a child if expressions had a place in the hierarchy, and if no other one stood between.
    ['<! {wingdisorder}', undefined],
    ['<<! {wingdisorder}', undefined],
    ['<! {disorder}', false],
    ['<<! {disorder}', false],
    ['<! {inflamed}', false],
    ['<! (<< {disorder})', undefined],
    ['<! (<< {disorder} MINUS {wingdisorder})', false],
    ['<< {disorder} MINUS <! {wingdisorder}', undefined],
    ['<< {disorder} MINUS <! {disorder}', true],
    ['<< {inflamed} MINUS <! {wingdisorder}', false],
    ['<< {disorder} OR <! {wingdisorder}', true],
    ['<< {inflamed} AND <! {wingdisorder}', false],
    ['(<! {wingdisorder}) : {site} = << {leg}', false],
    ['(<! {wingdisorder}) : {site} = << {wing}', undefined],
    ['<! {wingdisorder} {{ C active = 1 }}', undefined],
    ['<! {wingdisorder} {{ + HISTORY }}', undefined],
    ['>>! {wingdisorder}', false],
    ['<< {disorder} MINUS >! {wingdisorder}', true],
    ['> {wingdisorder}', false],
    ['>> {wingdisorder}', false],
    ['>! {wingdisorder}', false],
    ['^ {flock}', undefined],
    ['^ *', undefined],
    ['<< {disorder} MINUS << {inflamed}', true],
    ['<< {disorder} MINUS << {wingdisorder}', false],
    ['<< {inflamed} OR << {wingdisorder}', true],
    ['<< {inflamed} AND << {wingdisorder}', false],
    ['< {disorder} : {site} = << {wing}', true],
    ['< {disorder} : {site} = {wing}', false],
    ['< {disorder} : [1..1] {site} = << {wing}', true],
    ['< {disorder} : [0..0] {site} = *', false],
    ['< {disorder} : { {site} = << {wing}, {morphology} = {tear} }', true],
    ['< {disorder} : { {site} = << {wing}, {severity} = * }', false],
    ['< {disorder} : { {severity} = {severe} }', true],
    ['< {disorder} : {severity} != {mild}', true],
    ['< {disorder} : {count} = #1', false],
    // No concept has it as a value, another expression may.
    ['< {disorder} : R {dueto} = *', undefined],
    ['< {inflamed} : R {dueto} = *', false],
    ['< {disorder} : [0..*] R {dueto} = *', true],
    ['< {disorder} : [0..0] R {dueto} = *', undefined],
    ['< {disorder} : [0..1] R {dueto} = *', undefined],
    ['< {disorder} : R {dueto} = *, {site} = << {leg}', false],
    ['< {disorder} : R {dueto} = * OR {site} = << {wing}', true],
    ['* MINUS (* : R {dueto} = *)', undefined],
    ['<< {disorder} MINUS (<< {inflamed} : R {dueto} = *)', true],
    // Filters and reference sets are stated of concepts alone: neither yes nor no, unless something else decides.
    ['* {{ term = "wing" }}', undefined],
    ['* MINUS * {{ term = "wing" }}', undefined],
    ['<< {disorder} {{ C active = 1 }}', undefined],
    ['<< {disorder} {{ C active = 0 }}', undefined],
    ['<< {disorder} {{ C definitionStatus = primitive }}', undefined],
    ['<< {disorder} {{ D language = en }}', undefined],
    ['<< {inflamed} {{ C active = 1 }}', false],
    ['<< {inflamed} {{ term = "wing" }}', false],
    ['(<< {disorder} {{ C active = 1 }}) {{ term = "wing" }}', undefined],
    ['<< {disorder} MINUS (<< {disorder} {{ C moduleId = 900000000000207008 }})', undefined],
    ['<< {disorder} MINUS (<< {inflamed} {{ C moduleId = 900000000000207008 }})', true],
    ['<< {inflamed} MINUS (<< {disorder} {{ C moduleId = 900000000000207008 }})', false],
    ['<< {disorder} MINUS ^ {flock}', undefined],
    ['<< {inflamed} MINUS ^ {flock}', false],
    ['^ {flock} MINUS << {disorder}', false],
    ['^ {flock} MINUS << {inflamed}', undefined],
    ['<< {disorder} MINUS (<< {disorder} MINUS ^ {flock})', undefined],
    ['<< {disorder} AND ^ {flock}', undefined],
    ['<< {inflamed} AND ^ {flock}', false],
    ['<< {disorder} OR ^ {flock}', true],
    ['<< {inflamed} OR ^ {flock}', undefined],
    ['(<< {inflamed} OR ^ {flock}) AND << {wingdisorder}', undefined],
    ['(<< {inflamed} AND ^ {flock}) OR << {wingdisorder}', true],
    ['<< {disorder} MINUS ((<< {inflamed} AND ^ {flock}) OR << {skinburn})', true],
    ['<< (^ {flock})', undefined],
    ['< (^ {flock})', false],
    ['!!> (<< {disorder} {{ C active = 1 }})', undefined],
    ['(<< {disorder} {{ C active = 1 }}) {{ + HISTORY }}', undefined],
    ['(<< {disorder} {{ C active = 1 }}) : {site} = << {wing}', undefined],
    ['(<< {disorder} {{ C active = 1 }}) : {site} = << {leg}', false],
    // A value that is a concept is told; those of expressions follow below.
    ['* : {site} = (<< {wing} {{ term = "left" }})', true],
    ['* : {site} = ^ {flock}', false],
    ['!!> (<< {disorder})', false],
    ['<< {disorder} {{ + HISTORY }}', true],
    ['<< {disorder} . {site}', undefined],
    ['<< {disorder} . {dueto} . {site}', undefined],
    ['* MINUS (<< {disorder} . {site})', undefined],
    ['(<< {disorder} . {site}) AND << {inflamed}', false],
    ['(<< {disorder} . {site}) OR << {wingdisorder}', true],
    ['<< (<< {disorder} . {site})', undefined],
    ['!!> (<< {wingdisorder})', false],
    ['!!< (<< {wingdisorder})', undefined],
    ['!!> (<< {inflamed})', false],
    // Nothing of the set is above it; another expression may be.
    ['!!> (* MINUS >> {wingdisorder})', undefined],
  ]
  for (const [ecl, is] of cases) it(`${ecl}: ${is}`, () => assert.equal(answers(torn, ecl), is))

  it('has values that are no concepts either', () => {
    const due = subject(['finding'], [['dueto', torn]])
    assert.equal(answers(due, '* : {dueto} = (< {disorder} : {morphology} = {tear})'), true)
    assert.equal(answers(due, '* : {dueto} = (< {disorder} : {morphology} = {burn})'), false)
    assert.equal(answers(due, '* : {dueto} != << {disorder}'), false)
  })

  it('has values of which filters and reference sets say nothing', () => {
    const due = subject(['finding'], [['dueto', torn]])
    const told: [string, boolean | undefined][] = [
      ['* : {dueto} = (<< {disorder} {{ C active = 1 }})', undefined],
      ['* : {dueto} = (<< {inflamed} {{ C active = 1 }})', false],
      ['* : {dueto} != (<< {disorder} {{ term = "wing" }})', undefined],
      ['* : {dueto} != (<< {inflamed} {{ term = "wing" }})', true],
      ['* : {dueto} = ^ {flock}', undefined],
      ['* : {dueto} != ^ {flock}', undefined],
      ['* : [0..0] {dueto} = ^ {flock}', undefined],
      ['* : [0..1] {dueto} = ^ {flock}', true],
      ['* : [2..*] {dueto} = ^ {flock}', false],
      ['* : {dueto} = (<< {disorder} MINUS ^ {flock})', undefined],
      ['* : {dueto} = ^ {flock} OR {dueto} = << {wingdisorder}', true],
      ['* : {dueto} = ^ {flock}, {dueto} = << {inflamed}', false],
      ['* : { {dueto} = ^ {flock} }', undefined],
      ['* MINUS (* : {dueto} = ^ {flock})', undefined],
    ]
    for (const [ecl, is] of told) assert.equal(answers(due, ecl), is, ecl)
  })

  it('has no filter, in no place of an expression, that says more of it than its set', () => {
    const filters = [
      '{{ C active = 1 }}',
      '{{ C active = 0 }}',
      '{{ C effectiveTime >= "19000101" }}',
      '{{ C moduleId = * }}',
      '{{ C definitionStatus = defined }}',
      '{{ D active = 1 }}',
      '{{ D type = fsn }}',
      '{{ D typeId = * }}',
      '{{ D dialect = en-us }}',
      '{{ D id = 1234567013 }}',
      '{{ term != "nothing" }}',
      '{{ C active = 1 }} {{ term = "wing" }}',
    ]
    for (const filter of filters) {
      for (const [outer, is] of [
        ['X', undefined],
        ['* MINUS (X)', undefined],
        ['(X) OR << {wingdisorder}', true],
        ['(X) AND << {inflamed}', false],
        ['<< {inflamed} MINUS (X)', false],
      ] as const)
        assert.equal(answers(torn, outer.replace('X', `<< {disorder} ${filter}`)), is, `${outer} of ${filter}`)
      assert.equal(answers(torn, `<< {inflamed} ${filter}`), false, filter)
    }
  })

  it('has concrete values', () => {
    const salve = subject(
      ['product'],
      [
        ['count', '#2'],
        ['label', '"weak salve"'],
      ],
    )
    assert.equal(answers(salve, '< {product} : {count} > #1'), true)
    assert.equal(answers(salve, '< {product} : {label} = "weak salve", {count} != #2'), false)
  })

  it('is a concept when it means the same', () => {
    const same = { ...torn, same: at('tornwing') }
    assert.equal(answers(same, '{tornwing}'), true)
    assert.equal(answers(same, '^ {flock}'), true)
  })

  it('is brought by no set of children or parents, and taken away by none', () => {
    const brings = (ecl: string, each = torn) => eclSet(content, withIds(ecl)).brings(each)
    const above: EclSubject = { ...torn, subsumes: (concept) => concept === at('tornwing') }
    assert.equal(answers(above, '>! {tornwing}'), undefined)
    assert.equal(answers(above, '>>! {tornwing}'), undefined)
    assert.equal(answers({ ...above, subsumes: () => true }, '>! {tornwing}'), false)
    for (const ecl of ['<! {wingdisorder}', '<<! {wingdisorder}']) assert.equal(brings(ecl), false, ecl)
    for (const ecl of ['>! {tornwing}', '>>! {tornwing}']) assert.equal(brings(ecl, above), false, ecl)
    // Whatever else may be doubted stays a doubt.
    for (const ecl of [
      '<! (<< {wingdisorder})',
      '<! {wingdisorder} {{ C active = 1 }}',
      '<! {wingdisorder} {{ + HISTORY }}',
      '<< {disorder} MINUS <! {wingdisorder}',
      '(<! {wingdisorder}) OR ^ {flock}',
      '<< {disorder} . {site}',
    ])
      assert.equal(brings(ecl), undefined, ecl)
    const [child = -1] = content.hierarchy.children(at('wingdisorder'))
    assert.equal(brings('<! {wingdisorder}', { ...torn, maySame: [child] }), undefined)
    assert.equal(brings('<! {wingdisorder}', { ...torn, same: child }), true)
  })

  it('is in no set and out of none where that cannot be told', () => {
    const open: EclSubject = { ...torn, subsumes: () => undefined }
    assert.equal(answers(open, '> {wingdisorder}'), undefined)
    assert.equal(answers(open, '<< {disorder} MINUS > {wingdisorder}'), undefined)
    assert.equal(answers(open, '<< {disorder} OR > {wingdisorder}'), true)
    assert.equal(answers(open, '<< {inflamed} AND > {wingdisorder}'), false)
    const within = subject(['finding'], [['dueto', open]])
    assert.equal(answers(within, '* : {dueto} = (> {wingdisorder})'), undefined)
    assert.equal(answers(within, '* : [0..0] {dueto} = (> {wingdisorder})'), undefined)
  })
})
