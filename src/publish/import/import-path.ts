import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { openSource, type SourceOptions } from '../../packages/large-code-system/sources.ts'
import { putApart } from './import-code-system.ts'
import { type ImportOptions, importPackage } from './import-package.ts'
import type { ImportReport } from './report.ts'

/** An import of what lies at a path, whatever it is. */
export interface PathOptions extends ImportOptions {
  indexes: string
  /** What is said of a code system beside its file. */
  codeSystem: SourceOptions
}

/**
 * Imports a package, a folder, a file of resources, or a code system of any size.
 * @throws FhirError as {@link importPackage} and for a code system that cannot be read; then nothing is stored
 */
export async function importPath(path: string, options: PathOptions): Promise<ImportReport> {
  const isFile = (await stat(path).catch(() => undefined))?.isFile() === true
  const source = isFile ? openSource(path, options.codeSystem) : undefined
  if (!source) return importPackage({ path }, options)
  const name = basename(path)
  const apart = await putApart(source, options.indexes, (done, total) => options.onProgress?.(done, total, name))
  const bytes = Buffer.from(JSON.stringify(apart.resource))
  const { indexes: _, ...inResource } = options
  const report = await importPackage({ bytes, name: `${name}.json` }, inResource)
  const entries = report.entries.map((each) => ({ ...each, file: name }))
  const incomplete = apart.isComplete ? {} : { isIncomplete: true }
  return { ...report, name, entries, issues: [...report.issues, ...apart.issues], ...incomplete }
}
