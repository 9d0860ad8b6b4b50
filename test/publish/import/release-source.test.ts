import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import { readConfig } from '../../../src/config.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { importVocabulary, type Vocabulary } from '../../../src/publish/import/vocabularies.ts'
import { createServer } from '../../../src/server.ts'
import { makeZip } from '../../packages/vocabularies/make-zip.ts'
import { answer, parameters } from '../../terminology/support.ts'
import { tabulation } from '../../terminology/vocabularies/icd-11/sample.ts'
import { NAMES, sampleFiles } from '../../terminology/vocabularies/loinc/sample.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-releases-'))
after(() => rmSync(root, { recursive: true, force: true }))

const server = await createServer(readConfig({ DATA_DIR: join(root, 'data'), ACCESS_LOG: 'off', LOG_LEVEL: 'error' }))
after(() => server.close())

const take = (vocabulary: Vocabulary, path: string, more: { version?: string; dryRun?: boolean } = {}) =>
  importVocabulary(vocabulary, path, { ...importOptions(server), version: more.version, dryRun: more.dryRun === true })
const zipped = (name: string, files: Record<string, string>): string => {
  const path = join(root, name)
  writeFileSync(path, makeZip(Object.entries(files).map(([each, content]) => ({ name: each, content }))))
  return path
}
const lookup = (system: string, code: string, version?: string) =>
  server.terminology.lookup(parameters({ system, code, ...(version && { version }) }))
const indexes = () => readdirSync(join(root, 'data', 'code-systems')).sort()

describe('an import of a release', () => {
  it('of LOINC in an archive answers from then on; the same again changes nothing', async () => {
    const path = zipped('Loinc_2.82.zip', sampleFiles())
    const tried = await take('loinc', path, { dryRun: true })
    assert.ok(tried.issues.some(({ details }) => details?.text?.includes('nothing is stored')))
    await assert.rejects(lookup('http://loinc.org', '90000001-1'), FhirError)
    const report = await take('loinc', path)
    assert.deepEqual(
      report.entries.map(({ status }) => status),
      ['loaded'],
    )
    assert.equal(answer(await lookup('http://loinc.org', '90000001-1'), 'version'), '2.82')
    const before = indexes()
    assert.deepEqual(
      (await take('loinc', path)).entries.map(({ status }) => status),
      ['unchanged'],
    )
    assert.deepEqual(indexes(), before)
  })

  it('that fails leaves what was there, and nothing else', async () => {
    const before = indexes()
    for (const [name, files] of [
      ['half.zip', Object.fromEntries(Object.entries(sampleFiles()).filter(([each]) => each !== NAMES.parts))],
      ['cut.zip', { ...sampleFiles(), [NAMES.terms]: (sampleFiles()[NAMES.terms] ?? '').slice(0, -40) }],
      [
        'circle.zip',
        {
          ...sampleFiles(),
          [NAMES.hierarchy]: `${sampleFiles()[NAMES.hierarchy]}"","1","LP90000001-1","LP90000100-1","x"\r\n`,
        },
      ],
    ] as const)
      await assert.rejects(
        take('loinc', zipped(name, files), { version: '2.83' }),
        (error: unknown) => error instanceof FhirError && error.status === 422,
      )
    writeFileSync(join(root, 'garbage.zip'), Buffer.alloc(1_000_000, 'x'))
    await assert.rejects(take('loinc', join(root, 'garbage.zip')), /no archive that can be read/)
    await assert.rejects(take('icd-11', join(root, 'nowhere.zip')), /is not there/)
    assert.deepEqual(indexes(), before)
    assert.equal(answer(await lookup('http://loinc.org', '90000001-1'), 'version'), '2.82')
  })

  it('of a new version stands beside the old one', async () => {
    await take('loinc', zipped('Loinc_2.83.zip', sampleFiles()))
    assert.equal(answer(await lookup('http://loinc.org', '90000001-1'), 'version'), '2.83')
    assert.equal(answer(await lookup('http://loinc.org', '90000001-1', 'LOINC_2.82'), 'version'), '2.82')
  })

  it('of ICD-11 in a folder stores its maps, too, which translate in both directions', async () => {
    const folder = join(root, 'icd')
    const files = {
      'SimpleTabulation-ICD-11-MMS-en/SimpleTabulation-ICD-11-MMS-en.txt': tabulation(),
      'mapping/10To11MapToOneCategory.txt':
        '10ClassKind\ticd10Code\t11ClassKind\ticd11Code\ncategory\tZ00\tcategory\t9A00\n',
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const report = await take('icd-11', folder)
    assert.deepEqual(report.entries.map(({ type, status }) => `${type} ${status}`).sort(), [
      'CodeSystem loaded',
      'ConceptMap loaded',
    ])
    assert.equal(
      answer(await lookup('http://id.who.int/icd11/mms', '9A01/9N10'), 'display'),
      'Griffin pox / Fall from a beanstalk',
    )
    const translated = await server.terminology.translate(
      parameters({
        system: 'http://hl7.org/fhir/sid/icd-10',
        code: 'Z00',
        targetsystem: 'http://id.who.int/icd/release/11/mms',
      }),
    )
    assert.equal(answer(translated, 'result'), true)
    assert.match(JSON.stringify(translated), /"9A00"/)
  })
})
