import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError, isError } from '../../../../src/fhir/error.ts'
import type { Issue } from '../../../../src/fhir/types.ts'
import { readHeader } from '../../../../src/rules/cql/translate/cql-source.ts'
import { generateFhirHelpers } from '../../../../src/rules/cql/translate/fhir-helpers.ts'
import { fhirModelInfo } from '../../../../src/rules/cql/translate/model-info.ts'
import { createRules } from '../../../../src/rules/rules.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const clock = '2026-01-01T00:00:00Z'
const library = (name: string, body: string) =>
  cqlLibrary(`library ${name} version '1'\nusing FHIR version '4.0.1'\n${body}`)

/** Issues of the FhirError that a promise rejects with. */
async function issuesOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof FhirError, String(error))
  return { status: error.status, issues: error.issues }
}

describe('header of a CQL text', () => {
  it('reads identity and includes, also quoted, qualified and amid comments', () => {
    const header = readHeader(`// library No version '0'
      library "My Lib" version '1.0' /* include X */ using FHIR version '4.0.1'
      include FHIRHelpers version '4.0.1' called H
      include ns.Other include "Third One" version 'v"3' called T
      define "include Y": 'include Z'`)
    assert.deepEqual(header, {
      identifier: { id: 'My Lib', version: '1.0' },
      includes: [
        { id: 'FHIRHelpers', version: '4.0.1' },
        { id: 'Other', namespace: 'ns' },
        { id: 'Third One', version: 'v"3' },
      ],
      usings: [{ id: 'FHIR', version: '4.0.1', place: { line: 2, column: 54 } }],
    })
  })

  it('never fails', () => {
    fc.assert(fc.property(fc.string(), (text) => void readHeader(text)))
  })
})

