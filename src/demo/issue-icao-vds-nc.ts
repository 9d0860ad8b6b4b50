import { type KeyObject, sign } from 'node:crypto'
import type { JsonObject } from '../base/json-value.ts'
import { canonicalJson } from '../credentials/encoding/strict-json.ts'

/** Issues ICAO seals for demonstration and tests; key and certificate are made by the caller. */

/** Who signs: a P-256 key and the certificate that a country's signing authority gave it. */
export interface SealSigner {
  privateKey: KeyObject
  /** DER. */
  certificate: Uint8Array
}

/** The text of a seal over `data`; `replacedData` makes a forgery of it. */
export function issueSeal(data: JsonObject, signer: SealSigner, replacedData: JsonObject = data): string {
  const canonical = canonicalJson(data)
  if (canonical === undefined) throw new TypeError('the data has no canonical form: it holds a lone surrogate')
  const signature = sign('sha256', Buffer.from(canonical, 'utf8'), {
    key: signer.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const cer = Buffer.from(signer.certificate).toString('base64url')
  return JSON.stringify({ data: replacedData, sig: { alg: 'ES256', cer, sigvl: signature.toString('base64url') } })
}

/** Extended key usage of a seal's signer certificate. */
export const sealKeyUsage = '2.23.136.1.1.14.2'

/** Data of a specimen seal: doses of one vaccine (ICD-11) to an invented person, two unless other days before are given; `issuer` alpha-3. */
export function sampleSeal({
  issuer,
  issuedAt,
  vaccine = 'XM8NQ0',
  days = [60, 30],
}: {
  issuer: string
  issuedAt: Date
  vaccine?: string
  days?: number[]
}): JsonObject {
  const given = (before: number) => new Date(issuedAt.getTime() - before * 86_400_000).toISOString().slice(0, 10)
  const vd = days.map((before, at) => ({
    adm: 'Specimen vaccination centre',
    ctr: issuer,
    dvc: given(before),
    lot: 'LOT-0000',
    seq: at + 1,
  }))
  return {
    hdr: { t: 'icao.vacc', v: 1, is: issuer },
    msg: {
      uvci: `SPECIMEN-${issuer}-3`,
      pid: { n: 'SPECIMEN ADA', dob: '1985-03-14', sex: 'F', i: 'X0000000' },
      ve: [{ des: vaccine, dis: 'RA01.0', nam: 'Specimen vaccine', vd }],
    },
  }
}
