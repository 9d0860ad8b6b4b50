import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import { releaseBed } from './support.ts'

interface Case {
  name: string
  /** Part of the name of the file that is spoilt. */
  file?: string
  /** Part of the names of files that are taken away. */
  remove?: string
  rename?: [from: string, to: string]
  copyTo?: string
  replace?: [pattern: string, by: string]
  /** Line, from 1, and what stands there instead. */
  replaceLine?: [line: number, by: string]
  duplicateLine?: number
  append?: string
  keepLines?: number
  /** Share of the bytes that stay. */
  cut?: number
  /** Line in which there are bytes that are no UTF-8. */
  bytesAt?: number
  utf16?: true
  /** Bytes of nonsense instead of the content. */
  garbage?: number
  version?: string
  says: string
}

const cases: Case[] = JSON.parse(readFileSync(new URL('cases/refused.json', import.meta.url), 'utf8'))

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((each) => each.endsWith('.txt'))
    .map((each) => join(folder, each))

function spoil(folder: string, given: Case): void {
  const { file = '', remove, rename, copyTo } = given
  if (remove) for (const each of filesBelow(folder)) if (each.includes(remove)) rmSync(each)
  const paths = filesBelow(folder).filter((each) => basename(each).includes(file))
  if (!remove) assert.ok(paths.length > 0, `no file ${file}`)
  for (const path of paths) {
    if (rename) renameSync(path, join(path, '..', basename(path).replace(rename[0], rename[1])))
    else if (copyTo) copyFileSync(path, join(folder, copyTo))
    else if (file) writeFileSync(path, spoiltBytes(readFileSync(path), given))
  }
}

function spoiltBytes(bytes: Buffer, given: Case): Buffer {
  if (given.garbage !== undefined) return Buffer.alloc(given.garbage, 'x\t')
  if (given.cut !== undefined) return bytes.subarray(0, Math.floor(bytes.length * given.cut) - 3)
  const lines = bytes.toString('utf8').split('\r\n')
  if (given.replaceLine) lines[given.replaceLine[0] - 1] = given.replaceLine[1]
  if (given.duplicateLine) lines.splice(-1, 0, lines[given.duplicateLine - 1] ?? '')
  if (given.append) lines.splice(-1, 0, given.append)
  if (given.keepLines) lines.splice(given.keepLines, lines.length, '')
  const text = lines.join('\r\n')
  if (given.utf16) return Buffer.from(`\uFEFF${text}`, 'utf16le')
  const spoilt = Buffer.from(given.replace ? text.replace(new RegExp(given.replace[0]), given.replace[1]) : text)
  if (given.bytesAt) {
    let at = 0
    for (let line = 1; line < given.bytesAt; line++) at = spoilt.indexOf(10, at) + 1
    spoilt[at + 20] = 0xff
  }
  return spoilt
}

describe('what is no release', () => {
  const bed = releaseBed()
  after(bed.remove)
  const keepsNothing = () => assert.deepEqual(existsSync(bed.indexes) ? readdirSync(bed.indexes) : [], [])

  for (const [i, each] of cases.entries()) {
    it(`is refused, and leaves nothing: ${each.name}`, async () => {
      const folder = bed.copy(`case-${i}`)
      spoil(folder, each)
      await assert.rejects(bed.import(folder, each.version), (error: unknown) => {
        assert.ok(error instanceof FhirError, String(error))
        assert.equal(error.status, 422)
        assert.match(error.message, new RegExp(each.says))
        assert.ok(error.issues.length <= 21)
        return true
      })
      keepsNothing()
    })
  }

  it('is told with every fault of a file, up to a bound', async () => {
    const folder = bed.copy('many')
    const path = filesBelow(folder).find((each) => each.includes('sct2_Concept_'))
    assert.ok(path)
    const lines = readFileSync(path, 'utf8').split('\r\n')
    writeFileSync(path, lines.map((line, i) => (i > 0 && i <= 3 ? `x${line}` : line)).join('\r\n'))
    await assert.rejects(bed.import(folder), (error: unknown) => {
      assert.ok(error instanceof FhirError)
      assert.deepEqual(
        error.issues.map((each) => /line \d+/.exec(each.details?.text ?? '')?.[0]),
        ['line 2', 'line 3', 'line 4'],
      )
      return true
    })
    keepsNothing()
  })
})
