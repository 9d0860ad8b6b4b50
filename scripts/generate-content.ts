/**
 * Writes the JSON of `igs/`, `rules/` and `valuesets/` out of the tables in scripts/content/ and the CQL in rules/cql/. Run:
 * `node scripts/generate-content.ts`; a test holds the committed files in step. FML maps and CQL are written by hand.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Resource } from '../src/fhir/types.ts'
import { extensions } from './content/extensions.ts'
import { logicalModels } from './content/logical-models.ts'
import { libraryResources, planDefinitions } from './content/rules.ts'
import { codeSystems, conceptMaps, valueSets } from './content/terminology.ts'

/** Every generated file: path from the root of the project → text. */
export function contentFiles(): Map<string, string> {
  const files = new Map<string, string>()
  const add = (folder: string, resources: Resource[]) => {
    for (const resource of resources)
      files.set(`${folder}/${resource.resourceType}-${resource.id}.json`, `${JSON.stringify(resource, null, 2)}\n`)
  }
  add('igs', [...logicalModels, ...extensions])
  add('valuesets', [...codeSystems, ...valueSets, ...conceptMaps])
  add('rules', [...libraryResources, ...planDefinitions])
  return files
}

if (import.meta.main) {
  const root = new URL('../', import.meta.url)
  for (const folder of ['igs', 'valuesets', 'rules'])
    for (const name of readdirSync(new URL(`${folder}/`, root)))
      if (/^[A-Z]\w+-.*\.json$/.test(name)) rmSync(new URL(`${folder}/${name}`, root))
  for (const [path, text] of contentFiles()) writeFileSync(new URL(path, root), text)
}
