import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { importEvent } from '../audit/import-event.ts'
import type { Json } from '../base/json-value.ts'
import { publicAddress, readConfig } from '../config.ts'
import { badRequest, FhirError } from '../fhir/error.ts'
import { readSigners, uploadKeys } from '../publish/import/eu-rules/upload-keys.ts'
import { importPath } from '../publish/import/import-path.ts'
import { logImport } from '../publish/import/log.ts'
import { importCatalogue } from '../publish/import/product-catalogue/import-catalogue.ts'
import { importFailure, reportJson, reportLines } from '../publish/import/report.ts'
import { importVocabulary, type Vocabulary } from '../publish/import/vocabularies.ts'
import { createEuValueSets } from '../server/eu-value-sets.ts'
import { software } from '../server.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { importOptions, inTurn, openLoadedServer } from './loaded-server.ts'
import { progressBar } from './progress.ts'

/** What `vidimus import` is asked for. */
interface Options {
  examples?: boolean
  json?: boolean
  canonical?: string
  codeSystem?: string
  codeSystemVersion?: string
  name?: string
  productCatalogue?: boolean
  signer?: string[]
  dryRun?: boolean
  snomed?: boolean
  loinc?: boolean
  icd11?: boolean
  version?: string
}

/**
 * `vidimus import <path>…`: packages, folders and files into the store, each in one transaction; large code systems into
 * indexes beside it.
 */
export function addImport(program: Command, result: CommandResult): void {
  program
    .command('import')
    .description(
      'loads FHIR packages (.tgz), folders and files into the store; exit status 1 when an entry failed, or when every one was skipped; what is not fit to be active becomes a draft and is no failure',
    )
    .argument(
      '<path...>',
      'package, folder or file (JSON, XML, FML, CQL; code systems also as NDJSON and CSV; rules of the EU as JSON, NDJSON or signed)',
    )
    .option('--examples', 'also the examples of packages')
    .option(
      '--canonical <url>',
      'base of the urls of CQL files and rules of the EU: <url>/Library/<name> (default: <BASE_URL>/fhir)',
    )
    .option(
      '--signer <file>',
      'upload certificate (PEM, DER) whose signature on rules counts for the country that it names, beside the upload keys of the trust lists; may be repeated',
      (file: string, files: string[] = []) => [...files, file],
    )
    .option('--dry-run', 'judge everything, store nothing')
    .option('--code-system <url>', 'the files are this code system: CSV with a header row, NDJSON, or FHIR JSON')
    .option('--code-system-version <version>', 'business version of that code system')
    .option('--name <name>', 'name of that code system for programs')
    .option(
      '--product-catalogue',
      'the files are catalogues of products: WHO’s prequalification database (JSON, CSV), lists of test devices of the EU',
    )
    .option('--snomed', 'the path is a release of SNOMED CT: a folder or .zip of files in RF2 (Snapshot, else Full)')
    .option('--loinc', 'the path is a release of LOINC: a folder or .zip with LoincTable and AccessoryFiles')
    .option(
      '--icd-11',
      'the path is a release of ICD-11: a simple tabulation (.txt, .xlsx), a folder or .zip of them or of entities in JSON',
    )
    .option('--version <version>', 'version of that release, where its files do not tell it')
    .option('--json', 'print the reports as JSON')
    .action(async (paths: string[], options: Options) => {
      if (!(await importAll(paths, options))) result.exitCode = exitCodes.negative
    })
}

const softwareName = `${software.name} ${software.version}`

/** The urls of a catalogue are the same on every server, for maps and rules name them. */
function refuseMixed({ productCatalogue, ...options }: Options): void {
  if (!productCatalogue) return
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && name !== 'json' && name !== 'dryRun') throw badRequest(mixed('product-catalogue', name))
}

/** The vocabulary whose release is imported, if any. */
function vocabularyOf({ snomed, loinc, icd11, version, ...options }: Options): Vocabulary | undefined {
  const asked: Vocabulary[] = []
  if (snomed) asked.push('snomed')
  if (loinc) asked.push('loinc')
  if (icd11) asked.push('icd-11')
  const [vocabulary, other] = asked
  if (!vocabulary) {
    if (version !== undefined)
      throw badRequest('--version goes with --snomed, --loinc and --icd-11; a code system takes --code-system-version.')
    return undefined
  }
  if (other) throw badRequest(mixed(vocabulary, other))
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && name !== 'json' && name !== 'dryRun') throw badRequest(mixed(vocabulary, name))
  return vocabulary
}

const mixed = (one: string, other: string) =>
  `--${one} does not go with --${other.replace(/[A-Z]/g, (each) => `-${each.toLowerCase()}`)}.`

/** Imports one path after the other; answers whether all of them succeeded. */
async function importAll(paths: string[], options: Options): Promise<boolean> {
  refuseMixed(options)
  const vocabulary = vocabularyOf(options)
  for (const path of paths) await stat(path)
  const signers = readSigners(options.signer ?? [])
  const server = await openLoadedServer(readConfig())
  const valueSets = createEuValueSets(server.storage)
  const reports: Json[] = []
  let isGood = true
  try {
    for (const path of paths) {
      const bar = progressBar(path)
      const audited = (source: string, counts: ReadonlyMap<string, number>) =>
        importEvent({ recorded: server.now().toISOString(), software: softwareName, source, counts })
      const waits = () => console.error(`${path}: another process imports into this store; waiting for it`)
      const alone = options.dryRun ? {} : { alone: inTurn(server, 'import', waits) }
      const common = { ...importOptions(server), audited, dryRun: options.dryRun === true, ...alone }
      const onProgress = (done: number, total: number) => bar.show(done, total)
      const importing = vocabulary
        ? importVocabulary(vocabulary, path, { ...common, version: options.version, onProgress })
        : options.productCatalogue
          ? importCatalogue(path, { ...common, now: server.now() })
          : importPath(path, {
              ...common,
              examples: options.examples === true,
              euRules: {
                uploadKeys: uploadKeys(server.trust, signers),
                now: server.now(),
                hasValueSet: async (id) => (await valueSets.find(id)) !== undefined,
              },
              canonical: options.canonical ?? `${publicAddress(server.config)}/fhir`,
              codeSystem: { url: options.codeSystem, version: options.codeSystemVersion, name: options.name },
              onProgress,
            })
      const report = await importing
        .catch((error: unknown) => {
          // What is wrong with a source says nothing of which of several it is.
          if (error instanceof FhirError) console.error(`${path}: not imported`)
          throw error
        })
        .finally(() => bar.end())
      if (!options.dryRun) await logImport(server.storage.records, report, new Date())
      const failure = importFailure(report)
      if (failure !== undefined) isGood = false
      if (options.json) reports.push(reportJson(report))
      else console.log(reportLines(report).join('\n'))
      if (failure !== undefined) console.error(`${path}: ${failure}`)
    }
  } finally {
    await server.close()
  }
  if (options.json) console.log(JSON.stringify(reports, null, 2))
  return isGood
}
