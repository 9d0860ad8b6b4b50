import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { elmFiles } from '../../scripts/build-elm.ts'
import { libraryResources } from '../../scripts/content/rules.ts'
import type { Library } from '../../src/fhir/types.ts'
import { createRules } from '../../src/rules/rules.ts'
import { cqlLibrary, testEnvironment } from '../rules/environment.ts'

const folder = new URL('../../rules/cql/', import.meta.url).pathname
const clock = '2026-01-01T00:00:00Z'

/** Rules over nothing but what is given, with no translation from before. */
function freshRules(libraries: Library[], elmFolder: string) {
  const environment = testEnvironment(libraries)
  const rules = createRules(environment, { elmFolder })
  after(() => rules.close())
  return { rules, environment }
}

describe('shipped ELM', () => {
  it('is what a fresh translation gives: run `npm run build:content`', async () => {
    const fresh = await elmFiles()
    const committed = readdirSync(folder).filter((name) => name.endsWith('.elm'))
    assert.deepEqual(committed.toSorted(), [...fresh.keys()].toSorted())
    for (const [name, text] of fresh) assert.ok(readFileSync(join(folder, name), 'utf8') === text, name)
  })

  it('leaves nothing of the own rules to translate', async () => {
    const { rules, environment } = freshRules(libraryResources(), folder)
    for (const library of libraryResources()) {
      const { results } = await rules.evaluateLibrary({ library: library.url ?? '', clock })
      assert.ok(results.length > 0)
    }
    assert.deepEqual(rules.translatorPids(), [])
    assert.equal(environment.derivedEntries.size, 0)
  })

  it('is not used for another text, another version of an include, or another name', async () => {
    const [library] = libraryResources()
    assert.ok(library)
    const text = Buffer.from(library.content?.[0]?.data ?? '', 'base64').toString()
    const changed = cqlLibrary(`${text}\ndefine "Added": 42`, { url: 'http://example.org/changed' })
    const { rules } = freshRules([changed], folder)
    const call = { library: 'http://example.org/changed', expressions: ['Added'], clock }
    assert.equal((await rules.evaluateLibrary(call)).results[0]?.value, 42)
    assert.equal(rules.translatorPids().length, 1)
  })

  it('does not let a Library bring ELM for its own CQL', async () => {
    const elm = {
      library: {
        identifier: { id: 'Twice', version: '1' },
        schemaIdentifier: { id: 'urn:hl7-org:elm', version: 'r1' },
        statements: { def: [{ name: 'Safe', context: 'Unfiltered', expression: literal('true') }] },
      },
    }
    const honest = cqlLibrary("library Twice version '1'\ndefine Safe: false")
    const twice: Library = { ...honest, content: [elmContent(elm), ...(honest.content ?? []), elmContent(elm)] }
    const { rules } = freshRules([twice], folder)
    for (const library of ['Twice|1', twice]) {
      const { results } = await rules.evaluateLibrary({ library, clock })
      assert.deepEqual(
        results.map(({ name, value }) => [name, value]),
        [['Safe', false]],
      )
    }
  })

  it('survives a file that is none, which is then found for no text', async () => {
    const other = mkdtempSync(join(tmpdir(), 'vidimus-elm-'))
    after(() => rmSync(other, { recursive: true }))
    for (const [name, text] of Object.entries({ 'a.elm': '', 'b.elm': 'key', 'c.elm': 'x\n{', 'd.txt': 'y' }))
      writeFileSync(join(other, name), text)
    const { rules } = freshRules([cqlLibrary('library One\ndefine A: 1')], other)
    assert.equal((await rules.evaluateLibrary({ library: 'One', clock })).results[0]?.value, 1)
  })
})

const literal = (value: string) => ({
  type: 'Literal',
  valueType: '{urn:hl7-org:elm-types:r1}Boolean',
  value,
})

const elmContent = (elm: object) => ({
  contentType: 'application/elm+json',
  data: Buffer.from(JSON.stringify(elm)).toString('base64'),
})
