import { stringifyJson } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { badRequest } from '../../fhir/error.ts'
import { asJson, isOfType, parseJson } from '../../fhir/json.ts'
import { firstParameter, type OperationCall } from '../../fhir/operation.ts'
import { parseXml } from '../../fhir/xml/read.ts'
import type { TransformJob } from '../../structure-map/map-worker.ts'

/** The instance of a `$transform`, read or not. */
export type Instance = {
  /** About how large it is. */
  bytes: number
} & ({ value: Json } | { format: 'json' | 'xml'; text: Uint8Array })

/** The instance to transform, whatever the form of the call. @throws FhirError 400 when there is none, or of another media type */
export function readInstance(call: OperationCall): Instance {
  if (call.body) return { format: 'json', text: call.body.bytes, bytes: call.body.bytes.length }
  const given = firstParameter(call.parameters, 'content') ?? firstParameter(call.parameters, 'resource')
  const resource = given?.resource
  if (!resource)
    throw badRequest(
      { text: 'There is no instance to transform: neither a body nor content', expression: 'Parameters.parameter' },
      'required',
    )
  if (isOfType(resource, 'Binary') && resource.data) {
    const text = Buffer.from(resource.data, 'base64')
    return { format: formatOf(resource.contentType), text, bytes: text.length }
  }
  const value = asJson(resource)
  return { value, bytes: sizeOf(value) }
}

/** About how many characters the JSON of a value has: to write a large one for that alone takes as long as to transform it. */
function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value !== 'object' || value === null) return 6
  let size = 3
  if (Array.isArray(value)) for (const each of value) size += sizeOf(each)
  else for (const name in value) size += name.length + 3 + sizeOf(value[name] ?? null)
  return size
}

function formatOf(contentType: string): 'json' | 'xml' {
  if (/\bjson\b|\+json/.test(contentType)) return 'json'
  if (/fhir\+xml/.test(contentType)) return 'xml'
  throw badRequest(
    {
      text: `A Binary of type ${contentType} cannot be transformed; application/json can`,
      expression: 'Parameters.parameter',
    },
    'not-supported',
  )
}

/** The instance as it is sent to a process. */
export function instanceText(instance: Instance): TransformJob['content'] {
  if ('value' in instance) return { format: 'json', text: stringifyJson(instance.value) }
  return { format: instance.format, text: instance.text }
}

/** The instance, read. @throws FhirError 400, 422 for what cannot be read */
export function instanceValue(instance: Instance): Json {
  if ('value' in instance) return instance.value
  return instance.format === 'json' ? parseJson(instance.text) : asJson(parseXml(instance.text))
}
