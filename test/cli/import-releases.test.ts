/** \`vidimus import\` of what is no release: one clear error with file and place, an exit status, and nothing left. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeZip } from '../packages/vocabularies/make-zip.ts'
import { runCommand } from '../support/run-command.ts'
import { smallRelease, smallVersion } from '../support/snomed/small-release.ts'
import { writeRf2 } from '../support/snomed/write-rf2.ts'
import { tabulation } from '../terminology/vocabularies/icd-11/sample.ts'
import { NAMES, sampleFiles } from '../terminology/vocabularies/loinc/sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-no-release-'))
const work = join(folder, 'work')
const environment = { DATA_DIR: join(folder, 'data'), TMPDIR: work, PATH: process.env.PATH ?? '' }
after(() => rmSync(folder, { recursive: true, force: true }))

/** Files of a release, some of them spoilt; as an archive or a folder. */
const loinc = (changes: Record<string, (text: string) => string | Uint8Array> = {}) =>
  makeZip(
    Object.entries(sampleFiles()).map(([name, content]) => ({ name, content: changes[name]?.(content) ?? content })),
  )
const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)
const atLine = (text: string, line: number, by: string) =>
  text
    .split('\r\n')
    .map((each, i) => (i === line - 1 ? by : each))
    .join('\r\n')

const cases: [what: string, option: string, name: string, bytes: () => Buffer | string, says: RegExp][] = [
  [
    'an archive of garbage',
    '--loinc',
    'garbage.zip',
    () => Buffer.alloc(200_000, 'x'),
    /garbage\.zip.*no archive that can be read/,
  ],
  ['an archive that is cut', '--loinc', 'cut.zip', () => half(loinc()), /cut\.zip.*no archive that can be read/],
  ['an archive with nothing in it', '--snomed', 'empty.zip', () => makeZip([]), /has no files of a release in RF2/],
  ['an archive of something else', '--snomed', 'other.zip', () => loinc(), /has no files of a release in RF2/],
  [
    'a table that ends in a record',
    '--loinc',
    'Loinc_2.82.zip',
    () => loinc({ [NAMES.terms]: (text) => text.slice(0, -40) }),
    /Loinc\.csv.*line \d+/,
  ],
  [
    'a table with a broken record',
    '--loinc',
    'Loinc_2.83.zip',
    () => loinc({ [NAMES.parts]: (text) => atLine(text, 3, '"LP1-1","x') }),
    /Part\.csv.*line \d+/,
  ],
  [
    'a table of bytes',
    '--loinc',
    'Loinc_2.84.zip',
    () => loinc({ [NAMES.terms]: () => Buffer.alloc(5_000, 0xfe) }),
    /Loinc\.csv/,
  ],
  [
    'a tabulation that is none',
    '--icd-11',
    'SimpleTabulation-ICD-11-MMS-en.txt',
    () => 'once upon a time',
    /SimpleTabulation-ICD-11-MMS-en\.txt/,
  ],
  [
    'a tabulation with a broken record',
    '--icd-11',
    'SimpleTabulation-ICD-11-MMS-fr.txt',
    () => atLine(tabulation(), 4, 'x\ty'),
    /SimpleTabulation-ICD-11-MMS-fr\.txt.*line 4/,
  ],
  [
    'a workbook that is none',
    '--icd-11',
    'SimpleTabulation.xlsx',
    () => Buffer.alloc(10_000, 'PK'),
    /SimpleTabulation\.xlsx/,
  ],
]

describe('vidimus import of what is no release', () => {
  before(() => mkdirSync(work, { recursive: true }))
  const isClean = () => {
    const indexes = join(folder, 'data', 'code-systems')
    assert.deepEqual(existsSync(indexes) ? readdirSync(indexes) : [], [])
    assert.deepEqual(readdirSync(work), [])
  }
  const refused = async (option: string, path: string, says: RegExp) => {
    const { code, stderr, stdout } = await runCommand(['import', option, path], environment)
    assert.ok(code > 0 && code < 128, `${code} ${stdout}`)
    assert.match(stderr.replaceAll('\n', ' '), says)
    assert.match(stderr, /not imported/)
    assert.doesNotMatch(stderr, /\bat .*\.ts:\d/, 'no stack')
    assert.equal(stdout, '')
    isClean()
  }

  for (const [what, option, name, bytes, says] of cases)
    it(what, async () => {
      const path = join(folder, name)
      writeFileSync(path, bytes())
      await refused(option, path, says)
    })

  it('a folder with a broken line of a table', async () => {
    const path = join(folder, 'rf2')
    writeRf2(smallRelease(), path)
    const table = join(path, 'Snapshot', 'Terminology', 'sct2_Relationship_Snapshot_INT_20270131.txt')
    const broken = join(folder, 'broken')
    writeRf2(smallRelease(), broken)
    assert.ok(existsSync(table), readdirSync(join(path, 'Snapshot', 'Terminology')).join())
    writeFileSync(table.replace(path, broken), 'id\teffectiveTime\r\nx\ty')
    await refused('--snomed', broken, /sct2_Relationship_Snapshot_INT_20270131\.txt/)
    // The same without the fault is taken.
    const { code, stderr } = await runCommand(['import', '--snomed', path, '--version', smallVersion], environment)
    assert.equal(code, 0, stderr)
  })
})
