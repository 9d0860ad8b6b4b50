/** Documents that this server publishes outside of FHIR's interactions. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { DocumentQuestion, FindDocument, PublicDocument } from '../base/public-document.ts'
import type { Config } from '../config.ts'
import { ownKey } from '../network/own-key.ts'
import { keyDocuments } from '../provenance/key-documents.ts'
import type { SigningKeys } from '../provenance/keys.ts'
import type { Storage } from '../storage/storage.ts'
import type { EuValueSets } from './eu-value-sets.ts'
import { type LegacyParts, legacyDocuments } from './legacy.ts'
import type { Provenance } from './provenance.ts'

/** What documents are made of. */
interface DocumentsOptions {
  config: Pick<Config, 'dataDir' | 'network' | 'legacyDcc' | 'keyDirectory'>
  context: Pick<LegacyParts, 'storage' | 'terminology'> & { euValueSets: EuValueSets }
  pending: LegacyParts['pending']
  trust: LegacyParts['trust']
  keys: SigningKeys
  /** Reads again which keys were withdrawn. */
  refresh(): Promise<void>
  directory: { find: FindDocument }
  provenance: Pick<Provenance, 'documents'>
  /** Public address without `/fhir`. */
  baseUrl: string
}

/** Every document of a server, in the order in which they are looked for. */
export function documents(options: DocumentsOptions): FindDocument[] {
  const { config, context, pending, trust, keys, refresh, directory, provenance, baseUrl } = options
  const { storage, terminology, euValueSets: valueSets } = context
  let known: { keyId: string; publicKey: KeyObject } | undefined
  const messageKey = () => {
    if (known) return known
    const { keyId, privateKey } = ownKey(config.dataDir)
    known = { keyId, publicKey: createPublicKey(privateKey) }
    return known
  }
  const signingKey = () => keys.current()
  const tell = (text: string) => void process.stderr.write(`${text}\n`)
  return [
    withdrawnFirst(refresh),
    keyDocuments({ keys, baseUrl, ...(config.network ? { messageKey } : {}) }),
    caughtUp(storage, provenance.documents),
    ...(config.keyDirectory ? [directory.find] : []),
    ...(config.legacyDcc
      ? [caughtUp(storage, legacyDocuments({ storage, terminology, pending, trust, valueSets, signingKey, tell }))]
      : []),
  ]
}

/** What tells of keys, or is signed by one, is told by what is known now: `vidimus keys revoke` is another process. */
const ofKeys = /\/\.well-known\/|\/trusted\/|\/v2\/|\/fhir\/r\/|\/did\.json$/

/** Documents that are made of what is stored: what was found while the store had been silent too long is looked for again when it was asked. */
export function caughtUp({ catchUp }: Pick<Storage, 'catchUp'>, find: FindDocument): FindDocument {
  const checked = (found: PublicDocument | undefined, asked: DocumentQuestion) => {
    const behind = found && catchUp()
    return behind ? behind.then(() => find(asked)) : found
  }
  return (asked) => {
    const found = find(asked)
    return found instanceof Promise ? found.then((each) => checked(each, asked)) : checked(found, asked)
  }
}

/** Finds nothing itself. */
function withdrawnFirst(refresh: () => Promise<void>): FindDocument {
  return ({ path, accept }) => {
    if (!ofKeys.test(path) || (path.includes('/fhir/r/') && !isSigned(path, accept))) return undefined
    return refresh().then(() => undefined)
  }
}

const isSigned = (path: string, accept = '') => /\.(?:jws|p7s)$/.test(path) || /jose/i.test(accept)
