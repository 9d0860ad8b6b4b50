/** The keys of the credential corpora as trust sources of a server, each bound to whom its credential names. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isJsonObject, parseJson } from '../../src/base/json.ts'
import type { JsonObject } from '../../src/base/json-value.ts'
import { defaultLimits } from '../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import type { CredentialCase } from '../support/credential-cases.ts'

/** Who issued a credential, as it says itself; undefined where that cannot be read. */
function issuerOf(texts: string[]): string | undefined {
  const format = credentialFormats.find((each) => each.recognises(texts))
  const decoded = format?.decode(texts, defaultLimits)
  const issuer = decoded && 'issuer' in decoded ? decoded.issuer : undefined
  return typeof issuer === 'string' && issuer !== '' ? issuer : undefined
}

/** Writes the keys of cases into files of a folder, and answers the sources that read them. */
export function sourcesOfCases(cases: readonly CredentialCase[], folder: string): TrustSource[] {
  const sets = new Map<string, Map<string, JsonObject>>()
  const certificates = new Map<string, Buffer>()
  for (const { anchors, texts } of cases)
    for (const anchor of anchors) {
      const bytes = Buffer.from(anchor, 'base64')
      if (bytes[0] !== 0x7b) {
        certificates.set(anchor, bytes)
        continue
      }
      const jwk = parseJson(bytes)
      if (!isJsonObject(jwk)) continue
      const issuer = typeof jwk.iss === 'string' ? jwk.iss : issuerOf(texts)
      if (issuer === undefined) continue
      const set = sets.get(issuer) ?? new Map<string, JsonObject>()
      sets.set(issuer, set.set(JSON.stringify(jwk), jwk))
    }
  mkdirSync(path.join(folder, 'certificates'), { recursive: true })
  for (const [number, bytes] of [...certificates.values()].entries())
    writeFileSync(path.join(folder, 'certificates', `${number}.der`), bytes)
  const certificateSources: TrustSource[] =
    certificates.size > 0
      ? [{ name: 'certificates', kind: 'certificates', location: path.join(folder, 'certificates') }]
      : []
  const jwksSources = [...sets].map(([issuer, set], number): TrustSource => {
    const location = path.join(folder, `set-${number}.json`)
    writeFileSync(location, JSON.stringify({ keys: [...set.values()] }))
    return { name: `set ${number}`, kind: 'jwks', location, issuer }
  })
  return [...certificateSources, ...jwksSources]
}
