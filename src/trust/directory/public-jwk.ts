import { ECDH, type KeyObject } from 'node:crypto'

/** Public members of a key as a JWK, without key id: of RFC 7518, 6, with whole coordinates. */
export type PublicJwk = { kty: 'EC'; crv: string; x: string; y: string } | { kty: 'RSA'; e: string; n: string }

/** Curves by OpenSSL's names: the JOSE name where there is one (RFC 7518, 6.2.1.1), and the bytes of a coordinate. */
const CURVES: Record<string, { crv: string; bytes: number; isJose: boolean }> = {
  prime256v1: { crv: 'P-256', bytes: 32, isJose: true },
  secp384r1: { crv: 'P-384', bytes: 48, isJose: true },
  secp521r1: { crv: 'P-521', bytes: 66, isJose: true },
  brainpoolP256r1: { crv: 'brainpoolP256r1', bytes: 32, isJose: false },
  brainpoolP320r1: { crv: 'brainpoolP320r1', bytes: 40, isJose: false },
  brainpoolP384r1: { crv: 'brainpoolP384r1', bytes: 48, isJose: false },
  brainpoolP512r1: { crv: 'brainpoolP512r1', bytes: 64, isJose: false },
}

/**
 * The JWK of a public key as a trust list holds it: elliptic curves and RSA; undefined for every other kind, which the shape of the
 * lists has no place for. Curves without a JOSE name stand under their own.
 */
export function publicJwk(key: KeyObject): PublicJwk | undefined {
  const type = key.asymmetricKeyType
  if (type === 'rsa') {
    const { e, n } = key.export({ format: 'jwk' })
    return e === undefined || n === undefined ? undefined : { kty: 'RSA', e, n }
  }
  const name = key.asymmetricKeyDetails?.namedCurve ?? ''
  const curve = type === 'ec' && Object.hasOwn(CURVES, name) ? CURVES[name] : undefined
  const point = curve && pointOf(key, name, curve.bytes)
  if (!curve || !point) return undefined
  const x = point.subarray(1, 1 + curve.bytes).toString('base64url')
  return { kty: 'EC', crv: curve.crv, x, y: point.subarray(1 + curve.bytes).toString('base64url') }
}

/** Whether a JOSE library knows the key: its curve has a registered name. */
export const hasJoseName = (jwk: PublicJwk): boolean =>
  jwk.kty === 'RSA' || Object.values(CURVES).some(({ crv, isJose }) => isJose && crv === jwk.crv)

/** The uncompressed point, which ends the SubjectPublicKeyInfo (RFC 5480, 2.2); a compressed one is written out. */
function pointOf(key: KeyObject, curve: string, bytes: number): Buffer | undefined {
  const spki = key.export({ type: 'spki', format: 'der' })
  const whole = spki.subarray(spki.length - 1 - 2 * bytes)
  if (whole[0] === 4 && spki.length > 2 * bytes + 10) return whole
  try {
    const packed = spki.subarray(spki.length - 1 - bytes)
    const point = ECDH.convertKey(packed, curve, undefined, undefined, 'uncompressed')
    return Buffer.isBuffer(point) ? point : undefined
  } catch {
    return undefined // no form of a point; the caller leaves the key out and says so
  }
}
