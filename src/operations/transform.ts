import { isResource } from '../fhir/elements.ts'
import { badRequest, notFound } from '../fhir/error.ts'
import { parseJson, stringifyJson } from '../fhir/json.ts'
import {
  allParameters,
  booleanParameter,
  defineOperation,
  firstParameter,
  type OperationCall,
  type OperationReply,
  textParameter,
} from '../fhir/operation.ts'
import type { Json, Parameter, Resource, StructureMap } from '../fhir/types.ts'
import { parseXml } from '../fhir/xml/read.ts'
import type { CompiledMap, TraceEvent } from '../structure-map/maps.ts'
import type { OperationContext } from './context.ts'

/**
 * `StructureMap/$transform`: applies a map to one instance. The instance is the body itself (any JSON, for a logical
 * model has no resourceType) or the parameter `content`; the map is stored (`source`, or the instance the operation is
 * called on) or comes along (`sourceMap`, `supportingMap`).
 */
export const transform = defineOperation<OperationContext>({
  name: 'transform',
  title: 'Model Instance Transformation',
  description:
    'Applies a StructureMap to an instance of a FHIR resource or logical model. The body is the instance, or Parameters. `debug=true` answers Parameters with the result and a trace of the rules that fired.',
  base: 'http://hl7.org/fhir/OperationDefinition/StructureMap-transform',
  type: ['StructureMap'],
  instance: ['StructureMap'],
  personal: true,
  strict: true,
  accepts: ['application/json', 'application/fhir+json'],
  parameters: [
    {
      name: 'source',
      use: 'in',
      min: 0,
      max: '1',
      type: 'uri',
      documentation: 'Canonical of the map, with or without |version',
    },
    {
      name: 'content',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Any',
      documentation: 'The instance; a logical one as Binary with content type application/json',
    },
    {
      name: 'sourceMap',
      use: 'in',
      min: 0,
      max: '1',
      type: 'StructureMap',
      documentation: 'The map itself, instead of source',
    },
    { name: 'map', use: 'in', min: 0, max: '1', type: 'StructureMap', documentation: 'The same as sourceMap' },
    {
      name: 'supportingMap',
      use: 'in',
      min: 0,
      max: '*',
      type: 'StructureMap',
      documentation: 'A map that the map imports; it comes before stored ones',
    },
    {
      name: 'debug',
      use: 'in',
      min: 0,
      max: '1',
      type: 'boolean',
      documentation: 'Whether to trace which rule made what',
    },
    {
      name: 'return',
      use: 'out',
      min: 1,
      max: '1',
      type: 'Any',
      documentation: 'The result; of a logical model as plain JSON, within Parameters as Binary',
    },
    {
      name: 'trace',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'With debug=true: a rule that fired, an element that was made, or a log message, in order',
      part: [
        { name: 'kind', use: 'out', min: 1, max: '1', type: 'code', documentation: 'rule, element or log' },
        { name: 'text', use: 'out', min: 1, max: '1', type: 'string', documentation: 'What happened' },
      ],
    },
    {
      name: 'warning',
      use: 'out',
      min: 0,
      max: '*',
      type: 'string',
      documentation: 'With debug=true: what could not be resolved',
    },
  ],
  async handle(call, context) {
    const content = readContent(call)
    const compiled = await compileRequested(call, context)
    const debug = booleanParameter(call.parameters, 'debug') === true
    const events: TraceEvent[] = []
    const result = compiled.run(content, {
      now: context.now(),
      uuid: context.uuid,
      ...(debug ? { trace: { event: (event: TraceEvent) => events.length < TRACE_LIMIT && events.push(event) } } : {}),
    })
    if (debug) return traced(result, compiled, events)
    const xml = /xml/.test(call.headers.accept ?? '') && !asResource(result) ? compiled.writeXml(result) : undefined
    return xml === undefined
      ? plainReply(result)
      : { raw: { contentType: 'application/fhir+xml; charset=utf-8', body: xml } }
  },
})

/** Most events of a trace that are sent back. */
const TRACE_LIMIT = 10_000

