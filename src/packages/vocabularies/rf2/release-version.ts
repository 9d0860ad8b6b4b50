/** Which edition and version a release is (https://confluence.ihtsdotools.org/display/DOCURI/2.1+URIs+for+Editions+and+Versions). */
import { unprocessable } from '../../../fhir/error.ts'
import type { ReleaseFiles } from './release-files.ts'
import { readRows } from './rows.ts'

const VERSION = /^http:\/\/snomed\.info\/x?sct\/\d{6,18}\/version\/(\d{8})$/

/** Module of the International Edition. */
const INTERNATIONAL = '900000000000207008'

/**
 * The version as it was given, else as the files tell it.
 * @throws FhirError 422 when it is none, is of another date than the files, or cannot be told
 */
export async function releaseVersion(source: string, files: ReleaseFiles, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    const date = VERSION.exec(given)?.[1]
    if (date === undefined)
      throw unprocessable(
        `'${given.slice(0, 100)}' is no version of SNOMED CT: it looks like http://snomed.info/sct/${INTERNATIONAL}/version/20250901`,
        'invalid',
      )
    if (Number(date) !== files.date)
      throw unprocessable(`${source}: its files are of ${files.date}, not of ${date}`, 'invalid')
    return given
  }
  const [publisher = ''] = files.publishers
  const module = publisher === 'INT' ? INTERNATIONAL : await editionModule(files, publisher)
  if (module === undefined)
    throw unprocessable(
      `${source}: which edition it is cannot be told; give --version http://snomed.info/sct/<module>/version/${files.date}`,
      'required',
    )
  return `http://snomed.info/sct/${module}/version/${files.date}`
}

const COLUMNS = ['active', 'moduleId', 'referencedComponentId', 'sourceEffectiveTime', 'targetEffectiveTime']

/** The one module of a publisher on which no other of his depends; undefined when there are none or several. */
async function editionModule({ files }: ReleaseFiles, publisher: string): Promise<string | undefined> {
  const namespace = /\d{7}$/.exec(publisher)?.[0]
  const isOwn = (id: string) => id.slice(-10, -3) === namespace
  const own = new Set<string>()
  const below = new Set<string>()
  for (const file of files) {
    if (!/Refset_ModuleDependency(?:Snapshot|Full)/.test(file.path)) continue
    await readRows(
      { chunks: file.chunks(), columns: COLUMNS, hasMore: true, tell: () => {} },
      {
        row: ([active, module = '', target = '']) => {
          if (active === '1' && isOwn(module)) {
            own.add(module)
            below.add(target)
          }
          return undefined
        },
      },
    )
  }
  const [only, ...others] = [...own].filter((id) => !below.has(id))
  return others.length === 0 ? only : undefined
}
