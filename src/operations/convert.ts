import { stringifyJson } from '../base/json.ts'
import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { isOfType } from '../fhir/json.ts'
import { booleanParameter, defineOperation, firstParameter, type OperationCall } from '../fhir/operation.ts'
import type { StructureMap } from '../fhir/types.ts'
import { parseMap, printMap, printReadable, readR5 } from '../structure-map/maps.ts'
import { jobOf, type OperationContext } from './context.ts'

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
    input('resource', 'StructureMap', 'The map, unless the body is mapping language'),
    input('strict', 'boolean', 'Whether forms outside the specification are errors'),
    output('return', 'StructureMap', 'The map in the form that Accept asks for', '1..1'),
  ],
  async handle(call, context) {
    const toText = call.accept?.startsWith(MAPPING_LANGUAGE) === true
    if (!toText) return { resource: call.body ? await readText(call, context) : readR5(givenMap(call)) }
    const body = call.body ? await formatText(call, context) : await writeText(givenMap(call), call, context)
    return { raw: { contentType: `${MAPPING_LANGUAGE}; charset=utf-8`, body } }
  },
})

/** Longer texts are read and written in a process with limits. */
const mostHere = 16_000

const textOf = ({ body }: OperationCall): string => new TextDecoder().decode(body?.bytes)
const optionsOf = ({ parameters }: OperationCall) => ({ strict: booleanParameter(parameters, 'strict') === true })

async function formatText(call: OperationCall, context: OperationContext): Promise<string> {
  const [text, options] = [textOf(call), optionsOf(call)]
  if (text.length <= mostHere) return printMap(parseMap(text, options).map)
  return context.mapJobs.format(text, options, jobOf(call, context))
}

async function readText(call: OperationCall, context: OperationContext): Promise<StructureMap> {
  const [text, options] = [textOf(call), optionsOf(call)]
  if (text.length <= mostHere) return parseMap(text, options).map
  return context.mapJobs.parse(text, options, jobOf(call, context))
}

async function writeText(map: StructureMap, call: OperationCall, context: OperationContext): Promise<string> {
  const json = stringifyJson(map)
  if (json.length > mostHere) return context.mapJobs.print(json, jobOf(call, context))
  return printReadable(readR5(map))
}

function givenMap(call: OperationCall): StructureMap {
  const given = firstParameter(call.parameters, 'resource') ?? firstParameter(call.parameters, 'map')
  if (isOfType(given?.resource, 'StructureMap')) return given.resource
  throw badRequest(
    { text: 'The body is a StructureMap or mapping language (text/fhir-mapping)', expression: 'StructureMap' },
    'required',
  )
}

/** Bytes of the map of a call, as text or as JSON. */
export function mapSize(call: OperationCall): number {
  if (call.body) return call.body.bytes.length
  const given = firstParameter(call.parameters, 'resource') ?? firstParameter(call.parameters, 'map')
  return given?.resource ? Buffer.byteLength(stringifyJson(given.resource)) : 0
}
