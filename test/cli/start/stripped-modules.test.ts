import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { serverModules, strip } from '../../../scripts/build-program.ts'
import { openStripped, packStripped } from '../../../src/cli/start/stripped-modules.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-stripped-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const modules = ['a.ts', 'é.ts', 'empty.ts'].map((name) => ({
  source: Buffer.from(name === 'empty.ts' ? '' : `const name: string = '${name}'`),
  stripped: name === 'empty.ts' ? '' : `const name         = '${name}'`,
}))

function open(bytes: Uint8Array) {
  const path = join(folder, 'program.bin')
  writeFileSync(path, bytes)
  return openStripped(path)
}

describe('Own modules without their types', () => {
  it('are found by the whole of their source, whatever they are called', () => {
    const stripped = open(packStripped(modules))
    assert.ok(stripped)
    for (const each of modules) assert.equal(stripped(each.source), each.stripped)
  })

  it('are none of a source that has changed: never an old text for a new one', () => {
    const stripped = open(packStripped(modules))
    for (const { source } of modules) {
      assert.equal(stripped?.(Buffer.concat([source, Buffer.from(' ')])), undefined)
      if (source.length > 0) assert.equal(stripped?.(source.subarray(1)), undefined)
    }
  })

  it('are stripped by Node where the file is absent, damaged or of another format', () => {
    assert.equal(openStripped(join(folder, 'none')), undefined)
    const whole = packStripped(modules)
    const last = Buffer.from(String(modules[1]?.stripped))
    for (let length = 0; length < whole.length; length++) {
      const stripped = open(whole.subarray(0, length))
      // What is there is whole, what is cut off is not there.
      for (const { source, stripped: wanted } of modules)
        if (stripped?.(source) !== undefined) assert.equal(stripped(source), wanted)
      if (length < whole.length - last.length) assert.equal(stripped?.(modules[1]?.source ?? last), undefined)
    }
    // One bit of any byte: never another program.
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed.writeUInt8((changed.readUInt8(at) ^ (1 << (at % 8))) & 0xff, at)
      const stripped = open(changed)
      for (const { source, stripped: wanted } of modules)
        assert.ok([undefined, wanted].includes(stripped?.(source)), `byte ${at}`)
    }
    const other = Buffer.from(whole.toString('latin1').replace('"format":2', '"format":1'), 'latin1')
    assert.equal(open(other), undefined)
    assert.equal(open(Buffer.from('ffffff7f7b7d', 'hex')), undefined)
  })

  it('keep every line and column', () => {
    const paths = serverModules()
    assert.ok(paths.length > 1000)
    for (const path of paths) {
      const { source, stripped } = strip(path)
      const text = source.toString()
      const lines = (of: string) => of.split('\n').map((line) => line.length)
      assert.deepEqual(lines(stripped), lines(text), path)
    }
  })
})
