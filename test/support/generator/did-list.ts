import { createHash, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import jsonld from 'jsonld'
import type { DeclaredKey } from '../checker/declared.ts'

const contexts: Record<string, string> = {
  'https://www.w3.org/ns/did/v1': 'did_v1.json',
  'https://w3id.org/security/suites/jws-2020/v1': 'jws-2020_v1.json',
  'https://smart.who.int/trust/tng-context/v1-DEV.jsonld': 'v1-dev.jsonld',
  'https://w3id.org/security/v3': 'security-v3.jsonld',
}
const folder = join(import.meta.dirname, '../../../src/json-ld/contexts')

async function quadsHash(document: object): Promise<Buffer> {
  const quads = await jsonld.canonize(document, {
    algorithm: 'URDNA2015',
    format: 'application/n-quads',
    safe: true,
    maxWorkFactor: 0,
    documentLoader: async (url) => {
      const file = contexts[url]
      if (!file) throw new Error(`unknown context ${url}`)
      return { contextUrl: null, documentUrl: url, document: JSON.parse(readFileSync(join(folder, file), 'utf8')) }
    },
  })
  return createHash('sha256').update(quads).digest()
}

interface DidList {
  '@context': string[]
  verificationMethod: Record<string, unknown>[]
  [member: string]: unknown
}

const did = 'did:web:cdn.test:v2:trustlist:-:-'

/** A trust list of the network over these keys, each with participant, domain, usage and certificate, and its proof. */
export async function writeDidList(keys: DeclaredKey[], signer: KeyObject, created: Date): Promise<DidList> {
  const verificationMethod = keys.map(
    ({ ids, publicKey, certificate = new Uint8Array(), participant, domain, usage }) => ({
      id: `did:web:cdn.test:v2:trustlist:${domain}:${participant}:${usage}#${ids[0]}`,
      type: 'JsonWebKey2020',
      controller: did,
      publicKeyJwk: {
        ...publicKey.export({ format: 'jwk' }),
        kid: ids[0],
        x5c: [Buffer.from(certificate).toString('base64')],
      },
      domain: { code: `#${domain}` },
      participant: { code: `#${participant}` },
      keyusage: { code: `#${usage === 'SCA' ? 'CSCA' : usage}` },
    }),
  )
  const unsigned = {
    '@context': Object.keys(contexts).slice(0, 3),
    id: did,
    controller: 'did:web:cdn.test:v2:trustlist:-',
    verificationMethod,
  }
  const statement = {
    type: 'JsonWebSignature2020',
    created: created.toISOString().replace(/\.\d+/, ''),
    nonce: 'bm9uY2U',
    proofPurpose: 'assertionMethod',
    verificationMethod: 'did:web:cdn.test:signing',
  }
  const header = Buffer.from('{"b64":false,"crit":["b64"],"alg":"ES256"}').toString('base64url')
  const hashes = [
    await quadsHash({ '@context': ['https://w3id.org/security/v3'], ...statement }),
    await quadsHash(unsigned),
  ]
  const signature = sign('sha256', Buffer.concat([Buffer.from(`${header}.`), ...hashes]), signer)
  return { ...unsigned, proof: { ...statement, jws: `${header}..${signature.toString('base64url')}` } }
}

const smart = 'https://smart.who.int/trust'
const jsonWebKey = 'https://w3id.org/security#JsonWebKey2020'

/**
 * A genuine list in which one item carries a JSON-LD context of its own: the signed values have other names, and what stands
 * under the names that are read is a key that nobody signed. Its canonical quads, and so its proof, are those of the genuine list.
 */
export function forgeByContext(list: DidList, position: number, forged: DeclaredKey): DidList {
  const item = list.verificationMethod[position] ?? {}
  const { publicKeyJwk, domain, participant, keyusage, ...rest } = item
  const coded = (name: string) => {
    const base = `${smart}/ValueSet-${name}-DEV.jsonld`
    return { '@id': base, '@type': '@id', '@context': { '@base': `${base}#`, code: { '@id': '@id', '@type': '@id' } } }
  }
  const der = Buffer.from(forged.certificate ?? []).toString('base64url')
  const codes = [forged.domain, forged.participant, forged.usage].map((code) => `#${code}`)
  const nested = ['publicKeyJwk', 'domain', 'participant', 'keyusage'].map((name) => [name, '@nest'])
  const types = [der, ...codes].map((name) => [name, jsonWebKey])
  const context = {
    JsonWebKey2020: jsonWebKey,
    ...Object.fromEntries(nested),
    x5c: '@type',
    code: '@type',
    ...Object.fromEntries(types),
    realKey: { '@id': 'https://w3id.org/security#publicKeyJwk', '@type': '@json' },
    realParticipant: coded('Participants'),
    realDomain: coded('Domains'),
    realUsage: coded('KeyUsage'),
  }
  const altered = {
    '@context': context,
    ...rest,
    publicKeyJwk: { x5c: [der] },
    domain: { code: codes[0] },
    participant: { code: codes[1] },
    keyusage: { code: codes[2] },
    realKey: publicKeyJwk,
    realDomain: domain,
    realParticipant: participant,
    realUsage: keyusage,
  }
  return { ...list, verificationMethod: list.verificationMethod.with(position, altered) }
}
