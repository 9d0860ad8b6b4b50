import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { unprocessable } from '../../fhir/error.ts'
import { euRuleForm } from '../../packages/eu-rules/form.ts'
import { firstChunks } from '../../packages/large-code-system/file-bytes.ts'
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
  // Who says of which code system the file is, knows it.
  const isNamed = options.codeSystem.url !== undefined
  const source = isFile && (isNamed || !holdsEuRules(path)) ? openSource(path, options.codeSystem) : undefined
  if (!source) return importPackage({ path }, options)
  if (options.dryRun)
    throw unprocessable(
      `${basename(path)}: a code system in a file of its own is read into an index at once; --dry-run is not possible`,
    )
  const name = basename(path)
  const apart = await putApart(source, options.indexes, (done, total) => options.onProgress?.(done, total, name))
  const bytes = Buffer.from(JSON.stringify(apart.resource))
  const { indexes: _, ...inResource } = options
  const report = await importPackage({ bytes, name: `${name}.json` }, inResource)
  const entries = report.entries.map((each) => ({ ...each, file: name }))
  const incomplete = apart.isComplete ? {} : { isIncomplete: true }
  return { ...report, name, entries, issues: [...report.issues, ...apart.issues], ...incomplete }
}

/** Rules of the EU may come one a line, as large code systems do. */
const holdsEuRules = (path: string): boolean =>
  /\.(?:ndjson|jsonl)$/i.test(path) && euRuleForm(path, Buffer.concat([...firstChunks(path, headBytes)])) === 'lines'

/** A rule begins within so many bytes. */
const headBytes = 1 << 18
