import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { writeNewFile } from '../../src/files/new-file.ts'
import { secretFileProblem } from '../../src/files/secret-file.ts'
import { writeWhole } from '../../src/files/whole-file.ts'

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-files-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('a new file is its owner’s alone, and never takes the place of one that is there', () => {
    const keys = join(folder, 'keys')
    writeNewFile(keys, 'a.pem', 'first')
    writeNewFile(keys, 'a.pem', 'second')
    assert.deepEqual(readdirSync(keys), ['a.pem'])
    assert.equal(readFileSync(join(keys, 'a.pem'), 'utf8'), 'first')
    assert.equal(statSync(join(keys, 'a.pem')).mode & 0o777, 0o600)
    assert.equal(secretFileProblem(join(keys, 'a.pem')), undefined)
    chmodSync(join(keys, 'a.pem'), 0o604)
    assert.match(secretFileProblem(join(keys, 'a.pem')) ?? '', /a\.pem: its group or others may use it \(mode 0604\)/)
  })

  it('a file is written whole, and what cannot be renamed leaves nothing behind', async () => {
    const lists = join(folder, 'lists')
    await writeWhole(join(lists, 'a'), Buffer.from('one'))
    await writeWhole(join(lists, 'a'), Buffer.from('two'))
    assert.equal(readFileSync(join(lists, 'a'), 'utf8'), 'two')
    await assert.rejects(writeWhole(lists, Buffer.from('x')), { code: /EISDIR|ENOTEMPTY|EEXIST/ })
    assert.deepEqual([readdirSync(folder).sort(), readdirSync(lists)], [['keys', 'lists'], ['a']])
  })
})
