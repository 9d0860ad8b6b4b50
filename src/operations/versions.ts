import { output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'

/** `$versions`: the FHIR versions the server speaks. */
export const versions = defineOperation<OperationContext>({
  name: 'versions',
  title: 'FHIR Versions',
  description: 'Answers the FHIR versions this server supports.',
  base: 'http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions',
  system: true,
  get: true,
  parameters: [
    output('version', 'code', 'Supported version, major.minor', '0..*'),
    output('default', 'code', 'Version used when none is asked for'),
  ],
  handle: async () => ({
    resource: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'version', valueCode: '4.0' },
        { name: 'default', valueCode: '4.0' },
      ],
    },
  }),
})
