import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import type { Json } from '../fhir/types.ts'
import { loadPackage } from '../packages/load.ts'
import { reportJson, reportLines } from '../packages/report.ts'
import type { CommandResult } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { importOptions, openLoadedServer } from './loaded-server.ts'
import { progressBar } from './progress.ts'

/** `vidimus import <path>…`: packages, folders and files into the store, each in one transaction. */
export function addImport(program: Command, result: CommandResult): void {
  program
    .command('import')
    .description('loads FHIR packages (.tgz), folders and files into the store; exit status 1 when an entry failed')
    .argument('<path...>', 'package, folder or file (JSON, XML, FML)')
    .option('--examples', 'also the examples of packages')
    .option('--json', 'print the reports as JSON')
    .action(async (paths: string[], options: { examples?: boolean; json?: boolean }) => {
      for (const path of paths) await stat(path)
      const server = await openLoadedServer(readConfig())
      const reports: Json[] = []
      try {
        for (const path of paths) {
          const bar = progressBar(path)
          const report = await loadPackage(
            { path },
            {
              ...importOptions(server.storage),
              examples: options.examples === true,
              onProgress: (done, total) => bar.show(done, total),
            },
          )
          bar.end()
          if (options.json) reports.push(reportJson(report))
          else console.log(reportLines(report).join('\n'))
          if (report.entries.some((entry) => entry.status === 'failed')) result.exitCode = exitCodes.negative
        }
      } finally {
        await server.close()
      }
      if (options.json) console.log(JSON.stringify(reports, null, 2))
    })
}
