import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Extension, Library } from '../../../src/fhir/types.ts'

const folder = new URL('../../../rules/', import.meta.url)
const url = 'http://vidimus.org/fhir/StructureDefinition/expression-text'
const libraries: Library[] = readdirSync(folder)
  .filter((name) => /^Library-.*\.json$/.test(name))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
const texts = libraries.flatMap((library) =>
  (library.extension ?? [])
    .filter((each) => each.url === url)
    .map((each) => ({ library, parts: each.extension ?? [] })),
)

const part = (parts: Extension[], name: string) => parts.find((each) => each.url === name)

describe('sentences of our own rules', () => {
  it('are there', () => assert.ok(texts.length > 0))

  it('are for what their library defines, and name what stands beside it', () => {
    for (const { library, parts } of texts) {
      const cql = Buffer.from(library.content?.[0]?.data ?? '', 'base64').toString()
      const [define = '', element = ''] = part(parts, 'expression')?.valueString?.split('.') ?? []
      const from = cql.indexOf(`define "${define}":`)
      assert.ok(from >= 0, define)
      const body = cql.slice(from, cql.indexOf('\ndefine', from + 1))
      const text = part(parts, 'text')?.valueString ?? ''
      for (const name of [element, ...[...text.matchAll(/\{([^{}]+)\}/g)].map((each) => each[1] ?? '')])
        assert.match(body, new RegExp(`\\b${name}:`), `${define}: ${name}`)
    }
  })

  it('are there in seven languages, with the same values in each', () => {
    for (const { parts } of texts) {
      const told = part(parts, 'text')
      const translations = (told?._valueString?.extension ?? []).map(({ extension = [] }) => ({
        language: part(extension, 'lang')?.valueCode,
        text: part(extension, 'content')?.valueString ?? '',
      }))
      assert.deepEqual(translations.map(({ language }) => language).sort(), ['ar', 'es', 'fr', 'pt', 'ru', 'zh'])
      const values = (text: string) => [...text.matchAll(/\{[^{}]+\}/g)].map(String).sort()
      for (const { text } of translations) assert.deepEqual(values(text), values(told?.valueString ?? ''), text)
    }
  })
})
