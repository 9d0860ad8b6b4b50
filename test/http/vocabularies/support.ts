/** A server with a small release of each big vocabulary, and questions to it over HTTP. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import { importVocabulary, type Vocabulary } from '../../../src/publish/import/vocabularies.ts'
import { makeZip } from '../../packages/vocabularies/make-zip.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { smallRelease, smallVersion, withIds } from '../../support/snomed/small-release.ts'
import { writeRf2 } from '../../support/snomed/write-rf2.ts'
import { jsonFiles, tabulation } from '../../terminology/vocabularies/icd-11/sample.ts'
import { sampleFiles } from '../../terminology/vocabularies/loinc/sample.ts'

/** A reply. */
export interface Reply {
  status: number
  text: string
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** The server; concepts of SNOMED CT are written as `{wing}` in what is sent. */
export async function vocabularyServer() {
  const { server, dataDir, close } = await openTestServer()
  const take = (vocabulary: Vocabulary, path: string, version?: string) =>
    importVocabulary(vocabulary, path, { ...importOptions(server), version })
  const rf2 = join(dataDir, 'rf2')
  writeRf2(smallRelease(), rf2)
  await take('snomed', rf2, smallVersion)
  for (const version of ['2.82', '2.83']) {
    const path = join(dataDir, `Loinc_${version}.zip`)
    const files = Object.entries(sampleFiles()).map(([name, content]) => ({ name, content }))
    writeFileSync(path, makeZip(files))
    await take('loinc', path)
  }
  const icd = join(dataDir, 'icd')
  writeFiles(icd, { ...jsonFiles(), ...jsonFiles('fr') })
  await take('icd-11', icd)
  const tables = join(dataDir, 'tables')
  const names = ['10ClassKind', 'icd10Code', '11ClassKind', 'icd11Code'].join('\t')
  writeFiles(tables, {
    'SimpleTabulation-ICD-11-MMS-en.txt': tabulation().replaceAll('2031', '2032'),
    '10To11MapToOneCategory.txt': `${names}\ncategory\tZ00\tcategory\t9A00\n`,
  })
  await take('icd-11', tables)
  const url = await server.listen()
  const ask = async (path: string, body?: unknown): Promise<Reply> => {
    const options = body === undefined ? {} : { method: 'POST', body: withIds(JSON.stringify(body)) }
    const headers = { 'content-type': 'application/fhir+json' }
    const reply = await fetch(`${url}/fhir/${path}`, { ...options, headers })
    return { status: reply.status, text: await reply.text() }
  }
  return { url, ask, close }
}

/** A path with its query; values are written as they are meant. */
export const query = (path: string, values: Record<string, string>): string =>
  `${path}?${new URLSearchParams(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withIds(value)])))}`
