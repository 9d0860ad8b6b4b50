/** Child of damaged.test.ts: imports a release, and says in plain words why it could not. Ends with 3 where the system refused it. */
import { isSystemError, systemErrorText } from '../../../../src/base/system-error.ts'
import { importRelease } from '../../../../src/packages/vocabularies/rf2/import-release.ts'
import { engine } from './support.ts'

const [release = '', folder = ''] = process.argv.slice(2)
try {
  await importRelease(release, { engine, folder, version: undefined, onProgress: () => {} })
} catch (error) {
  console.log(systemErrorText(error) ?? String(error))
  process.exitCode = isSystemError(error) ? 3 : 4
}
