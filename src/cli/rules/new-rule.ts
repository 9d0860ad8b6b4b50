/** `vidimus rules new`: a rule to begin with, with its rule set and its cases. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { isJurisdictionCode } from '../../base/iso-3166.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { isMissing } from '../../base/system-error.ts'
import { unprocessable } from '../../fhir/error.ts'
import { triedBase } from './author-folder.ts'

interface Options {
  folder: string
  canonical?: string
  jurisdiction: string
}

/** `vidimus rules new <name>` */
export function addNew(rules: Command): void {
  rules
    .command('new')
    .description('writes a rule to begin with: a library, its rule set and cases, which pass at once')
    .argument('<name>', 'name of the library, such as EntryVaccination')
    .option('--folder <folder>', 'where it is written', '.')
    .option('--canonical <url>', 'base of canonicals; default: that of package.json in the folder')
    .option('--jurisdiction <code>', 'whose rule it is, by two letters (ISO 3166-1)', 'XX')
    .action(async (name: string, options: Options) => {
      for (const file of await writeRule(name, options)) console.log(file)
    })
}

async function writeRule(name: string, { folder, canonical, jurisdiction }: Options): Promise<string[]> {
  if (!/^[A-Z][A-Za-z0-9]{0,59}$/.test(name))
    throw unprocessable('the name is one word of letters and digits that begins with a capital: EntryVaccination')
  if (!/^[A-Z]{2}$/.test(jurisdiction) || !isJurisdictionCode(jurisdiction))
    throw unprocessable('the jurisdiction is a country by two letters (ISO 3166-1), such as NZ')
  const known = await canonicalOf(folder)
  const base = (canonical ?? known ?? triedBase).replace(/\/+$/, '')
  if (!/^https?:\/\/[^\s"|{}\\]+$/.test(base)) throw unprocessable('the canonical base is an http or https address')
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
  const id = words.toLowerCase().replaceAll(' ', '-')
  const values: Record<string, string> = { name, id, title: words, canonical: base, jurisdiction }
  const files: Record<string, string> = {
    'library.cql': `rules/${name}.cql`,
    'plan.json': `rules/PlanDefinition-${id}.json`,
    'cases.yaml': `rules/cases/${name}.yaml`,
  }
  for (const target of Object.values(files))
    if (await isThere(join(folder, target))) throw unprocessable(`${join(folder, target)} is there already`)
  // What the urls begin with is said once, for whoever reads the folder.
  const manifest = join(folder, 'package.json')
  const isNew = !(await isThere(manifest))
  if (!isNew && known !== base)
    throw unprocessable(`${manifest} says another canonical base, or none: ${known ?? 'none'}`)
  for (const [source, target] of Object.entries(files)) {
    const text = await readFile(new URL(`./template/${source}`, import.meta.url), 'utf8')
    await mkdir(dirname(join(folder, target)), { recursive: true })
    const filled = text.replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? '')
    await writeFile(join(folder, target), filled, { flag: 'wx' })
  }
  if (isNew) await writeFile(manifest, manifestText(base), { flag: 'wx' })
  return [...(isNew ? ['package.json'] : []), ...Object.values(files)].map((target) => join(folder, target))
}

function manifestText(canonical: string): string {
  const manifest = { name: 'example.rules', version: '0.1.0', canonical, fhirVersions: ['4.0.1'], dependencies: {} }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false
      throw error
    },
  )
}

/** The base that the folder says for all of its content. */
async function canonicalOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  const manifest = text === undefined ? undefined : parseJson(text)
  return isJsonObject(manifest) && typeof manifest.canonical === 'string' ? manifest.canonical : undefined
}
