/** The keys whose kits a command takes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { KitError } from '../../kit/kit-error.ts'
import { allPins, type Pins, readPins } from '../../kit/pinned-keys.ts'
import { knownDevelopmentKeys } from '../../provenance/development-key.ts'
import { revocationOf } from '../../provenance/signature/own-keys.ts'

/** Where the kit in use lies, below DATA_DIR. */
export const installedKit = (config: Pick<Config, 'dataDir'>): string => join(config.dataDir, 'kit', 'current.tar.gz')

/**
 * The pinned keys: those of the files that are named, else of KIT_KEYS, else those with which this installation itself signs, as far as
 * there are any.
 * @throws KitError when there is none
 */
export async function pinnedKeys(files: readonly string[], config: Config): Promise<Pins> {
  const named = files.length > 0 ? files : config.kits.keys
  if (named.length > 0)
    return allPins(await Promise.all(named.map(async (file) => readPins(await readFile(file, 'utf8'), file))))
  const own = await ownKeys(config)
  const standing = { ...own, keys: await standingKeys(own.keys, config) }
  if (standing.keys.length > 0) return standing
  if (own.keys.length > 0)
    throw new KitError(
      'signature',
      'every key of this installation is withdrawn: name the key that signs the kits with --key, or in KIT_KEYS',
    )
  const text = 'no key is pinned: name the file of the key that signs the kits with --key, or in KIT_KEYS'
  throw new KitError('signature', text)
}

/**
 * Without those that were withdrawn; where there is no store, none was.
 * @throws Error for a mark that cannot be read, and for a store that is not whole: what it will say of the keys is not known yet
 */
async function standingKeys(keys: Pins['keys'], { storageUrl, dataDir }: Config): Promise<Pins['keys']> {
  // A store in memory has nothing that another process has marked.
  if (keys.length === 0 || storageUrl === 'sqlite::memory:') return keys
  const { notWhole, openStorage, openStore } = await import('../../storage/open.ts')
  const store = await openStore(storageUrl, { dataDir })
  const standing = await store.standing()
  if (standing === 'none') return keys
  if (standing === 'half') throw notWhole(store.name)
  const { openKeyRevocations } = await import('../../provenance/revocations.ts')
  const storage = await openStorage(storageUrl, { dataDir })
  try {
    const known = (await openKeyRevocations(storage, () => new Date())).known()
    return keys.filter((publicKey) => !revocationOf({ publicKey }, known))
  } finally {
    await storage.close()
  }
}

/** Keys that are there; none is made. */
async function ownKeys(config: Config): Promise<Pins> {
  const none = { keys: [], authorities: [] }
  if (!config.signing.current)
    return config.production
      ? none
      : { ...none, keys: knownDevelopmentKeys(config.dataDir).map(({ publicKey }) => publicKey) }
  // What opens a file of keys is loaded where there is one: a verdict by a kit is to be there at once.
  const { signingKeys } = await import('../../server/provenance.ts')
  const keys = await signingKeys(config, () => new Date())
  return { ...none, keys: keys.all().map(({ publicKey }) => publicKey) }
}
