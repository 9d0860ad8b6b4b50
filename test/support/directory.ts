/** What tests of the key directory have in common: a small network of keys, and a directory over them. */
import { generateKeyPairSync, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import type { PublicDocument } from '../../src/base/public-document.ts'
import { createKeyDirectory, type KeyDirectory } from '../../src/trust/directory/key-directory.ts'
import type { DirectoryParts } from '../../src/trust/directory/make-directory.ts'
import { type DirectorySigner, hashProof } from '../../src/trust/directory/seal.ts'
import type { SealRecords } from '../../src/trust/directory/seal-record.ts'
import { createKeyIndex, type IndexRules, type KeyIndex } from '../../src/trust/keys/key-index.ts'
import { certificateMembers, derivedKeyId, type TrustedKey } from '../../src/trust/keys/trusted-key.ts'
import { testIssuer } from './issuer.ts'
import { certificateUnder } from './trust-list.ts'

/** A signer as the provenance keys are: it answers r‖s. */
export function directorySigner(curve = 'P-256', keyId = 'did:web:directory.example#signer'): DirectorySigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  return {
    keyId,
    publicKey,
    sign: async (bytes) => sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

/** Records in memory, as a store shares them among replicas. */
export function memoryRecords(): SealRecords & { values: Map<string, string>; writes: number } {
  const values = new Map<string, string>()
  const records = {
    values,
    writes: 0,
    get: async (kind: string, key: string) => values.get(`${kind} ${key}`),
    async replace(kind: string, key: string, from: string | undefined, to: string | undefined) {
      if (values.get(`${kind} ${key}`) !== from) return false
      records.writes++
      if (to === undefined) values.delete(`${kind} ${key}`)
      else values.set(`${kind} ${key}`, to)
      return true
    },
  }
  return records
}

/** A key as a list gives it. */
export function listedKey(certificate: X509Certificate, members: Partial<TrustedKey> = {}): TrustedKey {
  return {
    ...certificateMembers(certificate),
    keyId: derivedKeyId(certificate),
    participant: 'XXA',
    domain: 'DCC',
    usage: 'DSC',
    chain: [],
    lists: ['local'],
    status: 'current',
    warnings: [],
    ...members,
  }
}

/** An authority of a country, and what it signs. */
export function country(alpha2: string, participant: string) {
  const issuer = testIssuer({ country: alpha2 })
  const subject = { commonName: `Signer of ${alpha2}`, country: alpha2 }
  const under = (content: Partial<Parameters<typeof certificateUnder>[1]> = {}) =>
    certificateUnder(issuer.authority, {
      publicKey: content.publicKey ?? freshKey(),
      subject,
      ...content,
    })
  const key = (certificate: X509Certificate, members: Partial<TrustedKey> = {}) =>
    listedKey(certificate, { participant, ...members })
  return { ...issuer, participant, under, key, scaKey: key(issuer.sca, { usage: 'SCA' }), dscKey: key(issuer.dsc) }
}

/** A new public key on P-256. */
export const freshKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey

/** A directory whose index, clock and signer a test changes. */
export interface DirectoryUnderTest extends KeyDirectory {
  parts: DirectoryParts
  world: { index: KeyIndex; now: Date; signer: DirectorySigner | undefined; told: string[]; hashed: number }
  set(keys: TrustedKey[], rules?: IndexRules): void
  get(path: string): Promise<PublicDocument>
  json(
    path: string,
  ): Promise<{ verificationMethod: unknown[]; proof: Record<string, string>; [member: string]: unknown }>
}

/** A directory over keys, hashed in this process. */
export function directoryOf(keys: TrustedKey[], changed: Partial<DirectoryParts> = {}): DirectoryUnderTest {
  const world: DirectoryUnderTest['world'] = {
    index: createKeyIndex([keys]),
    now: new Date('2022-06-01T12:00:00Z'),
    signer: directorySigner(),
    told: [],
    hashed: 0,
  }
  const parts: DirectoryParts = {
    keys: () => world.index,
    sources: () => [{ name: 'local', kind: 'certificates', usable: true, readAt: '2022-06-01T00:00:00Z' }],
    signer: () => world.signer,
    records: memoryRecords(),
    address: () => 'https://directory.example',
    environment: 'dev',
    now: () => world.now,
    tell: (text) => void world.told.push(text),
    hashes: () => ({
      async hash(job) {
        world.hashed++
        return hashProof(job)
      },
      close() {},
    }),
    ...changed,
  }
  const directory = createKeyDirectory(parts)
  const get = async (path: string) => {
    const found = await directory.find({ path, accept: undefined })
    if (!found) throw new Error(`${path} is no address of the directory`)
    return found
  }
  return {
    ...directory,
    parts,
    world,
    get,
    set(next, rules) {
      world.index = createKeyIndex([next], rules)
    },
    json: async (path) => JSON.parse((await get(path)).body.toString()),
  }
}
