import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { writeWhole } from '../../files/whole-file.ts'
import { readKit } from '../../kit/archive/archive.ts'
import { checkKit } from '../../kit/check-kit.ts'
import { applyDelta, isDelta } from '../../kit/delta.ts'
import { applyKit } from '../../kit/installed.ts'
import { KitError } from '../../kit/kit-error.ts'
import { ageRemark, type OpenedKit, openKit, scopeRemark } from '../../kit/open-kit.ts'
import { readJurisdiction, readScope } from '../../kit/scope.ts'
import { addEvaluate } from '../evaluate.ts'
import type { CommandResult } from '../exit-codes.ts'
import { exitCodes } from '../exit-codes.ts'
import { installedKit, pinnedKeys } from './pins.ts'

const collect = (value: string, list: string[] = []) => [...list, value]

/** `vidimus kit build|check|apply|evaluate`: what a verifier needs without a network, as one signed file. */
export function addKit(program: Command, result: CommandResult): void {
  const kit = program
    .command('kit')
    .description('verifier kits: rules, maps, trusted keys as one signed file, for places without a network')
    .exitOverride()
  addBuild(kit)
  addCheck(kit, result)
  addApply(kit, result)
  addEvaluate(kit, result, true)
}

interface BuildOptions {
  jurisdiction?: string
  domain?: string[]
  plan?: string[]
  since?: string
}

function addBuild(kit: Command): void {
  kit
    .command('build')
    .description('makes a kit out of the store and the trust lists of the configuration')
    .argument('<file>', 'file that is written, e.g. kit.tar.gz')
    .option('--jurisdiction <code>', 'the verifying jurisdiction, ISO 3166-1; default JURISDICTION')
    .option('--domain <code>', 'domain of the network whose keys are wanted (repeatable); default all', collect)
    .option(
      '--plan <canonical>',
      'PlanDefinition that is wanted (repeatable); default those of the jurisdiction',
      collect,
    )
    .option('--since <hash>', 'writes what has changed since a kit that was made here before')
    .action(async (file: string, options: BuildOptions) => {
      const config = readConfig()
      const scope = readScope({
        jurisdiction: options.jurisdiction ?? config.jurisdiction,
        trustDomains: options.domain ?? [],
        planDefinitions: options.plan ?? [],
      })
      const { openLoadedServer } = await import('../loaded-server.ts')
      const server = await openLoadedServer(config)
      try {
        const answer = await server.verifierKits().answer(scope, { since: options.since })
        if (answer.kind === 'unchanged') {
          console.log(`nothing has changed since ${answer.kit.hash}`)
          return
        }
        if (answer.kind === 'whole' && answer.isBaseUnknown)
          console.error('the earlier kit is not known here: this is the whole kit')
        const bytes = answer.kind === 'delta' ? answer.body : await readFile(answer.kit.path)
        await writeWhole(file, bytes)
        console.log(
          `${file}: ${answer.kind === 'delta' ? `change since ${answer.base}` : 'kit'} for ${scope.jurisdiction}, ${bytes.length} bytes`,
        )
        console.log(`hash ${answer.kit.hash}, good until ${answer.kit.validUntil.toISOString()}`)
      } finally {
        await server.close()
      }
    })
}

interface CheckOptions {
  key?: string[]
  base?: string
  json?: boolean
}

function addCheck(kit: Command, result: CommandResult): void {
  kit
    .command('check')
    .description('checks a kit: its signature, every hash, its age; exit status 1 when it is old')
    .argument('<file>', 'kit, or what has changed since one')
    .option('--key <file>', 'key that signs the kits (repeatable); default KIT_KEYS', collect)
    .option('--base <file>', 'the kit that a change applies to; default the one in use')
    .option('--json', 'print JSON')
    .action((file: string, options: CheckOptions) =>
      refusals(result, async () => {
        const config = readConfig()
        const now = new Date()
        const bytes = await readFile(file)
        const whole = isDelta(bytes)
          ? applyDelta(readKit(await readFile(options.base ?? installedKit(config))), bytes)
          : bytes
        const opened = openKit(whole, { pins: await pinnedKeys(options.key ?? [], config), now })
        checkKit(opened, whole)
        const told = tell(opened, now)
        console.log(options.json ? JSON.stringify(told, null, 2) : printed(told))
        if (told.old !== undefined) result.exitCode = exitCodes.negative
      }),
    )
}

