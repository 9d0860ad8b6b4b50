import assert from 'node:assert/strict'
import { before } from 'node:test'
import type { JsonObject } from '../../src/base/json-value.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { firstParameter } from '../../src/fhir/operation.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { changedSpecimen } from '../support/changed-specimen.ts'
import { testIssuer } from '../support/issuer.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { openVerdicts } from '../support/verdicts.ts'

const product = 'YellowFeverProductd2c75a15ed309658b3968519ddb31690'
const newer = {
  n: 'Ada Specimen',
  dob: '1985-03-14',
  s: 'female',
  nt: 'URY',
  id: 'X0000000',
  v: '0.1.0',
  vx: { vp: product, dv: '2026-05-01', bo: 'LOT-0000', is: 'URY' },
}

/** WHO's own maps of the international certificate, as its package has them, over what the formats hand them. */
overShared.describe('the maps of WHO’s package smart.who.int.icvp', async () => {
  const { server, ask } = await openVerdicts()
  const issuer = testIssuer()
  before(async () => {
    const { storage, publish } = server
    await importPackage({ path: sharedPath('igs/smart.who.int.icvp-0.3.0.tgz') }, { storage, gate: publish })
  })

  const cases: [name: string, set: JsonObject][] = [
    ['a list', {}],
    ['the newer form', { '': newer }],
  ]
  for (const [name, set] of cases)
    overShared.it(`${name} becomes an IPS with what the certificate says`, async () => {
      const sample = { issuer: 'XA', issuedAt: new Date('2026-05-31T12:00:00Z'), expires: new Date('2026-12-01') }
      const { decision, rules, body, text } = await ask({
        resourceType: 'Parameters',
        parameter: [
          { name: 'credential', valueString: issueHcert(changedSpecimen('icvp', { set }, sample), issuer.signer) },
          { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
          { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
          ...['ICVPClaimtoICVPLM', 'ICVPLMToIPS'].map((map) => ({
            name: 'structureMap',
            valueCanonical: `http://smart.who.int/icvp/StructureMap/${map}|0.3.0`,
          })),
        ],
      })
      const content = firstParameter(body, 'content')?.resource as Bundle | undefined
      const found = (type: string) => content?.entry?.find(({ resource }) => resource?.resourceType === type)?.resource
      assert.deepEqual(
        Object(found('Immunization')).vaccineCode?.coding,
        [{ system: 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType', code: 'YellowFever' }],
        text,
      )
      assert.equal(Object(found('Immunization')).lotNumber, 'LOT-0000')
      assert.equal(Object(found('Patient')).identifier[0].value, 'X0000000')
      // The map makes a Composition without date and author: what is not FHIR is shown, and never judged.
      assert.ok(
        rules.every(({ result, message }) => result === null && message.includes('is not FHIR R4')),
        text,
      )
      assert.equal(decision, 'undetermined', text)
    })
})
