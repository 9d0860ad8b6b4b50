/** Own maps as HL7's validator wants StructureMaps (validator 6.9.4 over what a server serves). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { elementInfo, typeNames } from '../../src/fhir/elements.ts'
import type { StructureMap } from '../../src/fhir/types.ts'
import { allRules } from '../../src/structure-map/compile/load-terminology.ts'
import { readExpression } from '../../src/structure-map/fhirpath/compile-expression.ts'
import { visitExpression } from '../../src/structure-map/language/parse-expression.ts'
import { EXPRESSION, findExtension } from '../../src/structure-map/model/extensions.ts'
import type { Rule } from '../../src/structure-map/model/structure.ts'
import { lastPart } from '../../src/structure-map/model/types.ts'
import { maps, ofType } from './own-content.ts'

/** Urls of all extensions in a value, with the names of their values. */
function* extensionsIn(value: unknown): Generator<[url: string, value: string]> {
  if (typeof value !== 'object' || value === null) return
  if ('extension' in value && Array.isArray(value.extension))
    for (const each of value.extension)
      yield [each.url, Object.keys(each).find((name) => name.startsWith('value')) ?? '']
  for (const each of Object.values(value)) yield* extensionsIn(each)
}

/** Elements of R4 that are choices, spelt with one of their types: `valueCoding`. */
const typedChoices = new Set(
  typeNames().flatMap((type) =>
    ['value', 'occurrence', 'doseNumber', 'seriesDoses', 'effective', 'onset', 'deceased', 'multipleBirth'].flatMap(
      (name) =>
        (elementInfo(type, name)?.choice ? (elementInfo(type, name)?.types ?? []) : []).map(
          (each) => name + each.charAt(0).toUpperCase() + each.slice(1),
        ),
    ),
  ),
)

/** FHIRPath that gives values: of `evaluate` and in its place. */
function evaluated(rule: Rule): string[] {
  return (rule.target ?? []).flatMap(({ transform, parameter = [] }) =>
    parameter.flatMap((each) =>
      (transform === 'evaluate' && each === parameter.at(-1)) || findExtension(each, EXPRESSION)
        ? [each.valueString ?? '']
        : [],
    ),
  )
}

function variablesOf(map: StructureMap): Set<string> {
  const names = map.group.flatMap((group) => group.input.map(({ name }) => name))
  for (const { source, target = [] } of allRules([map]))
    names.push(...[...source, ...target].flatMap(({ variable }) => variable ?? []))
  return new Set(names)
}

describe('StructureMaps that the project publishes', () => {
  for (const map of maps) {
    const rules = [...allRules([map])]
    it(`${map.id}: every own extension has a definition, and the value that it wants`, () => {
      for (const [url, value] of extensionsIn(map)) {
        if (!url.startsWith('http://vidimus.org/')) continue
        const definition = ofType('StructureDefinition').find((each) => each.url === url)
        const type = definition?.differential?.element.find(({ path }) => path === 'Extension.value[x]')?.type?.[0]
          ?.code
        assert.equal(value.toLowerCase(), `value${type}`.toLowerCase(), url)
      }
    })
    it(`${map.id}: parameters are declared in the mode that they have`, () => {
      for (const { input } of map.group)
        for (const { type, mode } of input) {
          if (type === undefined || !map.structure?.some(({ alias }) => alias === type)) continue
          assert.ok(
            map.structure.some((each) => each.alias === type && each.mode === mode),
            `${type} is used as ${mode}`,
          )
        }
    })
    it(`${map.id}: choice elements are spelt without their type`, () => {
      for (const { source, target = [] } of rules)
        for (const { element = '' } of [...source, ...target]) assert.ok(!typedChoices.has(lastPart(element)), element)
    })
    it(`${map.id}: variables stand behind % in what is evaluated`, () => {
      const variables = variablesOf(map)
      for (const text of rules.flatMap(evaluated))
        visitExpression(readExpression(text).expression, (each) => {
          if (each.kind === 'member' && !each.target) assert.ok(!variables.has(each.name), `${each.name} in ${text}`)
        })
    })
  }
})
