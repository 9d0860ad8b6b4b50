import assert from 'node:assert/strict'
import { isJsonObject } from '../../../src/base/json.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { changed } from '../../support/cbor-json.ts'
import { testIssuer } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

interface SealCase {
  /** Values by path in the data. */
  set?: JsonObject
  drop?: string[]
  /** What is shown instead of what was signed. */
  replaced?: JsonObject
  prefix?: string
  suffix?: string
  spaces?: true
  /** Members of the seal beside data and sig. */
  beside?: JsonObject
  /** Bytes behind the certificate of the signer, hex. */
  behindCertificate?: string
  /** One member of the seal stands there twice. */
  twice?: true
  /** Extended key usage of the signer; default its own. */
  usage?: string[]
  /** Another authority is trusted. */
  stranger?: true
  status: string
  payload?: string
  envelope?: string
  blocks?: true
  usageOutcome?: string
}

const data = sampleSeal({ issuer: 'URY', issuedAt: new Date('2022-01-01') })
const other = testIssuer({ country: 'UY' })

walkSections<SealCase>('seal.json', import.meta.url, async (each) => {
  const issuer = testIssuer({ country: 'UY', extendedKeyUsage: each.usage ?? [sealKeyUsage] })
  const signed = changed(data, each.set, each.drop)
  const shown = changed(signed, each.replaced)
  assert.ok(isJsonObject(signed) && isJsonObject(shown))
  const sealed = issueSeal(signed, { privateKey: issuer.signer.privateKey, certificate: issuer.dsc.raw }, shown)
  const certificate = Buffer.concat([issuer.dsc.raw, Buffer.from(each.behindCertificate ?? '', 'hex')])
  const whole = JSON.parse(sealed)
  Object.assign(whole, each.beside)
  whole.sig.cer = certificate.toString('base64url')
  const carried = each.beside || each.behindCertificate ? JSON.stringify(whole) : sealed
  const spaced = each.spaces ? JSON.stringify(JSON.parse(carried), null, 2) : carried
  const text = each.twice ? spaced.replace('"hdr":', '"hdr":{},"hdr":') : spaced
  const verdict = await verifyCredential([`${each.prefix ?? ''}${text}${each.suffix ?? ''}`], {
    formats: credentialFormats,
    keys: anchorKeySource([each.stranger ? other.sca.raw : issuer.sca.raw]),
    clock: new Date('2022-06-01T00:00:00Z'),
  })
  const check = (wanted: string) => verdict.checks.find(({ name }) => name === wanted)
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  assert.equal(verdict.obstacles.length > 0, each.blocks ?? false)
  if (each.payload !== undefined) assert.ok(check('payload')?.detail?.includes(each.payload), check('payload')?.detail)
  if (each.envelope !== undefined) assert.ok(check('envelope')?.detail?.includes(each.envelope))
  if (each.usageOutcome !== undefined) assert.equal(check('key-usage')?.outcome, each.usageOutcome)
})
