import type { CodeSystem, Resource } from '../../../src/fhir/types.ts'
import type { ReleaseFiles, VocabularySource } from '../../../src/packages/vocabularies/source.ts'
import type { CodeSystemProvider } from '../../../src/terminology/code-system/code-system.ts'
import { headOf } from '../../../src/terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../../../src/terminology/code-system/large/index-builder.ts'
import { createTerminology, type Terminology } from '../../../src/terminology/terminology.ts'
import { openCodeSystem } from '../../../src/terminology/vocabularies/open.ts'
import { releaseBuilder } from '../../../src/terminology/vocabularies/release-builder.ts'
import { memoryFile, memorySpool } from '../code-system/large/support.ts'
import { memorySource } from '../support.ts'

/** The files of a release in memory, by name. */
export function memoryFiles(contents: Record<string, string | Uint8Array>, path = '/releases/Release'): ReleaseFiles {
  const bytes = new Map(Object.entries(contents).map(([name, content]) => [name, Buffer.from(content)]))
  const of = (name: string) => {
    const found = bytes.get(name)
    if (!found) throw new Error(`there is no file ${name}`)
    return found
  }
  return {
    path,
    names: [...bytes.keys()].sort(),
    bytes: (name) => of(name).length,
    chunks: (name) => [of(name)],
    sha256: (name) => `${of(name).toString('utf8').length}`,
  }
}

/** A release as it is stored: the resource without concepts, and the provider of its index. */
export interface Imported {
  resource: CodeSystem
  provider: CodeSystemProvider
  /** What was wrong with single concepts. */
  problems: string[]
}

/** Imports a source in memory, by the builder that `vidimus import` uses. */
export function imported(source: VocabularySource): Imported {
  const builder = releaseBuilder(createIndexBuilder(headOf(source.head), memorySpool()), source.kind)
  const problems: string[] = []
  for (const item of source.items(() => {})) {
    if ('problem' in item) problems.push(item.problem)
    else builder.add(item)
  }
  const file = memoryFile()
  const { concepts } = builder.finish(file, undefined)
  const resource: CodeSystem = { ...source.head, count: concepts }
  return { resource, provider: openCodeSystem(resource, file.bytes()), problems }
}

/** The engine over imported releases and other resources. */
export function terminologyWith(releases: Imported[], resources: Resource[] = []): Terminology {
  const providers = new Map(releases.map(({ resource, provider }) => [resource, provider]))
  let uuid = 0
  return createTerminology(
    {
      ...memorySource([...releases.map(({ resource }) => resource), ...resources]),
      largeCodeSystem: async (resource) => providers.get(resource),
    },
    {
      now: () => new Date('2026-01-01T00:00:00Z'),
      uuid: () => `00000000-0000-4000-8000-${String(uuid++).padStart(12, '0')}`,
      limits: {},
    },
  )
}
