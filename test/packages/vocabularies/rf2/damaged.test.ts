/** Index files that are damaged in one byte, anywhere; disks that are full. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import { indexReader, readIndex } from '../../../../src/packages/large-code-system/code-system-index.ts'
import { openCodeSystem } from '../../../../src/terminology/vocabularies/open.ts'
import { releaseBed } from './support.ts'

const root = resolve(import.meta.dirname, '../../../..')

describe('the index of a release', () => {
  const bed = releaseBed()
  after(bed.remove)

  it('is refused with one wrong byte in any of its sections, its directory or its end, and answers nothing', async () => {
    const { made } = await bed.import(bed.release)
    const file = join(bed.indexes, made.index, 'index.bin')
    const whole = readFileSync(file)
    const places = sectionsOf(whole)
    assert.ok(places.length > 20, `${places.length} sections`)
    for (const [name, [from, length]] of [...places, ['end', [whole.length - 16, 16]] as const]) {
      for (const at of new Set([from, from + (length >> 1), from + length - 1])) {
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
        writeFileSync(file, damaged)
        await assert.rejects(readIndex(bed.indexes, made.index), /damaged: its hash/, `${name} at ${at}`)
      }
    }
    const reader = indexReader(bed.indexes, openCodeSystem)
    await assert.rejects(
      reader.read(made.resource),
      (error: unknown) =>
        error instanceof FhirError && error.status === 503 && /Import the code system again/.test(error.message),
    )
    // The next import puts it right.
    const again = await bed.import(bed.release)
    assert.equal(again.made.unchanged, false)
    assert.deepEqual(readFileSync(file), whole)
    assert.deepEqual(readdirSync(bed.indexes), [made.index])
  })
})

describe('an import onto a disk that is full', () => {
  const bed = releaseBed()
  after(bed.remove)

  it('says so, and leaves nothing', async () => {
    const program = join(import.meta.dirname, 'import-child.ts')
    // Blocks of 512 bytes: much less than the index has.
    const limited = `ulimit -f 40 && exec "$@"`
    const { status, stdout } = spawnSync(
      '/bin/sh',
      ['-c', limited, 'sh', process.execPath, program, bed.release, bed.indexes],
      { cwd: root, encoding: 'utf8' },
    )
    assert.equal(status, 3, stdout)
    assert.match(stdout, /the file is larger than this file system allows/)
    assert.deepEqual(readdirSync(bed.indexes), [])
    const { made } = await bed.import(bed.release)
    assert.deepEqual(readdirSync(bed.indexes), [made.index])
  })
})

/** Sections of an index file by name: where they begin, and their bytes. */
function sectionsOf(bytes: Buffer): [string, readonly [number, number]][] {
  const length = bytes.readUInt32LE(bytes.length - 4)
  const padded = bytes.readUInt32LE(bytes.length - 8)
  const start = bytes.length - 16 - padded
  const directory: { sections: Record<string, [number, number]> } = JSON.parse(
    bytes.toString('utf8', start, start + length),
  )
  const sections = Object.entries(directory.sections).filter(([, [, size]]) => size > 0)
  return [...sections, ['directory', [start, length]]]
}