describe('translator', () => {
  const libraries = [
    library('Broken', "define fine: 1\ndefine bad:\n  1 + 'a'\ndefine worse: bad"),
    library('Unfinished', 'define a: 1 +'),
    library('Missing', "include Nowhere version '3'\ndefine a: 1"),
    library('Ring', "include Ring2 version '1'\ndefine a: 1"),
    library('Ring2', "include Ring version '1'\ndefine a: 1"),
    library('Outer', "include Broken version '1'\ndefine a: Broken.fine"),
    library('Warns', "define a: 1\ndefine b: 'a'"),
  ]
  const environment = testEnvironment(libraries)
  const rules = testRules(environment)
  after(() => rules.close())
  const evaluate = (name: string, expressions?: string[]) =>
    rules.evaluateLibrary({ library: name, ...(expressions ? { expressions } : {}), clock })

  it('refuses a library with an error, with line and column', async () => {
    const { status, issues } = await issuesOf(evaluate('Broken'))
    assert.equal(status, 422)
    assert.match(issues[1]?.details?.text ?? '', /Could not resolve call to operator Add/)
    assert.equal(issues[1]?.diagnostics, 'library Broken, line 5, column 3')
  })

  it('runs the defines that an error does not reach', async () => {
    const { results } = await evaluate('Broken', ['fine'])
    assert.equal(results[0]?.value, 1)
    assert.equal((await issuesOf(evaluate('Broken', ['worse']))).status, 422)
  })

  it('tells syntax errors without the echo of the translator', async () => {
    const { issues } = await issuesOf(evaluate('Unfinished'))
    assert.deepEqual(
      issues.slice(1).map((each) => each.code),
      ['structure'],
    )
  })

  it('names a missing include, a circular one, and an error of an included library', async () => {
    const missing = await issuesOf(evaluate('Missing'))
    assert.match(missing.issues[1]?.details?.text ?? '', /included library Nowhere\|3 is not known/)
    const ring = await issuesOf(evaluate('Ring'))
    assert.match(ring.issues[0]?.details?.text ?? '', /circular include: Ring\|1 → Ring2\|1 → Ring\|1/)
    const outer = await issuesOf(evaluate('Outer'))
    assert.ok(outer.issues.some((each) => each.diagnostics?.startsWith('library Broken')))
  })

  it('tells the faults of a library before it is stored', async () => {
    const inspect = async (each: unknown) => (await rules.inspector([]).inspect(each as (typeof libraries)[0])).issues
    const [broken, , missing, , , , warns] = libraries
    const worst = (issues: Issue[]) => (issues.some(isError) ? 'error' : issues[0]?.severity)
    assert.equal(worst(await inspect(broken)), 'error')
    assert.equal(worst(await inspect(missing)), 'error')
    assert.equal(worst(await inspect(warns)), 'warning')
    assert.deepEqual(await inspect(library('Clean', 'define a: 1')), [])
    assert.deepEqual(await inspect({ resourceType: 'Library', status: 'active', type: {} }), [])
  })

  it('translates the generated FHIRHelpers without error or warning', async () => {
    const text = generateFhirHelpers(fhirModelInfo())
    assert.deepEqual((await rules.inspector([]).inspect(cqlLibrary(text))).issues, [])
    assert.equal(fhirModelInfo().conversions.length, 264)
  })

  it('includes the generated FHIRHelpers, whatever is stored by that name', async () => {
    const own = cqlLibrary(
      generateFhirHelpers(fhirModelInfo()).replace(
        'define function ToString',
        'define mine: 42\ndefine function ToString',
      ),
    )
    const asking = library('Asks', "include FHIRHelpers version '4.0.1'\ndefine a: FHIRHelpers.mine")
    const stored = testRules(testEnvironment([own, asking]))
    await assert.rejects(stored.evaluateLibrary({ library: 'Asks', clock }), /mine/)
    await stored.close()
  })

  it('does not translate again what is kept, and does after a change', async () => {
    const again = createRules({ ...environment, revision: () => 1 })
    await again.evaluateLibrary({ library: 'Broken', expressions: ['fine'], clock })
    assert.deepEqual(again.translatorPids(), [])
    await again.close()
    const changing = testEnvironment([library('Changes', 'define a: 1')])
    let revision = 1
    changing.revision = () => revision
    const fresh = testRules(changing)
    const value = async () => (await fresh.evaluateLibrary({ library: 'Changes', clock })).results[0]?.value
    assert.equal(await value(), 1)
    changing.libraries[0] = library('Changes', 'define a: 2')
    revision++
    assert.equal(await value(), 2)
    await fresh.close()
  })

  it('gives at once what it gave before, and nothing that was stored over since', async () => {
    const changing = testEnvironment([library('Changes', 'define a: true')])
    let revision = 1
    changing.revision = () => revision
    const fresh = testRules(changing)
    const { libraries } = fresh.workshop.expressions
    const value = async () =>
      (await fresh.evaluateRules({ library: 'Changes', expressions: ['a'] }, { clock })).map(({ result }) => result)
    assert.equal(libraries.compiled('Changes'), undefined)
    assert.deepEqual(await value(), [true])
    assert.equal(libraries.compiled('Changes'), await libraries.compile('Changes'))
    changing.libraries[0] = library('Changes', 'define a: false')
    revision++
    assert.equal(libraries.compiled('Changes'), undefined)
    assert.deepEqual(await value(), [false])
    // Stored while it is being translated: what comes of it is for nobody who asks later.
    const find = changing.findLibraries
    changing.findLibraries = async (url) => {
      const found = await find(url)
      revision++
      return found
    }
    revision++
    await libraries.compile('Changes')
    assert.equal(libraries.compiled('Changes'), undefined)
    await fresh.close()
  })

  it('answers 404 for an unknown library and 422 for one without content', async () => {
    assert.equal((await issuesOf(evaluate('Unknown'))).status, 404)
    const empty = { resourceType: 'Library' as const, status: 'active' as const, type: {} }
    assert.equal((await issuesOf(rules.evaluateLibrary({ library: empty, clock }))).status, 422)
    const elm = (data: string) => ({
      ...empty,
      content: [{ contentType: 'application/elm+json', data: Buffer.from(data).toString('base64') }],
    })
    for (const data of ['', '{', '[]', 'null', '{"library":{}}'])
      assert.equal((await issuesOf(rules.evaluateLibrary({ library: elm(data), clock }))).status, 422)
  })

  it('answers random text with results or FhirErrors', async () => {
    const words = [
      'define',
      'a',
      ':',
      '1',
      '+',
      "'x'",
      '"y"',
      '(',
      ')',
      '[Patient]',
      'where',
      'exists',
      '{',
      '}',
      '@2020',
      '\n',
      'library',
    ]
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words)).map((each) => each.join(' ')),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const call = rules.evaluateLibrary({ library: cqlLibrary(text, { url: 'http://example.org/fuzz' }), clock })
        await call.catch((error: unknown) => assert.ok(error instanceof FhirError, String(error)))
      }),
      { numRuns: 60 },
    )
  })
})
