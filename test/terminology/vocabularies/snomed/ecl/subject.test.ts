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
  const cases: [string, boolean][] = [
    ['*', true],
    ['<< {disorder}', true],
    ['< {wingdisorder}', true],
    ['<< {wingdisorder}', true],
    ['{wingdisorder}', false],
    ['<! {wingdisorder}', false],
    ['<<! {wingdisorder}', false],
    ['> {wingdisorder}', false],
    ['>> {wingdisorder}', false],
    ['>! {wingdisorder}', false],
    ['^ {flock}', false],
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
    ['< {disorder} : R {dueto} = *', false],
    ['* {{ term = "wing" }}', false],
    ['* MINUS * {{ term = "wing" }}', true],
    ['<< {disorder} {{ C active = 1 }}', false],
    ['!!> (<< {disorder})', false],
    ['<< {disorder} {{ + HISTORY }}', true],
    ['<< {disorder} . {site}', false],
  ]
  for (const [ecl, is] of cases) it(`${ecl}: ${is}`, () => assert.equal(answers(torn, ecl), is))

  it('has values that are no concepts either', () => {
    const due = subject(['finding'], [['dueto', torn]])
    assert.equal(answers(due, '* : {dueto} = (< {disorder} : {morphology} = {tear})'), true)
    assert.equal(answers(due, '* : {dueto} = (< {disorder} : {morphology} = {burn})'), false)
    assert.equal(answers(due, '* : {dueto} != << {disorder}'), false)
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
