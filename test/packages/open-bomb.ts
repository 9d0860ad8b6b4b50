/** Child of bombs.test.ts: opens a file as an import does, and says what came of it and by how many KiB the process grew. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FhirError } from '../../src/fhir/error.ts'
import { openSource } from '../../src/packages/large-code-system/sources.ts'
import { openPackage } from '../../src/packages/read-package.ts'
import { putApart } from '../../src/publish/import/import-code-system.ts'

const [path = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'vidimus-bomb-'))
const before = process.resourceUsage().maxRSS

async function open(): Promise<string> {
  try {
    const source = openSource(path, { url: /\.(?:csv|ndjson)$/.test(path) ? 'http://example.org/bomb' : undefined })
    if (source) return `0 ${(await putApart(source, folder)).resource.count} concepts`
    return `0 ${(await openPackage({ path })).files.length} files`
  } catch (error) {
    return error instanceof FhirError ? `${error.status} ${error.message}` : `failed ${error}`
  }
}

console.log(await open())
console.log(process.resourceUsage().maxRSS - before)
rmSync(folder, { recursive: true, force: true })
