import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { errorText, systemErrorText } from '../../src/base/system-error.ts'
import { readCases } from '../support/read-cases.ts'

describe('an error of the operating system in plain words', () => {
  const cases = readCases<{ name: string; error: object; text: string | null }>(
    import.meta.url,
    'cases/system-error.json',
  )
  for (const { name, error, text } of cases)
    it(name, () => {
      const thrown = Object.assign(new Error('as the system says it'), error)
      assert.equal(systemErrorText(thrown) ?? null, text)
      assert.equal(errorText(thrown), text ?? 'as the system says it')
    })
  it('is what Node throws', () => {
    const folder = mkdtempSync(`${tmpdir()}/vidimus-error-`)
    try {
      assert.throws(
        () => readFileSync(`${folder}/none`),
        (error) => /none: there is no such file/.test(errorText(error)),
      )
      assert.throws(
        () => readFileSync(folder),
        (error) => /^this is a folder/.test(errorText(error)),
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
    assert.equal(errorText('just a text'), 'just a text')
  })
})
