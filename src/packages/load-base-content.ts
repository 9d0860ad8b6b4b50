/** Loads the base content into the store once; a stamp beside the store says which content it has. */
import type { Resource } from '../fhir/types.ts'
import type { Storage, Write } from '../storage/storage.ts'
import { type BaseContentOptions, baseContent, findBaseContent } from './base-content.ts'

/** What loading came to. */
export interface BaseContentLoad {
  /** Resources written; 0 when the store had the content already. */
  loaded: number
  /** Resources whose id another artefact of the store has: left as they are. */
  kept: number
  /** The store had exactly this content. */
  upToDate: boolean
  /** Why a publication is not there, and what to do. */
  absent: string[]
  /** Such as `hl7.terminology.r4 7.0.1`. */
  present: string[]
}

/** How it is loaded. */
export interface BaseContentLoadOptions extends BaseContentOptions {
  /** Stops between two batches; the stamp is then not set and the next start goes on. */
  signal?: AbortSignal
  /** Resources written so far. */
  progress?(loaded: number): void
}

const BATCH = 250
const STAMP = { kind: 'base-content', key: 'stamp' }

/** Whether the store has exactly the content that is installed, or there is none to load. Reads no content. */
export async function isBaseContentLoaded(
  storage: Pick<Storage, 'derived'>,
  options: BaseContentOptions = {},
): Promise<boolean> {
  const { stamp } = await findBaseContent(options)
  return stamp === '' || (await storage.derived.get(STAMP.kind, STAMP.key)) === stamp
}

/**
 * Writes the base content in batches, letting other work run between them. Unchanged resources get no new version, so
 * that an interrupted load is simply repeated; with the same packages as last time nothing is read at all.
 */
export async function loadBaseContent(
  storage: Pick<Storage, 'read' | 'write' | 'derived'>,
  options: BaseContentLoadOptions = {},
): Promise<BaseContentLoad> {
  const content = await findBaseContent(options)
  const load: BaseContentLoad = {
    loaded: 0,
    kept: 0,
    upToDate: false,
    absent: content.sources.flatMap((each) => each.absent ?? []),
    present: content.sources
      .filter((each) => each.location)
      .map((each) => `${each.name} (${each.npm} ${each.version})`),
  }
  if (content.stamp === '') return load
  load.upToDate = (await storage.derived.get(STAMP.kind, STAMP.key)) === content.stamp
  if (load.upToDate) return load
  let batch: Write[] = []
  const flush = async () => {
    if (batch.length > 0) await storage.write(batch)
    load.loaded += batch.length
    batch = []
    options.progress?.(load.loaded)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for await (const resource of baseContent(options, content)) {
    if (options.signal?.aborted) return load
    if (await isForeign(storage, resource)) load.kept++
    else batch.push({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource })
    if (batch.length >= BATCH) await flush()
  }
  await flush()
  await storage.derived.set(STAMP.kind, STAMP.key, content.stamp)
  return load
}

/** An id that the store uses for another canonical is somebody's own artefact. */
async function isForeign(storage: Pick<Storage, 'read'>, resource: Resource): Promise<boolean> {
  const current = (await storage.read(resource.resourceType, resource.id ?? ''))?.resource
  return current !== undefined && urlOf(current) !== urlOf(resource)
}

function urlOf(resource: Resource): unknown {
  return 'url' in resource ? resource.url : undefined
}
