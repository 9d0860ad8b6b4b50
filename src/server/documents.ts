/** Documents that this server publishes outside of FHIR's interactions, and the keys that sign them. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { FindDocument } from '../base/public-document.ts'
import type { Config } from '../config.ts'
import { writeCertificate } from '../demo/certificate-writer.ts'
import { demoCountry } from '../demo/demo-issuer.ts'
import { ownKey } from '../network/own-key.ts'
import type { WriteCertificate } from '../provenance/development-key.ts'
import { keyDocuments } from '../provenance/key-documents.ts'
import { openSigningKeys, type SigningKeys } from '../provenance/keys.ts'
import type { EuValueSets } from './eu-value-sets.ts'
import { type LegacyParts, legacyDocuments } from './legacy.ts'

/**
 * The keys of a configuration.
 * @throws Error with a code, whose text says which file is wrong and why
 */
export function signingKeys(
  config: Pick<Config, 'signing' | 'production' | 'dataDir'>,
  now: () => Date,
): Promise<SigningKeys> {
  return openSigningKeys({
    settings: config.signing,
    ...(config.production ? {} : { development: { dataDir: config.dataDir, writeCertificate: ownCertificate } }),
    openPkcs12: async () => {
      throw new Error('PKCS#12 is not read by this version')
    },
    now,
  })
}

/** A certificate like that of an upload key: for digital signatures, signed by itself, of the country of the demonstration. */
const ownCertificate: WriteCertificate = ({ publicKey, privateKey, ...content }) => {
  const name = { country: demoCountry, organization: 'vidimus development', commonName: 'Development signing key' }
  return writeCertificate({ ...content, publicKey, subject: name }, { name, privateKey, publicKey })
}

/** What documents are made of. */
interface DocumentsOptions {
  config: Pick<Config, 'dataDir' | 'network' | 'legacyDcc' | 'keyDirectory'>
  context: Pick<LegacyParts, 'storage' | 'terminology'> & { euValueSets: EuValueSets }
  pending: LegacyParts['pending']
  trust: LegacyParts['trust']
  keys: SigningKeys
  directory: { find: FindDocument }
  /** Public address without `/fhir`. */
  baseUrl: string
}

/** Every document of a server, in the order in which they are looked for. */
export function documents(options: DocumentsOptions): FindDocument[] {
  const { config, context, pending, trust, keys, directory, baseUrl } = options
  const { storage, terminology, euValueSets: valueSets } = context
  let known: { keyId: string; publicKey: KeyObject } | undefined
  const messageKey = () => {
    if (known) return known
    const { keyId, privateKey } = ownKey(config.dataDir)
    known = { keyId, publicKey: createPublicKey(privateKey) }
    return known
  }
  const signingKey = () => keys.current()
  return [
    keyDocuments({ keys, baseUrl, ...(config.network ? { messageKey } : {}) }),
    ...(config.keyDirectory ? [directory.find] : []),
    ...(config.legacyDcc ? [legacyDocuments({ storage, terminology, pending, trust, valueSets, signingKey })] : []),
  ]
}
