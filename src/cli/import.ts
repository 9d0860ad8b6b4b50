import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Json } from '../base/json-value.ts'
import { readConfig } from '../config.ts'
import { openSource } from '../packages/large-code-system/sources.ts'
import { loadPackage } from '../packages/load.ts'
import { type ImportReport, reportJson, reportLines } from '../packages/report.ts'
import type { VidimusServer } from '../server.ts'
import type { CommandResult } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { importLargeCodeSystem, keepApart } from './import-code-system.ts'
import { importOptions, openLoadedServer } from './loaded-server.ts'
import { progressBar } from './progress.ts'

/** What `vidimus import` is asked for. */
interface Options {
  examples?: boolean
  json?: boolean
  codeSystem?: string
  codeSystemVersion?: string
  name?: string
}

/**
 * `vidimus import <path>…`: packages, folders and files into the store, each in one transaction; large code systems into
 * artefacts beside it.
 */
export function addImport(program: Command, result: CommandResult): void {
  program
    .command('import')
    .description('loads FHIR packages (.tgz), folders and files into the store; exit status 1 when an entry failed')
    .argument('<path...>', 'package, folder or file (JSON, XML, FML; code systems also as NDJSON and CSV)')
    .option('--examples', 'also the examples of packages')
    .option('--code-system <url>', 'the files are this code system: CSV with a header row, NDJSON, or FHIR JSON')
    .option('--code-system-version <version>', 'its business version')
    .option('--name <name>', 'its name for programs')
    .option('--json', 'print the reports as JSON')
    .action(async (paths: string[], options: Options) => {
      for (const path of paths) await stat(path)
      const server = await openLoadedServer(readConfig())
      const reports: Json[] = []
      try {
        for (const path of paths) {
          const { report, complete } = await importPath(path, options, server)
          if (options.json) reports.push(reportJson(report))
          else console.log(reportLines(report).join('\n'))
          const failed = report.entries.some((entry) => entry.status === 'failed')
          if (failed || !complete) result.exitCode = exitCodes.negative
        }
      } finally {
        await server.close()
      }
      if (options.json) console.log(JSON.stringify(reports, null, 2))
    })
}

/** Imports one path; `complete` is false when concepts of a code system were left out. */
async function importPath(
  path: string,
  options: Options,
  server: VidimusServer,
): Promise<{ report: ImportReport; complete: boolean }> {
  const { codeSystem: url, codeSystemVersion: version, name } = options
  const own = importOptions(server)
  const common = { ...own, examples: options.examples === true, keepApart: keepApart(server.config) }
  const source = (await stat(path)).isFile() ? openSource(path, { url, version, name }) : undefined
  if (source) return importLargeCodeSystem(source, server.config, common)
  const bar = progressBar(path)
  const report = await loadPackage({ path }, { ...common, onProgress: (done, total) => bar.show(done, total) })
  bar.end()
  return { report, complete: true }
}
