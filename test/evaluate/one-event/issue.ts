import { generateKeyPairSync } from 'node:crypto'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { ipsKind, openIps } from '../../../src/credentials/ips/ips.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { issueDivoc } from '../../../src/demo/issue-divoc.ts'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { issueSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { cardKeyId, issueCard } from '../../../src/demo/issue-shc.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import type { Mapped } from '../../../src/evaluate/map/mapped.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { testIssuer } from '../../support/issuer.ts'
import { ownMapping } from '../../support/own-mapping.ts'
import * as of from './documents.ts'

const clock = new Date('2026-06-15T12:00:00Z')
const issuer = testIssuer({ country: 'IE', extendedKeyUsage: [] })
const sealer = testIssuer({ country: 'IE', extendedKeyUsage: [sealKeyUsage] })
const divocKeys = generateKeyPairSync('ed25519')
const jwk = (members: object) => Buffer.from(JSON.stringify(members))

/** What came of a credential that was issued, verified and mapped. */
export type Came = { status: string; mapped: Mapped }

async function came(text: string, anchor: Buffer): Promise<Came> {
  const verdict = await verifyCredential([text], {
    formats: credentialFormats,
    keys: anchorKeySource([anchor]),
    clock,
  })
  return { status: verdict.status, mapped: await mapContent(verdict.inputs, [], ownMapping()) }
}

const hcert = (payload: CborInput) => () => came(issueHcert(payload, issuer.signer), issuer.dsc.raw)
const card = (payload: JsonObject) => () => {
  const { publicKey } = issuer.dsc
  const keys = { ...publicKey.export({ format: 'jwk' }), kid: cardKeyId(publicKey), iss: of.issuerAddress }
  return came(issueCard(payload, { privateKey: issuer.signer.privateKey, publicKey })[0] ?? '', jwk(keys))
}
const divoc = (document: JsonObject) => async () => {
  const method = 'did:specimen'
  const text = await issueDivoc(document, { privateKey: divocKeys.privateKey, method })
  return came(text, jwk({ ...divocKeys.publicKey.export({ format: 'jwk' }), kid: method }))
}
const seal = (data: JsonObject) => () =>
  came(issueSeal(data, { privateKey: sealer.signer.privateKey, certificate: sealer.dsc.raw }), sealer.sca.raw)
/** A summary has no envelope: that of its link is verified elsewhere. */
const summary = (document: JsonObject) => async (): Promise<Came> => {
  const opened = openIps(document)
  if (typeof opened === 'string') return { status: opened, mapped: await mapContent([], [], ownMapping()) }
  const inputs = [ipsKind.input?.(opened.content) ?? []].flat()
  return { status: 'VERIFIED', mapped: await mapContent(inputs, [], ownMapping()) }
}

/** Every kind of event in every format that can carry it. */
export const issued: Record<string, Record<string, () => Promise<Came>>> = {
  vaccination: {
    'hcert-ddcc-vs': hcert(of.ddccVaccination),
    'flat DDCC': hcert(of.flatVaccination),
    'hcert-dcc': hcert(of.dccVaccination),
    'hcert-dvc': hcert(of.dvcVaccination),
    shc: card(of.cardVaccination),
    ips: summary(of.summary),
    divoc: divoc(of.divocVaccination),
    'icao-vds-nc': seal(of.sealVaccination),
  },
  test: {
    'hcert-ddcc-tr': hcert(of.ddccTest),
    'flat DDCC': hcert(of.flatTest),
    'hcert-dcc': hcert(of.dccTest),
    shc: card(of.cardTest),
    divoc: divoc(of.divocTest),
    'icao-vds-nc': seal(of.sealTest),
  },
  recovery: { 'hcert-dcc': hcert(of.dccRecovery) },
}
