/** Bare work that figures are held against: always the same, of this process, without a line of this software. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'

/** Bare work by its name, which stands in figures. */
export interface Baseline {
  name: string
  /** The work, made once. */
  make(): () => unknown
}

/** One verification of a raw ES256 signature (r‖s) over 330 bytes, as COSE has it and as node:crypto verifies it (RFC 9053, 2.1). */
export const es256: Baseline = {
  name: 'bare ES256',
  make() {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const data = Buffer.alloc(330, 7)
    const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' as const }
    const signature = sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
    return () => verify('sha256', data, key, signature)
  },
}

const document = JSON.stringify({
  resourceType: 'Bundle',
  type: 'collection',
  entry: Array.from({ length: 12 }, (_, at) => ({
    fullUrl: `urn:uuid:7f2f0f5a-3d9c-4d2e-9a5f-2a1a2c3b4d${at + 10}`,
    resource: {
      resourceType: 'Observation',
      id: `o${at}`,
      status: 'final',
      valueQuantity: { value: at, unit: 'mmHg' },
    },
  })),
})

/** A resource of two kilobytes read and written: objects, strings and memory, as most of this software's work is. */
export const json: Baseline = {
  name: 'bare JSON',
  make: () => () => JSON.stringify(JSON.parse(document)),
}
