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
const folder = join(import.meta.dirname, '../../../src/trust/contexts')

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

const did = 'did:web:cdn.test:v2:trustlist:-:-'

/** A trust list of the network over these keys, each with participant, domain, usage and certificate, and its proof. */
export async function writeDidList(keys: DeclaredKey[], signer: KeyObject, created: Date): Promise<object> {
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
