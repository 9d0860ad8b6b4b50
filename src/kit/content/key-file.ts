/** One entry of a trust list as a file of a kit, and back. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keep } from '../../base/keep.ts'
import { readStatus, type TrustedKey } from '../../trust/keys/trusted-key.ts'
import { KitError } from '../kit-error.ts'
import { membersOf } from './members.ts'

/** An entry as JSON; what its certificate says stands there as well, so that a reader need not take all of them apart. */
export function keyJson(key: TrustedKey): JsonObject {
  const {
    certificate,
    chain,
    publicKey,
    validFrom,
    validTo,
    uploadedBy,
    lists: _lists,
    warnings: _warnings,
    ...rest
  } = key
  return present({
    ...rest,
    certificate: certificate && base64(certificate),
    chain: chain.map(base64),
    publicKey: certificate ? undefined : publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    validFrom: validFrom?.toISOString(),
    validTo: validTo?.toISOString(),
    uploadedBy: uploadedBy && base64(uploadedBy),
  })
}

const base64 = ({ raw }: X509Certificate): string => raw.toString('base64')

function present(members: Record<string, Json | undefined>): JsonObject {
  const found: JsonObject = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) found[name] = value
  return found
}

const keyMembers = [
  ...[
    'keyId',
    'otherKeyIds',
    'participant',
    'issuer',
    'domain',
    'usage',
    'certificate',
    'chain',
    'publicKey',
    'algorithm',
  ],
  ...['thumbprint', 'publicKeyThumbprint', 'validFrom', 'validTo', 'extendedKeyUsage', 'uploadedBy', 'sourceGateways'],
  ...['origin', 'status', 'revocationVersion', 'revocationList'],
]

/**
 * The entry that a file holds.
 * @param list the list that has it
 * @throws KitError
 */
export function readKey(json: Json, file: string, list: string): TrustedKey {
  const { text, optionalText, texts, optionalDate, ...key } = membersOf(json, keyMembers, file)
  const certificate = optionalCertificate(optionalText('certificate'), file)
  const status = readStatus(key.value('status'))
  if (!status) throw new KitError('content', `${file}: its status is none that a key has`)
  return {
    keyId: text('keyId'),
    otherKeyIds: texts('otherKeyIds'),
    participant: text('participant'),
    domain: text('domain'),
    usage: text('usage'),
    chain: texts('chain').map((each) => certificateOf(each, file)),
    publicKey: certificate?.publicKey ?? publicKeyOf(text('publicKey'), file),
    thumbprint: text('thumbprint'),
    publicKeyThumbprint: text('publicKeyThumbprint'),
    extendedKeyUsage: texts('extendedKeyUsage'),
    lists: [list],
    status,
    // They are for who administers the list.
    warnings: [],
    ...members({
      certificate,
      issuer: optionalText('issuer'),
      algorithm: optionalText('algorithm'),
      origin: optionalText('origin'),
      validFrom: optionalDate('validFrom'),
      validTo: optionalDate('validTo'),
      uploadedBy: optionalCertificate(optionalText('uploadedBy'), file),
      sourceGateways: key.has('sourceGateways') ? texts('sourceGateways') : undefined,
      revocationVersion: key.optionalCount('revocationVersion'),
      revocationList: key.value('revocationList'),
    }),
  }
}

function members<Members extends object>(given: Members): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: NonNullable<Members[Name]>
  }
}

/** One authority stands above many keys. */
const certificates = keep<string, X509Certificate>(1000)

function certificateOf(text: string, file: string): X509Certificate {
  try {
    return certificates.of(text, () => new X509Certificate(Buffer.from(text, 'base64')))
  } catch {
    throw new KitError('content', `${file}: a certificate in it cannot be read`)
  }
}

const optionalCertificate = (text: string | undefined, file: string): X509Certificate | undefined =>
  text === undefined ? undefined : certificateOf(text, file)

function publicKeyOf(text: string, file: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(text, 'base64'), type: 'spki', format: 'der' })
  } catch {
    throw new KitError('content', `${file}: its public key cannot be read`)
  }
}
