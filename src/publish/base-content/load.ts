/** Loads the base content into the store once; a stamp beside the store says which content it has. */
import { artefactCanonical } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import { type BaseContentOptions, baseContent, findBaseContent } from '../../packages/base-content.ts'
import { takeTurn } from '../../storage/lease.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import { hasCatalogue, writeCatalogue } from './pending.ts'

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
  /** Resources of one transaction, 250; less where requests are served by the same process. */
  batch?: number
}

/** Resources in one transaction: between two of them other writers have their turn. */
const BATCH = 250
const STAMP = { kind: 'base-content', key: 'stamp' }

/** Whether a store has the base content: all of what is installed, that of another version, none, or there is none to have. */
type BaseContentPresence = 'current' | 'other' | 'none' | 'nothing to load'

/**
 * Looks what the store has; `stamp` is that of what is installed. A first load that was interrupted or failed left no stamp: it
 * counts as none. Reads no content.
 */
export async function baseContentPresence(
  storage: Pick<Storage, 'derived'>,
  options: BaseContentOptions = {},
): Promise<{ presence: BaseContentPresence; stamp: string }> {
  const { stamp } = await findBaseContent(options)
  if (stamp === '') return { presence: 'nothing to load', stamp }
  const stored = await storage.derived.get(STAMP.kind, STAMP.key)
  return { presence: stored === undefined ? 'none' : stored === stamp ? 'current' : 'other', stamp }
}

/** What loading needs of a store. */
type LoadingStorage = Pick<Storage, 'read' | 'write' | 'derived' | 'published' | 'records'>

/**
 * Writes the base content. The first time it comes in batches that let other work run between them, after a catalogue of what
 * is to come; unchanged resources get no new version, so that an interrupted load is simply repeated. Another version of the
 * content replaces the one before in one transaction, so that nobody sees a mixture. With the same packages as last time nothing is read.
 */
export async function loadBaseContent(
  storage: LoadingStorage,
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
  const stored = () => storage.derived.get(STAMP.kind, STAMP.key)
  load.upToDate = (await stored()) === content.stamp
  if (load.upToDate) return load
  const { signal } = options
  try {
    // Of several processes that start over one store, one loads; the others wait until they find it there.
    await takeTurn({ records: storage.records, job: 'base content', signal }, async (isHeld) => {
      const stamp = await stored()
      load.upToDate = stamp === content.stamp
      if (!load.upToDate) await loadInTurn(storage, { ...options, content, isFirst: stamp === undefined, load, isHeld })
    })
  } catch (error) {
    if (!signal?.aborted) throw error
  }
  return load
}

/** What is loaded, where a process may. */
interface LoadingInTurn extends BaseContentLoadOptions {
  content: Awaited<ReturnType<typeof findBaseContent>>
  /** Whether no other version of the content is there. */
  isFirst: boolean
  load: BaseContentLoad
  isHeld(): Promise<boolean>
}

async function loadInTurn(storage: LoadingStorage, options: LoadingInTurn): Promise<void> {
  const { content, isFirst, load, isHeld } = options
  if (isFirst && !(await hasCatalogue(storage.derived, content.stamp)))
    await writeCatalogue(storage.derived, content.stamp, baseContent(options, content))
  const largest = isFirst ? (options.batch ?? BATCH) : Number.POSITIVE_INFINITY
  let batch: Write[] = []
  const flush = async () => {
    if (!(await isHeld())) throw new Error('another process has taken over')
    if (batch.length > 0) await storage.write(batch)
    load.loaded += batch.length
    batch = []
    options.progress?.(load.loaded)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for await (const resource of baseContent(options, content)) {
    if (options.signal?.aborted) return
    const current = (await storage.read(resource.resourceType, resource.id ?? ''))?.resource
    if (current && (await isForeign(storage, current, resource))) load.kept++
    else batch.push({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource, unrecorded: true })
    if (batch.length >= largest) await flush()
  }
  await flush()
  await storage.derived.set(STAMP.kind, STAMP.key, content.stamp)
}

/** An id that the store uses for another canonical, or for what was published here, is somebody's own artefact. */
async function isForeign(storage: LoadingStorage, current: Resource, resource: Resource): Promise<boolean> {
  const canonical = artefactCanonical(current)
  if (canonical?.url !== artefactCanonical(resource)?.url) return true
  const { url, version } = canonical ?? {}
  if (url === undefined || version === undefined) return false
  return (await storage.published(resource.resourceType, { url, version })) !== undefined
}
