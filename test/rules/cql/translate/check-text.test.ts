import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../../src/fhir/error.ts'
import { checkText } from '../../../../src/rules/cql/translate/check-text.ts'
import { readHeader } from '../../../../src/rules/cql/translate/cql-source.ts'

const refused = (text: string, linesBefore?: number) => {
  try {
    checkText(text, linesBefore)
    return undefined
  } catch (error) {
    assert.ok(error instanceof FhirError)
    assert.deepEqual([error.status, error.issues[0]?.code], [422, 'too-costly'])
    return error.issues[0]?.diagnostics ?? error.message
  }
}

describe('a CQL text before it is translated', () => {
  it('may nest as deep as any library does, and not as deep as the translator would bear', () => {
    assert.equal(refused(`${'('.repeat(200)}1${')'.repeat(200)}`), undefined)
    for (const [open, close] of ['()', '[]', '{}'].map((each) => [...each]))
      assert.equal(refused(`define a:\n  ${open?.repeat(201)}1${close?.repeat(201)}`), 'line 2, column 203')
  })

  it('is placed by the lines that the author wrote', () => {
    assert.equal(refused(`library X\ndefine "return":\n${'('.repeat(201)}`, 2), 'line 1, column 201')
  })

  it('may have brackets in texts, names and comments', () => {
    const many = '('.repeat(500)
    for (const text of [`'${many}'`, `"${many}"`, `\`${many}\``, `// ${many}\n1`, `/* ${many} */ 1`, `'\\'${many}'`])
      assert.equal(refused(text), undefined, text.slice(0, 10))
    assert.notEqual(refused(`'a' ${many}`), undefined)
    assert.notEqual(refused(`/* a */ ${many}`), undefined)
  })

  it('may not have more defines than the translator has time for', () => {
    const defines = (count: number) =>
      Array.from({ length: count }, (_, i) => `define "define ${i}": 'define' // define`)
    assert.equal(refused(defines(3000).join('\n')), undefined)
    assert.equal(refused(`library Big\n${defines(5000).join('\n')}`), 'line 3002, column 1')
    assert.equal(refused(Array.from({ length: 5000 }, () => 'defined undefine "define"').join('\n')), undefined)
  })

  it('may not be longer than any library', () => {
    assert.match(refused('a'.repeat(500_001)) ?? '', /longer than/)
  })

  it('is looked at in one go, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void refused(text)))
    // Each would take hours, were the end of what was opened looked for from every mark.
    for (const piece of ["'\\'", '"\\"', '/*', '`\\`', "'\\\n"]) {
      const text = `${piece[0]}${piece.repeat(1_500_000)}`
      refused(text)
      readHeader(text)
    }
  })
})
