import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { storeUrl } from '../../../src/cli/operation/storage.ts'

test('the URL of a store is an argument, or stands in a file that one names', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-store-url-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'url')
  writeFileSync(file, 'mongodb://reader:secret@a.example/x\n')
  assert.equal(storeUrl(`@${file}`), 'mongodb://reader:secret@a.example/x')
  assert.equal(storeUrl('sqlite:/data/vidimus.db'), 'sqlite:/data/vidimus.db')
  assert.throws(() => storeUrl(`@${file}-not-there`), /cannot be read/)
  writeFileSync(file, '\n')
  assert.throws(() => storeUrl(`@${file}`), /is empty/)
})