/** That a kit is not taken is an answer, and no wrong use. */
async function refusals(result: CommandResult, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof KitError)) throw error
    console.error(error.message)
    result.exitCode = exitCodes.negative
  }
}

/** What is told of a kit. */
function tell(kit: OpenedKit, now: Date) {
  const { manifest, proved, hash } = kit
  const count = (type: string) => manifest.files.filter((each) => each.type === type).length
  return {
    hash,
    jurisdiction: manifest.jurisdiction,
    only: scopeRemark(manifest),
    trustDomains: manifest.trustDomains,
    planDefinitions: manifest.files.flatMap(({ type, canonical }) =>
      type === 'PlanDefinition' && canonical ? [canonical] : [],
    ),
    files: manifest.files.length,
    valueSets: count('ValueSet'),
    structureMaps: count('StructureMap'),
    keys: manifest.files.filter(({ file }) => file.startsWith('package/trust/keys/')).length,
    missing: manifest.missing.length,
    withheld: manifest.withheld,
    signer: proved.issuer,
    madeAt: proved.madeAt.toISOString(),
    validUntil: proved.validUntil.toISOString(),
    refusedFrom: proved.refusedFrom.toISOString(),
    old: ageRemark(kit, now),
  }
}

function printed(told: ReturnType<typeof tell>): string {
  const { withheld, planDefinitions } = told
  return [
    `kit ${told.hash}`,
    `for ${told.jurisdiction}, signed by ${told.signer}`,
    ...(told.only === undefined ? [] : [told.only]),
    `made ${told.madeAt}, good until ${told.validUntil}, used until ${told.refusedFrom}`,
    `${told.files} files: ${planDefinitions.length} rule sets, ${told.valueSets} value sets, ${told.structureMaps} maps, ${told.keys} keys`,
    ...withheld.map(({ canonical, reason }) => `not in it: ${canonical}: ${reason}`),
    ...(told.old === undefined ? [] : [told.old]),
  ].join('\n')
}

interface ApplyCommandOptions {
  key?: string[]
  jurisdiction?: string
  old?: boolean
  scope?: boolean
}

function addApply(kit: Command, result: CommandResult): void {
  kit
    .command('apply')
    .description(
      'puts a kit, or what has changed, in the place of the one in use, after all checks; an older one is refused',
    )
    .argument('<file>', 'kit, or what has changed since the one in use')
    .option('--key <file>', 'key that signs the kits (repeatable); default KIT_KEYS', collect)
    .option(
      '--jurisdiction <code>',
      'the only jurisdiction that is taken; default JURISDICTION, else that of the kit in use',
    )
    .option('--old', 'also a kit that is old, where it is newer than the one in use')
    .option('--scope', 'also a kit of other trust domains or other named rule sets than the one in use')
    .action((file: string, options: ApplyCommandOptions) =>
      refusals(result, async () => {
        const config = readConfig()
        const path = installedKit(config)
        const wanted = options.jurisdiction ?? config.jurisdiction
        const applied = await applyKit(await readFile(file), {
          path,
          pins: await pinnedKeys(options.key ?? [], config),
          now: new Date(),
          // One that is misspelt would be none, and any kit would do.
          jurisdiction: wanted === undefined ? undefined : readJurisdiction(wanted),
          takesOld: options.old === true,
          takesOtherScope: options.scope === true,
        })
        const { hash, proved } = applied.kit
        const what = applied.isDelta ? 'changed to kit' : 'kit'
        console.log(`${path}: ${what} ${hash}, good until ${proved.validUntil.toISOString()}`)
      }),
    )
}
