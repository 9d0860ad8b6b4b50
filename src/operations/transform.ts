import { stringifyJson } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { input, output } from '../fhir/declare-parameter.ts'
import { isResource } from '../fhir/elements.ts'
import { FhirError } from '../fhir/error.ts'
import { isAnyResource, parseJson } from '../fhir/json.ts'
import { booleanParameter, defineOperation, type OperationReply } from '../fhir/operation.ts'
import type { Parameter, Resource } from '../fhir/types.ts'
import type { TransformAnswer, TransformJob } from '../structure-map/map-worker.ts'
import type { CompiledMap, TraceEvent, TransformLimits } from '../structure-map/maps.ts'
import { jobOf, type OperationContext } from './context.ts'
import { type Instance, instanceText, instanceValue, readInstance } from './input/transform-instance.ts'
import { type ChosenMap, chooseMap } from './input/transform-map.ts'

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
    input('source', 'uri', 'Canonical of the map, with or without |version'),
    input('content', 'Any', 'The instance; a logical one as Binary with content type application/json'),
    input('sourceMap', 'StructureMap', 'The map itself, instead of source'),
    input('map', 'StructureMap', 'The same as sourceMap'),
    input('supportingMap', 'StructureMap', 'A map that the map imports; it comes before stored ones', '0..*'),
    input('debug', 'boolean', 'Whether to trace which rule made what'),
    output('return', 'Any', 'The result; of a logical model as plain JSON, within Parameters as Binary', '1..1'),
    output(
      'trace',
      [output('kind', 'code', 'rule, element or log', '1..1'), output('text', 'string', 'What happened', '1..1')],
      'With debug=true: a rule that fired, an element that was made, or a log message, in order',
      '0..*',
    ),
    output('warning', 'string', 'With debug=true: what could not be resolved', '0..*'),
  ],
  async handle(call, context) {
    const chosen = await chooseMap(call, context)
    const instance = readInstance(call)
    const debug = booleanParameter(call.parameters, 'debug') === true
    const xml = /xml/.test(call.headers.accept ?? '')
    // What came along may do anything, and much of it takes long whatever the map.
    const isForeign = 'brought' in chosen || chosen.supporting.length > 0 || instance.bytes > mostBytesTried
    const run: Run = { context, debug, xml, ...(instance.bytes > mostBytesHere ? { limits: limitsHere } : {}) }
    const here = isForeign ? undefined : await tryHere(chosen, instance, run)
    return reply(here ?? (await context.mapJobs.transform(jobFor(chosen, instance, run), jobOf(call, context))), debug)
  },
})

/** Larger instances are transformed within narrower limits, by whatever map. */
const mostBytesHere = 20_000
/** Larger ones in a process: to read them alone would hold others up. */
const mostBytesTried = 500_000
/** What holds nobody up; a map that takes more is run in a process. */
const limitsHere: Partial<TransformLimits> = { steps: 50_000, milliseconds: 15 }

/** Most events of a trace that are sent back. */
const traceLimit = 10_000

interface Run {
  context: OperationContext
  debug: boolean
  xml: boolean
  /** Of an instance that may take long. */
  limits?: Partial<TransformLimits>
}

/** A stored map on an instance that is not too large; undefined when it would take too long here. */
async function tryHere(chosen: ChosenMap, instance: Instance, run: Run): Promise<Done | undefined> {
  if ('brought' in chosen) return undefined
  const { maps } = run.context
  const compiled = await ('canonical' in chosen ? maps.compile(chosen.canonical) : maps.compileStored(chosen.stored))
  try {
    return transformHere(compiled, instance, run)
  } catch (error) {
    const isTooMuch = error instanceof FhirError && error.issues.some(({ code }) => code === 'too-costly')
    if (run.limits && isTooMuch) return undefined
    throw error
  }
}

function jobFor(chosen: ChosenMap, instance: Instance, { context, debug, xml }: Run): TransformJob {
  const map = 'canonical' in chosen ? undefined : 'brought' in chosen ? chosen.brought : chosen.stored
  return {
    map: 'canonical' in chosen ? { canonical: chosen.canonical } : { json: stringifyJson(map) },
    supporting: chosen.supporting.map((each) => stringifyJson(each)),
    content: instanceText(instance),
    now: context.now().toISOString(),
    debug,
    xml,
  }
}

function transformHere(compiled: CompiledMap, instance: Instance, { context, debug, xml, limits }: Run): Done {
  const events: TraceEvent[] = []
  const trace = { event: (event: TraceEvent) => events.length < traceLimit && events.push(event) }
  const call = { now: context.now(), uuid: context.uuid, ...(debug ? { trace } : {}), ...(limits ? { limits } : {}) }
  const result = compiled.run(instanceValue(instance), call)
  const written = xml && !resourceIn(result) ? compiled.writeXml(result) : undefined
  return { result, warnings: compiled.warnings, events, ...(written === undefined ? {} : { xml: written }) }
}

type Done = Omit<TransformAnswer, 'result'> & { result: Json | string }

function reply({ result: given, warnings, events, xml }: Done, debug: boolean): OperationReply {
  const result = typeof given === 'string' ? parseJson(given) : given
  const resource = resourceIn(result)
  if (debug) return { resource: traced(result, warnings, events) }
  if (resource) return { resource }
  if (xml !== undefined) return { raw: { contentType: 'application/fhir+xml; charset=utf-8', body: xml } }
  return { raw: { contentType: 'application/fhir+json; charset=utf-8', body: stringifyJson(result) } }
}

/** A map may make anything; what says that it is a resource is handed on as one. */
const resourceIn = (result: Json): Resource | undefined =>
  isAnyResource(result) && isResource(result.resourceType) ? result : undefined

function traced(result: Json, warnings: TransformAnswer['warnings'], events: TraceEvent[]): Resource {
  const resource = resourceIn(result) ?? {
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
  for (const each of warnings) parameter.push({ name: 'warning', valueString: each.details?.text ?? each.code })
  return { resourceType: 'Parameters', parameter }
}

function describe(event: TraceEvent): string {
  if (event.kind === 'rule') {
    const place = event.line === undefined ? '' : ` (line ${event.line}, column ${event.column})`
    const time = event.at === undefined ? '' : `, at ${event.at.toFixed(3)} ms`
    return `${event.map} ${event.group} "${event.rule}"${place}, depth ${event.depth}${time}`
  }
  return `${event.rule}: ${event.kind === 'element' ? event.element : event.text}`
}
