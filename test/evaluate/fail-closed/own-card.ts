/** Cards of an issuer of the tests' own, about any resources. */
import type { JsonObject } from '../../../src/base/json-value.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { keyPairFor } from '../../support/issuer.ts'

const iss = 'https://issuer.example/cards'
const pair = keyPairFor('ES256')

/** The issuer's key, as a question brings it. */
export const anchor = Buffer.from(
  JSON.stringify({ ...pair.publicKey.export({ format: 'jwk' }), kid: cardKeyId(pair.publicKey), iss }),
)

export const patient = {
  resourceType: 'Patient',
  name: [{ family: 'Specimen', given: ['Ada'] }],
  birthDate: '1985-03-14',
}

/** One dose of a vaccine that needs two. */
export const dose = {
  resourceType: 'Immunization',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '208' }] },
  patient: { reference: 'resource:0' },
  occurrenceDateTime: '2021-12-01',
}

/** The text of a card with these resources. @param subject other members of what it certifies */
export function cardOf(resources: object[], subject: object = {}): string[] {
  const card = sampleCard({ issuer: iss, issuedAt: new Date('2022-01-01') })
  const entry = resources.map((resource, at) => ({ fullUrl: `resource:${at}`, resource }))
  const credentialSubject = {
    fhirVersion: '4.0.1',
    fhirBundle: { resourceType: 'Bundle', type: 'collection', entry },
    ...subject,
  }
  return issueCard({ ...card, vc: { ...Object(card.vc), credentialSubject } } as JsonObject, pair)
}
