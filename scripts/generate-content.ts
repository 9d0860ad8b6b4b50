/**
 * Writes the resources of `igs/`, `rules/` and `valuesets/` out of the models, tables and CQL that their authors edit there. FML maps are
 * resources as they are. `npm run build:content` calls it; a test holds the committed files in step.
 */

import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Resource } from '../src/fhir/types.ts'
import { conceptMaps } from './content/concept-maps.ts'
import { coreDataSetMaps } from './content/core-data-set.ts'
import { structureDefinitions } from './content/models.ts'
import { libraryResources, planDefinitions } from './content/rules.ts'
import { codeSystems, valueSets } from './content/terminology.ts'
import { trustCodeSystems, trustConceptMaps, trustValueSets } from './content/trust-network.ts'

/** Every generated file: path from the root of the project → text. */
export function contentFiles(): Map<string, string> {
  const files = new Map<string, string>()
  const add = (folder: string, resources: Resource[]) => {
    for (const resource of resources)
      files.set(`${folder}/${resource.resourceType}-${resource.id}.json`, `${JSON.stringify(resource, null, 2)}\n`)
  }
  add('igs', structureDefinitions())
  add('valuesets', [...codeSystems(), ...valueSets(), ...conceptMaps(), ...coreDataSetMaps()])
  add('valuesets', [...trustCodeSystems(), ...trustValueSets(), ...trustConceptMaps()])
  add('rules', [...libraryResources(), ...planDefinitions()])
  return files
}

/** Writes them, and removes what is no longer generated. */
export function writeContent(): void {
  const root = new URL('../', import.meta.url)
  for (const folder of ['igs', 'valuesets', 'rules'])
    for (const name of readdirSync(new URL(`${folder}/`, root)))
      if (/^[A-Z]\w+-.*\.json$/.test(name)) rmSync(new URL(`${folder}/${name}`, root))
  for (const [path, text] of contentFiles()) writeFileSync(new URL(path, root), text)
}