async function compileRequested(call: OperationCall, context: OperationContext): Promise<CompiledMap> {
  const { parameters } = call
  const supporting = allParameters(parameters, 'supportingMap').map((each) => asMap(each, 'supportingMap'))
  for (const name of ['sourceMap', 'map']) {
    const given = firstParameter(parameters, name)
    if (given?.resource) return context.maps.compile(asMap(given, name), supporting)
  }
  if (call.level === 'instance' && call.id) {
    const stored = (await context.storage.read('StructureMap', call.id))?.resource
    if (stored?.resourceType !== 'StructureMap') throw notFound(`StructureMap/${call.id} is not known`)
    return context.maps.compile(stored, supporting)
  }
  const source =
    textParameter(parameters, 'source') ?? textParameter(parameters, 'map') ?? textParameter(parameters, 'sourceMap')
  if (source) return context.maps.compile(source, supporting)
  throw badRequest(
    {
      text: 'Which map? Give source (its canonical) or sourceMap (the map itself)',
      expression: 'Parameters.parameter',
    },
    'required',
  )
}

function asMap(parameter: Parameter, name: string): StructureMap {
  const resource = parameter.resource as Resource | undefined // the type of Parameters says less
  if (resource?.resourceType === 'StructureMap') return resource
  throw badRequest({ text: `The parameter ${name} takes a StructureMap`, expression: 'Parameters.parameter' }, 'value')
}

/** The instance to transform, whatever the form of the call. */
function readContent(call: OperationCall): Json {
  if (call.body) return parseJson(call.body.bytes)
  const given = firstParameter(call.parameters, 'content') ?? firstParameter(call.parameters, 'resource')
  const resource = given?.resource as Resource | undefined // the type of Parameters says less
  if (!resource)
    throw badRequest(
      { text: 'There is no instance to transform: neither a body nor content', expression: 'Parameters.parameter' },
      'required',
    )
  if (resource.resourceType !== 'Binary' || !resource.data) return resource as unknown as Json // resources are JSON
  return readBinary(resource.contentType, Buffer.from(resource.data, 'base64'))
}

function readBinary(contentType: string, bytes: Uint8Array): Json {
  if (/\bjson\b|\+json/.test(contentType)) return parseJson(bytes)
  if (/fhir\+xml/.test(contentType)) return parseXml(new TextDecoder().decode(bytes)) as unknown as Json // resources are JSON
  throw badRequest(
    {
      text: `A Binary of type ${contentType} cannot be transformed; application/json can`,
      expression: 'Parameters.parameter',
    },
    'not-supported',
  )
}

function asResource(result: Json): Resource | undefined {
  if (result === null || typeof result !== 'object' || Array.isArray(result)) return undefined
  const { resourceType } = result
  // A map may make anything; what says that it is a resource is handed on as one.
  return typeof resourceType === 'string' && isResource(resourceType) ? (result as unknown as Resource) : undefined
}

function plainReply(result: Json): OperationReply {
  const resource = asResource(result)
  return resource
    ? { resource }
    : { raw: { contentType: 'application/fhir+json; charset=utf-8', body: stringifyJson(result) } }
}

function traced(result: Json, compiled: CompiledMap, events: TraceEvent[]): OperationReply {
  const resource = asResource(result) ?? {
    resourceType: 'Binary' as const,
    contentType: 'application/json',
    data: Buffer.from(stringifyJson(result)).toString('base64'),
  }
  const parameter: Parameter[] = [{ name: 'return', resource }]
  for (const each of events) {
    parameter.push({
      name: 'trace',
      part: [
        { name: 'kind', valueCode: each.kind },
        { name: 'text', valueString: describe(each) || '-' },
      ],
    })
  }
  for (const each of compiled.warnings)
    parameter.push({ name: 'warning', valueString: each.details?.text ?? each.code })
  return { resource: { resourceType: 'Parameters', parameter } }
}

function describe(event: TraceEvent): string {
  if (event.kind === 'rule') {
    const place = event.line === undefined ? '' : ` (line ${event.line}, column ${event.column})`
    const time = event.at === undefined ? '' : `, at ${event.at.toFixed(3)} ms`
    return `${event.map} ${event.group} "${event.rule}"${place}, depth ${event.depth}${time}`
  }
  return `${event.rule}: ${event.kind === 'element' ? event.element : event.text}`
}
