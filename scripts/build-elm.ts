/**
 * Translates the CQL of `rules/` and the generated FHIRHelpers into `rules/cql/*.elm`, so that no verdict waits for the translator.
 * `npm run build:content` calls it; a test holds the committed files in step with the CQL.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { formatShippedElm } from '../src/rules/cql/translate/shipped-elm.ts'
import type { Translation } from '../src/rules/cql/translate/translator.ts'
import { createRules } from '../src/rules/rules.ts'
import { libraryResources } from './content/rules.ts'

/** Every file of ELM: name → text. @throws Error for CQL that does not translate */
export async function elmFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const libraries = libraryResources()
  const rules = createRules({
    findLibraries: async () => [],
    listLibraries: async () => libraries,
    membership: async () => () => false,
    expand: async () => [],
    revision: () => 1,
    derived: {
      get: async () => undefined,
      async set(_kind, key, value) {
        const translation = JSON.parse(value) as Translation
        if (translation.issues.length > 0) throw new Error(JSON.stringify(translation.issues, null, 2))
        const { id, version } = translation.elm.library.identifier
        files.set(`${id}-${version}.elm`, formatShippedElm(key, translation))
      },
    },
  })
  try {
    const inspector = rules.inspector([])
    for (const library of libraries) await inspector.inspect(library)
  } finally {
    await rules.close()
  }
  return files
}

/** Writes them in place of those that are there. */
export async function writeElm(): Promise<void> {
  const folder = new URL('../rules/cql/', import.meta.url)
  for (const name of readdirSync(folder)) if (name.endsWith('.elm')) rmSync(new URL(name, folder))
  for (const [name, text] of await elmFiles()) writeFileSync(new URL(name, folder), text)
}
