/** The directory of keys that a server serves, made of what it trusts and signed by its provenance key. */
import type { Config } from '../config.ts'
import { didWebOf } from '../provenance/did-web.ts'
import type { SigningKeys } from '../provenance/keys.ts'
import { createKeyDirectory, type KeyDirectory } from '../trust/directory/key-directory.ts'
import type { SourceState } from '../trust/directory/make-directory.ts'
import type { DirectorySigner } from '../trust/directory/seal.ts'
import type { SealRecords } from '../trust/directory/seal-record.ts'
import type { TrustedKey } from '../trust/keys/trusted-key.ts'
import type { Trust } from '../trust/trust.ts'

/** What a directory takes of the server. */
interface DirectoryParts {
  config: Pick<Config, 'keyDirectoryEnvironment'>
  storage: { records: SealRecords }
  trust: Pick<Trust, 'keys' | 'sources'>
  keys: Pick<SigningKeys, 'current'>
  /** Public address without `/fhir`. */
  baseUrl(): string
  now(): Date
  tell(text: string): void
}

/** The directory, whether it is served or only looked at; {@link KeyDirectory.start} keeps it up to date. */
export function keyDirectory({ config, storage, trust, keys, baseUrl, now, tell }: DirectoryParts): KeyDirectory {
  return createKeyDirectory({
    keys: () => trust.keys(),
    sources: () => sourceStates(trust),
    signer: () => signer(keys, baseUrl()),
    records: storage.records,
    address: baseUrl,
    environment: config.keyDirectoryEnvironment,
    now,
    tell,
  })
}

/** What the public is told of a directory: not why it is withheld, which names sources of the operator. */
export function standing(directory: Pick<KeyDirectory, 'state'>): { state: string; created?: string } {
  const { state, created } = directory.state()
  return created === undefined ? { state } : { state, created }
}

/** The key that signs now, by its name in the did:web document of this server (`/.well-known/did.json`). */
function signer(keys: Pick<SigningKeys, 'current'>, address: string): DirectorySigner | undefined {
  const key = keys.current()
  if (!key) return undefined
  const { keyId, publicKey } = key
  return { keyId: `${didWebOf(address)}#${keyId}`, publicKey, sign: (bytes) => key.sign(bytes) }
}

function sourceStates(trust: Pick<Trust, 'keys' | 'sources'>): SourceState[] {
  const index = trust.keys()
  return trust.sources().map(({ source, content, failure, readAt, checkedAt }) => {
    const { name, kind, id, maxAgeSeconds } = source
    // The first document is the list itself; those after it are what it refers to.
    const [did] = Object.keys(content?.createdOf ?? {})
    return {
      name,
      kind,
      did: did ?? id,
      origins: originsOf(content?.keys ?? []),
      environment: content?.environment,
      usable: content !== undefined && !index.isTooOld(name),
      failure,
      readAt: (checkedAt ?? readAt)?.toISOString(),
      maxAgeSeconds,
    }
  })
}

/** The lists that keys were taken from, by thumbprint. */
function originsOf(keys: readonly TrustedKey[]): Map<string, string[]> {
  const origins = new Map<string, string[]>()
  for (const { thumbprint, origin } of keys) {
    if (origin !== undefined) origins.set(thumbprint, [...(origins.get(thumbprint) ?? []), origin])
  }
  return origins
}
