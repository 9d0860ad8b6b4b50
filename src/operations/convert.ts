import { badRequest, FhirError, unprocessable } from '../fhir/error.ts'
import { booleanParameter, defineOperation, firstParameter, type OperationCall } from '../fhir/operation.ts'
import type { Resource, StructureMap } from '../fhir/types.ts'
import { parseMap, printMap, readR5 } from '../structure-map/maps.ts'
import type { OperationContext } from './context.ts'

/** Media type of the FHIR Mapping Language. */
const MAPPING_LANGUAGE = 'text/fhir-mapping'

/**
 * `StructureMap/$convert`: FHIR Mapping Language to StructureMap and back, by Content-Type and Accept. Mapping language
 * in and out is the formatter; StructureMap in and out turns R5 spelling into R4. Nothing is stored.
 */
export const convert = defineOperation<OperationContext>({
  name: 'convert',
  title: 'Convert maps',
  description:
    'Converts a map between the FHIR Mapping Language (text/fhir-mapping) and StructureMap (JSON or XML), by Content-Type and Accept. `strict=true` refuses forms that the specification does not have.',
  type: ['StructureMap'],
  accepts: [MAPPING_LANGUAGE, 'text/plain'],
  parameters: [
    {
      name: 'resource',
      use: 'in',
      min: 0,
      max: '1',
      type: 'StructureMap',
      documentation: 'The map, unless the body is mapping language',
    },
    {
      name: 'strict',
      use: 'in',
      min: 0,
      max: '1',
      type: 'boolean',
      documentation: 'Whether forms outside the specification are errors',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'StructureMap',
      documentation: 'The map in the form that Accept asks for',
    },
  ],
  async handle(call) {
    const map = readMap(call)
    if (call.accept?.startsWith(MAPPING_LANGUAGE)) {
      const body = printMap(map)
      if (!call.body) checkPrinted(body)
      return { raw: { contentType: `${MAPPING_LANGUAGE}; charset=utf-8`, body } }
    }
    return { resource: map }
  },
})

/** A resource may lack what the language cannot do without, such as the source of a rule. */
function checkPrinted(text: string): void {
  try {
    parseMap(text)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const [first] = error.issues
    throw unprocessable({
      text: `The StructureMap cannot be written in the mapping language: ${first?.details?.text ?? error.message}`,
      expression: 'StructureMap',
    })
  }
}

function readMap(call: OperationCall): StructureMap {
  if (call.body) {
    const text = new TextDecoder().decode(call.body.bytes)
    return parseMap(text, { strict: booleanParameter(call.parameters, 'strict') === true }).map
  }
  const given = firstParameter(call.parameters, 'resource') ?? firstParameter(call.parameters, 'map')
  const resource = given?.resource as Resource | undefined // the type of Parameters says less
  if (resource?.resourceType === 'StructureMap') return readR5(resource)
  throw badRequest(
    { text: 'The body is a StructureMap or mapping language (text/fhir-mapping)', expression: 'StructureMap' },
    'required',
  )
}
