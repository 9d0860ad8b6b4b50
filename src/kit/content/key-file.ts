/** One entry of a trust list as a file of a kit, and back. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keep } from '../../base/keep.ts'
import { readStatus, type TrustedKey } from '../../trust/keys/trusted-key.ts'
import { KitError } from '../kit-error.ts'
import { refuseStrange } from '../manifest.ts'

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
  if (!isJsonObject(json)) throw new KitError('content', `${file} is no object`)
  refuseStrange(json, keyMembers, file)
  const text = (name: string): string => {
    const value = json[name]
    if (typeof value !== 'string') throw new KitError('content', `${file}: ${name} is no text`)
    return value
  }
  const optional = (name: string) => (json[name] === undefined ? undefined : text(name))
  const texts = (name: string): string[] => {
    const value = json[name] ?? []
    if (!Array.isArray(value)) throw new KitError('content', `${file}: ${name} is no list`)
    return value.map((each) => {
      if (typeof each !== 'string') throw new KitError('content', `${file}: ${name} is no list of texts`)
      return each
    })
  }
  const certificate = optional('certificate')
  const read = certificate === undefined ? undefined : certificateOf(certificate, file)
  const uploadedBy = optional('uploadedBy')
  const status = readStatus(json.status)
  if (!status) throw new KitError('content', `${file}: its status is none that a key has`)
  const { revocationVersion, revocationList } = json
  if (revocationVersion !== undefined && typeof revocationVersion !== 'number')
    throw new KitError('content', `${file}: revocationVersion is no number`)
  const sourceGateways = json.sourceGateways === undefined ? undefined : texts('sourceGateways')
  return {
    keyId: text('keyId'),
    otherKeyIds: texts('otherKeyIds'),
    participant: text('participant'),
    domain: text('domain'),
    usage: text('usage'),
    chain: texts('chain').map((each) => certificateOf(each, file)),
    publicKey: read?.publicKey ?? publicKeyOf(text('publicKey'), file),
    thumbprint: text('thumbprint'),
    publicKeyThumbprint: text('publicKeyThumbprint'),
    extendedKeyUsage: texts('extendedKeyUsage'),
    lists: [list],
    status,
    // They are for who administers the list.
    warnings: [],
    ...(read ? { certificate: read } : {}),
    ...members({ issuer: optional('issuer'), algorithm: optional('algorithm'), origin: optional('origin') }),
    ...members({ validFrom: dateOf(json.validFrom, file), validTo: dateOf(json.validTo, file) }),
    ...members({ uploadedBy: uploadedBy === undefined ? undefined : certificateOf(uploadedBy, file) }),
    ...members({ sourceGateways, revocationList }),
    ...(typeof revocationVersion === 'number' ? { revocationVersion } : {}),
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

function publicKeyOf(text: string, file: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(text, 'base64'), type: 'spki', format: 'der' })
  } catch {
    throw new KitError('content', `${file}: its public key cannot be read`)
  }
}

/** An instant of a kit. */
function dateOf(value: Json | undefined, file: string): Date | undefined {
  if (value === undefined) return undefined
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new KitError('content', `${file}: a date in it is none`)
  return date
}
