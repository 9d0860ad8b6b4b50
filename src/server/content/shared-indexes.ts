/** Indexes of large code systems among replicas: what one imports is kept for all before its CodeSystem is stored, and the others copy it. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import { checkIndex, INDEXES_FOLDER, indexName } from '../../packages/large-code-system/code-system-index.ts'
import { bringIndex, shareIndex } from '../../packages/large-code-system/shared-index.ts'
import type { Artefacts } from '../../storage/artefacts.ts'
import { isElsewhere, openArtefacts } from '../../storage/open.ts'
import type { Storage } from '../../storage/storage.ts'

/** How long a request waits for an index that is being copied, milliseconds: longer it is told to come again. */
const patienceMilliseconds = 3_000

/** A store whose indexes are shared. */
export interface SharedIndexes {
  /** Copies an index that is not here; undefined where none are shared. @throws FhirError 503 while it is being copied */
  bringIndex?: (name: string) => Promise<void>
}

/** What the sharing is given. */
interface Parts {
  config: Pick<Config, 'dataDir' | 'storageUrl' | 'artefactsFolder'>
  tell(text: string): void
}

/** The store as it is, with indexes shared where the configuration has a place for them. */
export function shareIndexes<Store extends Storage>(storage: Store, { config, tell }: Parts): Store & SharedIndexes {
  const { dataDir, storageUrl, artefactsFolder } = config
  if (artefactsFolder === undefined && !isElsewhere(storageUrl)) return storage
  const folder = join(dataDir, INDEXES_FOLDER)
  let opened: Promise<Artefacts | undefined> | undefined
  const place = async (): Promise<Artefacts> => {
    opened ??= openArtefacts(storageUrl, artefactsFolder).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    const found = await opened
    if (!found) throw new Error('there is no place for indexes')
    return found
  }
  const coming = new Map<string, Promise<unknown>>()
  const bring = (name: string): Promise<unknown> => {
    const under = coming.get(name)
    if (under) return under
    const copying = place()
      .then((at) => bringIndex(folder, name, at))
      .finally(() => coming.delete(name))
    coming.set(name, copying)
    copying.catch((error: unknown) => tell(`code system index ${name} cannot be copied: ${errorText(error)}`))
    return copying
  }
  // What a restore brought back, or was imported before there was a place, is kept for the others.
  const sharing = shareAll(folder, place).catch((error: unknown) => tell(`code system indexes: ${errorText(error)}`))
  return {
    ...storage,
    async write(writes) {
      for (const { resource } of writes) {
        const name = resource && nameOf(resource)
        if (name !== undefined) await shareIndex(folder, name, await place())
      }
      return storage.write(writes)
    },
    async bringIndex(name) {
      const isHere = await Promise.race([
        bring(name).then(() => true),
        sleep(patienceMilliseconds, false, { ref: false }),
      ])
      if (!isHere) throw stillComing(name)
    },
    async close() {
      await sharing
      await Promise.allSettled(coming.values())
      await (await opened?.catch(() => undefined))?.close()
      await storage.close()
    },
  }
}

const nameOf = (resource: Resource) => (isOfType(resource, 'CodeSystem') ? indexName(resource) : undefined)

async function shareAll(folder: string, place: () => Promise<Artefacts>): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'))
  for (const name of names) await shareIndex(folder, name, await place())
}

/** Copies every index that other replicas have and this machine has not, for a backup that is to be whole. */
export async function bringSharedIndexes({ dataDir, storageUrl, artefactsFolder }: Parts['config']): Promise<void> {
  const place = await openArtefacts(storageUrl, artefactsFolder)
  if (!place) return
  const folder = join(dataDir, INDEXES_FOLDER)
  try {
    for (const name of await place.names())
      if (!(await checkIndex(folder, name).catch(() => undefined))) await bringIndex(folder, name, place)
  } finally {
    await place.close()
  }
}

const stillComing = (name: string) =>
  new FhirError(
    503,
    issue('transient', `The concepts of the code system (${name}) are being copied to this server; try again.`),
    { 'Retry-After': '5' },
  )
