/** A Bundle as maps make it, with what else resources may have: choices, extensions, contained resources, numbers. */
export function demoBundle(): Record<string, unknown> {
  const concept = (code: string) => ({
    coding: [{ system: 'http://loinc.org', code, display: 'Größe' }],
    text: 'a text',
  })
  const address = 'urn:uuid:11111111-1111-4111-8111-111111111111'
  return {
    resourceType: 'Bundle',
    type: 'collection',
    timestamp: '2026-01-02T03:04:05Z',
    entry: [
      {
        fullUrl: address,
        resource: {
          resourceType: 'Patient',
          id: '11111111-1111-4111-8111-111111111111',
          active: true,
          name: [{ use: 'official', text: 'Ada Größe', given: ['Ada', 'B.'] }],
          birthDate: '1970-01-02',
          multipleBirthInteger: 2,
          extension: [
            { url: 'http://example.org/one', valueCodeableConcept: concept('1-8') },
            { url: 'http://example.org/two', extension: [{ url: 'code', valueCode: 'x' }] },
          ],
          contact: [{ relationship: [concept('2-6')], telecom: [{ system: 'phone', value: '1', rank: 1 }] }],
          communication: [{ language: { text: 'de' }, preferred: false }],
        },
      },
      {
        resource: {
          resourceType: 'Observation',
          contained: [{ resourceType: 'Device', status: 'active' }],
          identifier: [
            { system: 'urn:oid:1.2.3', value: 'URN:UVCI:01:XA:1', period: { start: '2020', end: '2021-05' } },
          ],
          status: 'final',
          category: [concept('3-4')],
          code: concept('4-2'),
          subject: { reference: address },
          effectiveDateTime: '2021-05-06T07:08:09+02:00',
          valueQuantity: { value: 1.5, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
          component: [
            { code: concept('5-9'), valueString: 'x' },
            { code: concept('6-7'), valueSampledData: { origin: { value: 0 }, period: 1, dimensions: 1, data: 'E' } },
          ],
        },
      },
      {
        resource: {
          resourceType: 'Immunization',
          meta: { lastUpdated: '2024-02-28T23:59:59.123Z', profile: ['http://example.org/p|1'] },
          status: 'completed',
          vaccineCode: concept('7-5'),
          patient: { reference: address },
          occurrenceString: 'unknown',
          protocolApplied: [{ doseNumberPositiveInt: 1, targetDisease: [concept('8-3')] }],
        },
      },
    ],
  }
}
