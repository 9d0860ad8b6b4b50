/** A server of one process: also each worker is one. */
import { join } from 'node:path'
import { errorText, isMissing } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { removeLeftWork } from '../../files/work-folder.ts'
import { INDEXES_FOLDER } from '../../packages/large-code-system/code-system-index.ts'
import { removeLeftovers } from '../../packages/large-code-system/make-index.ts'
import { loadBaseContentBeside } from '../../publish/base-content/load-beside.ts'
import { placePreparedStore } from '../../publish/base-content/prepared-store.ts'
import type { Tell } from '../../server/front/log.ts'
import type { RunBeside } from '../../server/mirror.ts'
import type { Together } from '../../server/workers/together.ts'
import type { ServerParts, VidimusServer } from '../../server.ts'
import { storePlace } from '../../storage/open.ts'
import { runBeside } from '../../workers/run-beside.ts'
import { tellBaseContent } from '../base-content.ts'
import { openLoadedServer } from '../loaded-server.ts'
import { failureOf, noTrustLists } from '../network/trust-printed.ts'
import { letYoungGenerationGrow } from '../start/young-generation.ts'

/** This program once more, over the same store; a store in memory is this process's alone. */
export function besideOf({ storageUrl }: Pick<Config, 'storageUrl'>): RunBeside | undefined {
  if (storageUrl === 'sqlite::memory:') return undefined
  return (args, signal) => runBeside([process.execPath, process.argv[1] ?? '', ...args], signal)
}

/** A first start begins with the store that was prepared where the software is installed, if there is one that fits. */
async function beginStore(config: Config, tell: Tell): Promise<void> {
  const place = config.preparedStore ? storePlace(config.storageUrl, config) : undefined
  if (!place) return
  const placed = await placePreparedStore(place)
  if (placed.kind === 'placed') tell('base content: the new store is begun with that of content/prepared-store.zst')
  if (placed.kind === 'unused') tell(`base content: content/prepared-store.zst is not used: ${placed.reason}`)
}

/** What imports that were killed left beside the store and in TMPDIR: gigabytes, where it was a release. */
async function removeInterruptedImports({ dataDir }: Config): Promise<void> {
  await removeLeftWork()
  await removeLeftovers(join(dataDir, INDEXES_FOLDER)).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
}

/** Opens it with the own content, and says what its operator should know of the trust lists. */
export async function openServer(config: Config, parts: ServerParts, tell: Tell): Promise<VidimusServer> {
  await beginStore(config, tell)
  // Who has no room to clear still serves.
  await removeInterruptedImports(config).catch((error: unknown) =>
    tell(`what interrupted imports left behind could not be taken away: ${errorText(error)}`, 'warn'),
  )
  const server = await openLoadedServer(config, parts)
  const lists = server.trust.status()
  if (lists.length === 0) tell(noTrustLists, 'warn')
  for (const list of lists) if (list.failure !== undefined) tell(`trust list ${list.name}: ${failureOf(list)}`, 'warn')
  return server
}

/** How a server is run. */
interface Run {
  signal: AbortSignal
  stop(): void
  tell: Tell
  together: Pick<Together, 'isLead'>
  /** It answers. */
  listening(address: string): void
}

/** Serves until the signal comes; the base content of FHIR R4 is loaded behind it at the first start. */
export async function serveUntil(
  server: VidimusServer,
  { signal, stop, tell, together, listening }: Run,
): Promise<void> {
  const { storage, pending, config } = server
  const loader = [process.execPath, process.argv[1] ?? '', 'load-base-content'] as const
  // A store in memory is this process's alone.
  const isFile = config.storageUrl !== 'sqlite::memory:'
  // Known before anybody can ask: what is not here yet must not be denied.
  const loading = await loadBaseContentBeside(
    {
      storage,
      pending,
      loader: isFile ? loader : undefined,
      isTurn: together.isLead,
      done: (load) => tellBaseContent(load, tell),
      failed: (text) => tell(text, 'error'),
    },
    signal,
  )
  try {
    listening(await server.listen())
    letYoungGenerationGrow()
    if (together.isLead()) tellWarnings(server, signal, tell)
    if (pending.state().status === 'loading')
      tell('base content: loading; until it is there, what may need it answers 503, and /ready says so')
    if (!signal.aborted) await new Promise((stopped) => signal.addEventListener('abort', stopped, { once: true }))
  } finally {
    stop()
    await loading.done
  }
}

const dayMilliseconds = 86_400_000

/** What an operator must know of the keys that sign, at the start and once a day: a certificate ends while the server runs. */
function tellWarnings(server: VidimusServer, signal: AbortSignal, tell: Tell): void {
  const tellAll = () => {
    for (const warning of [...server.signing.warnings(server.now()), ...server.provenance().warnings()])
      tell(warning, 'warn')
  }
  tellAll()
  const daily = setInterval(() => {
    try {
      tellAll()
    } catch (error) {
      tell(errorText(error), 'error')
    }
  }, dayMilliseconds)
  daily.unref()
  signal.addEventListener('abort', () => clearInterval(daily), { once: true })
}
