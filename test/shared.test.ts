/** Says once what is not run where the corpora are absent. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isShared } from './support/shared.ts'

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => /\b(?:overShared|isShared)\b/.test(readFileSync(join(import.meta.dirname, file), 'utf8')))
  .filter((file) => file !== 'shared.test.ts')
  .sort()

test(`tests over the public corpora, in ${files.length} files`, {
  skip: !isShared && `../shared is absent; not run: ${files.join(', ')}`,
}, () => {
  assert.ok(files.length >= 10)
})
