import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../../../src/base/json.ts'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Library } from '../../../../src/fhir/types.ts'
import type { Elm } from '../../../../src/rules/cql/translate/elm.ts'
import { stepParts } from '../../../../src/rules/cql/translate/elm-shapes.ts'
import { stepFaults } from '../../../../src/rules/cql/translate/elm-steps.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

/** Libraries that cannot be run: `cases/elm.json` (ELM without CQL, locators and result types), `cases/libraries.json` (texts). */
const read = <T>(name: string): T[] => JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), 'utf8'))
interface ElmCase {
  sentence: string
  statements: JsonObject[]
  more?: JsonObject
  says: string
  at: string
}
interface TextCase {
  sentence: string
  libraries: string[]
  says: string
  at: string
}

function elmLibrary(id: string, statements: JsonObject[], more: JsonObject = {}): Library {
  const usings = { def: [{ localIdentifier: 'FHIR', uri: 'http://hl7.org/fhir', version: '4.0.1' }] }
  const elm = { library: { identifier: { id, version: '1' }, usings, statements: { def: statements }, ...more } }
  const content = { contentType: 'application/elm+json', data: Buffer.from(JSON.stringify(elm)).toString('base64') }
  return { ...cqlLibrary(`library ${id} version '1'`), content: [content] }
}

/** What is said of a library that is asked for its define A, whether it is stored or comes along; a value is a failure of the test. */
async function refusals(libraries: Library[], rules = testRules(testEnvironment(libraries))): Promise<string[]> {
  const [first] = libraries
  assert.ok(first)
  try {
    const { issues } = await rules.inspector([]).inspect(first)
    const said = issues.map((each) => `${each.severity}: ${each.details?.text} @ ${each.diagnostics}`)
    for (const library of [`${first.url}|${first.version}`, first]) {
      const call = { library, expressions: ['A'], clock: '2026-01-01T00:00:00Z' }
      await assert.rejects(rules.evaluateLibrary(call), (error) => {
        assert.ok(error instanceof FhirError, String(error))
        assert.ok(error.status === 422, String(error.status))
        return true
      })
    }
    return said
  } finally {
    await rules.close()
  }
}

describe('ELM that comes without its CQL is refused for', () => {
  for (const { sentence, statements, more, says, at } of read<ElmCase>('elm'))
    it(sentence, async () => {
      const said = await refusals([elmLibrary('Foreign', statements, more)])
      assert.ok(
        said.some((each) => each.startsWith('error') && each.includes(says) && each.endsWith(`library Foreign, ${at}`)),
        said.join('\n'),
      )
    })

  it('what is private, or not there, in a library that it includes', async () => {
    const literal = { type: 'Literal', valueType: '{urn:hl7-org:elm-types:r1}Boolean', value: 'true' }
    const other = elmLibrary('Other', [{ name: 'P', accessLevel: 'Private', expression: literal }])
    const includes = { def: [{ localIdentifier: 'O', path: 'Other', version: '1' }] }
    for (const [name, says] of [
      ['P', '"P" in O is private'],
      ['N', 'nothing is called "N" in O'],
    ] as const) {
      const statements = [{ name: 'A', expression: { type: 'ExpressionRef', name, libraryName: 'O' } }]
      const said = await refusals([elmLibrary('Outer', statements, { includes }), other])
      assert.match(said.join(), new RegExp(says))
    }
  })
})

describe('a text is refused, with the place, for', () => {
  const cases = read<TextCase>('libraries').map((each, at) => ({
    ...each,
    libraries: each.libraries.map((text, index) => cqlLibrary(text, { id: `l${at}-${index}` })),
  }))
  // One translator for all of them.
  const rules = testRules(testEnvironment(cases.flatMap(({ libraries }) => libraries)))
  after(() => rules.close())
  for (const { sentence, libraries, says, at } of cases)
    it(sentence, async () => {
      const said = await refusals(libraries, { ...rules, close: async () => {} })
      assert.ok(
        said.some((each) => each.includes(says) && each.endsWith(at)),
        said.join('\n'),
      )
    })
})

describe('ELM of a translator', () => {
  const folder = new URL('../../../../rules/cql/', import.meta.url)
  const elmOf = (name: string): Elm => {
    const file = readdirSync(folder).find((each) => each.startsWith(`${name}-`) && each.endsWith('.elm'))
    assert.ok(file)
    const text = readFileSync(new URL(file, folder), 'utf8')
    return JSON.parse(text.slice(text.indexOf('\n') + 1)).elm
  }
  const helpers = elmOf('FHIRHelpers')
  const schedule = elmOf('VaccinationSchedule')
  const faults = (elm: Elm) =>
    stepFaults(
      elm,
      (alias) => (alias === 'FHIRHelpers' ? helpers : undefined),
      () => true,
    )

  it('says what can be done', () => {
    assert.deepEqual([...faults(helpers), ...faults(schedule)], [])
  })

  it('is refused when any part that a step needs is taken away', () => {
    const parts: { path: string[] }[] = []
    const look = (node: unknown, path: string[]): void => {
      if (Array.isArray(node)) for (const [index, each] of node.entries()) look(each, [...path, String(index)])
      if (!isJsonObject(node)) return
      const needed = typeof node.type === 'string' ? stepParts(node.type) : undefined
      for (const { name, isOptional } of needed ?? [])
        if (!isOptional && node[name] !== undefined) parts.push({ path: [...path, name] })
      for (const [name, each] of Object.entries(node)) if (name !== 'annotation') look(each, [...path, name])
    }
    look(schedule.library.statements, ['library', 'statements'])
    assert.ok(parts.length > 300)
    fc.assert(
      fc.property(fc.constantFrom(...parts), ({ path }) => {
        const changed = structuredClone(schedule)
        let at: unknown = changed
        for (const name of path.slice(0, -1)) at = Reflect.get(Object(at), name)
        Reflect.deleteProperty(Object(at), path.at(-1) ?? '')
        assert.ok(faults(changed).length > 0, path.join('.'))
      }),
      { numRuns: 50 },
    )
  })
})
