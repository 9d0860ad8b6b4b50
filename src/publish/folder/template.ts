/** A folder to begin with: a rule, its rule set, a value set, a map, and a pipeline that publishes them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isJurisdictionCode } from '../../base/iso-3166.ts'
import { isMissing } from '../../base/system-error.ts'
import { unprocessable } from '../../fhir/error.ts'

const templateFolder = fileURLToPath(new URL('./template', import.meta.url))

/** What is put into the files. */
export interface TemplateValues {
  /** Canonical base, without a slash at its end. */
  canonical: string
  /** ISO 3166-1 alpha-2. */
  jurisdiction: string
}

/**
 * Writes the files; answers their names.
 * @throws FhirError 422 for a folder that holds something, which nobody overwrites, and for values that are none
 */
export async function writeTemplate(folder: string, values: TemplateValues): Promise<string[]> {
  if (!/^https?:\/\/[^\s"|{}\\]+[^\s"|{}\\/]$/.test(values.canonical))
    throw unprocessable('the canonical base is an http or https address without a slash at its end')
  if (!/^[A-Z]{2}$/.test(values.jurisdiction) || !isJurisdictionCode(values.jurisdiction))
    throw unprocessable('the jurisdiction is a country by two letters (ISO 3166-1), such as NZ')
  if ((await filesIn(folder)).length > 0)
    throw unprocessable(`${folder} holds files already; a template goes into an empty folder`)
  const written: string[] = []
  for (const name of await filesIn(templateFolder)) {
    const text = await readFile(join(templateFolder, name), 'utf8')
    // In a repository of its own it hides files; here it would hide those of the template.
    const target = name === 'gitignore' ? '.gitignore' : name
    await mkdir(dirname(join(folder, target)), { recursive: true })
    const filled = text
      .replaceAll('{{canonical}}', values.canonical)
      .replaceAll('{{jurisdiction}}', values.jurisdiction)
    await writeFile(join(folder, target), filled, { flag: 'wx' })
    written.push(target)
  }
  return written
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return found
    .filter((each) => each.isFile())
    .map((each) => relative(folder, join(each.parentPath, each.name)))
    .sort()
}
