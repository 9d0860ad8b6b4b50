import type { KeyObject } from 'node:crypto'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { sha256 } from '../../base/crypto/sha256.ts'
import type { TrustedKey } from './trusted-key.ts'

/** Certificates that only wrap a raw key, which the network knows by certificate and a framework by itself (GDHCN, extended key usages). */
interface WrappedKeyKind {
  /** Last arc of the extended key usage. */
  arc: number
  /** The one framework that such a key serves. */
  framework: string
  /** Whether the key id under which it is published is the framework's own: for DIVOC the `verificationMethod` it was uploaded with. */
  isPublishedId: boolean
  /** Whether that key id is the whole name of its issuer, so that the key needs to be bound to no address. */
  isWholeName?: true
  /** The key id that the framework derives from the key itself. */
  derivedId?(key: KeyObject): string | undefined
}

const WRAPPED_KEY_KINDS: WrappedKeyKind[] = [
  { arc: 20, framework: 'divoc', isPublishedId: true, isWholeName: true },
  { arc: 21, framework: 'shc', isPublishedId: false, derivedId: jwkThumbprint },
  { arc: 22, framework: 'hcert', isPublishedId: true, derivedId: rawKeyId },
]

/** The right arc and the wrong one, which is as common and means the same. */
const ARCS = ['1.3.6.1.4.1.1847.2022.1.', '1.3.6.1.4.1.0.1847.2022.1.']

/** Key id of a raw EU DCC key: the first 8 bytes of SHA-256 over its SubjectPublicKeyInfo, base64. */
function rawKeyId(key: KeyObject): string {
  const spki = key.export({ type: 'spki', format: 'der' })
  return sha256(spki).subarray(0, 8).toString('base64')
}

type Wrapped = Pick<TrustedKey, 'extendedKeyUsage' | 'keyId' | 'publicKey'>

const kindsOf = ({ extendedKeyUsage }: Wrapped) =>
  WRAPPED_KEY_KINDS.filter(({ arc }) => ARCS.some((prefix) => extendedKeyUsage.includes(`${prefix}${arc}`)))

/** Whether a key that is bound to no address serves the framework all the same: it is found by a key id that names its issuer. */
export const servesAnyIssuer = (key: Wrapped, framework: string | undefined): boolean =>
  kindsOf(key).some((kind) => kind.framework === framework && kind.isWholeName)

/** The key ids of a wrapped raw key, by the frameworks that it alone serves; undefined for every other key. */
export function wrappedKeyIds(key: Wrapped): Map<string, string[]> | undefined {
  const kinds = kindsOf(key)
  if (kinds.length === 0) return undefined
  return new Map(
    kinds.map(({ framework, isPublishedId, derivedId }) => {
      const ids = [isPublishedId ? key.keyId : undefined, derivedId?.(key.publicKey)]
      return [framework, ids.filter((id) => id !== undefined)]
    }),
  )
}
