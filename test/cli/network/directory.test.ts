import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runCommand } from '../../support/run-command.ts'

describe('vidimus directory onboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onboard-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const onboard = (source: string) =>
    runCommand(['directory', 'onboard', source], { DATA_DIR: join(folder, 'data'), TRUST_LISTS: '[]' })

  it('of a list without a pinned key asks for the option, and names the source as it was given', async () => {
    const { code, stderr } = await onboard('did:web:lists.example')
    assert.deepEqual([code, stderr], [2, 'did:web:lists.example: a did-v2 list needs the pinned signing key: --key\n'])
  })

  it('of a folder that is meant for something else names some of its files, and offers no entry', async () => {
    for (const name of ['a.key', 'b.key', 'c.key', 'd.key', 'e.key']) writeFileSync(join(folder, name), '')
    const { code, stdout } = await onboard(folder)
    assert.equal(code, 1)
    assert.match(stdout, /a\.key is neither .* c\.key is neither .*; and so with 2 more$/m)
    assert.doesNotMatch(stdout, /d\.key|ENTRY FOR TRUST_LISTS/)
  })
})
