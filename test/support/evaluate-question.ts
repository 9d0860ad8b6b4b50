import { type HcertSigner, issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import type { Parameters } from '../../src/fhir/types.ts'

const dayMilliseconds = 86_400_000

/** A question about a specimen of an EU DCC of a vaccination, issued yesterday. */
export function specimenOf({
  issuer,
  country,
  now,
}: {
  issuer: Pick<HcertSigner, 'privateKey' | 'keyId'>
  country: string
  now: Date
}): Parameters {
  const times = {
    issuedAt: new Date(now.getTime() - dayMilliseconds),
    expires: new Date(now.getTime() + 90 * dayMilliseconds),
  }
  const text = issueHcert(samplePayload('dcc-v', { issuer: country, ...times }), { ...issuer, algorithm: 'ES256' })
  return { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] }
}
