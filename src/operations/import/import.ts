import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import { defineOperation, firstParameter, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'
import { type ImportTask, importBeside } from '../../publish/import/import-task.ts'
import { ownFault } from '../../publish/own/own-fault.ts'
import type { OperationContext } from '../context.ts'

/** Media types of files, and how they are read. */
const formats: Record<string, ImportTask['format']> = {
  'text/csv': 'CSV',
  'application/fhir+ndjson': 'NDJSON',
  'application/x-ndjson': 'NDJSON',
  'application/ndjson': 'NDJSON',
}

const statuses = ['draft', 'active', 'retired'] as const

/** The largest file; SNOMED CT International as CSV has some 60 MB. */
const mostBytes = 2_000_000_000

/** `CodeSystem/$import` and `ConceptMap/$import`: a file of any size becomes one version of an artefact, all of it or nothing. */
export const importOperation = defineOperation<OperationContext>({
  name: 'import',
  title: 'Import',
  description:
    'Imports a code system or a concept map from CSV (a first line that names the columns) or NDJSON (one concept or mapping a line; the first line may be the resource without them). The file is the body, with url, version, name and status in the address, or an attachment of Parameters. It answers 202 with the address of its status in Content-Location: 202 with X-Progress while it runs, 200 with a Bundle when it is done; DELETE ends it. What is there is served until all of the new is there.',
  type: ['CodeSystem', 'ConceptMap'],
  affectsState: true,
  asynchronous: true,
  accepts: Object.keys(formats),
  spoolBytes: mostBytes,
  strict: true,
  parameters: [
    input('url', 'uri', 'Canonical of what is imported; of a file that is the body it stands in the address', '1..1'),
    input('version', 'string', 'Business version'),
    input('name', 'string', 'Computer-friendly name'),
    input('status', 'code', 'draft, active or retired; active without it'),
    input('file', 'Attachment', 'The file, with its contentType and data; instead of a body that is the file'),
    output('return', 'OperationOutcome', 'What was imported, with the version that was written', '1..1'),
  ],
  admit(parameters, { resourceType, principal, isFile }) {
    const { url, version } = headOf(parameters)
    if (url === undefined && isFile)
      throw badRequest({ text: 'The url must stand in the address of a file.', expression: 'url' }, 'required')
    if (url === undefined) return
    const resource = asResource({ resourceType, url, ...(version === undefined ? {} : { version }) })
    const fault = principal && ownFault(resource, principal)
    if (fault !== undefined)
      throw new FhirError(403, issue('forbidden', `The import is not for this client to make: ${fault}.`))
  },
  async handle(call, { storage, uploads, indexes, uuid }) {
    const { resourceType, commit, signal } = call
    const type = resourceType === 'ConceptMap' ? 'ConceptMap' : 'CodeSystem'
    if (!commit) throw new Error('An import writes.')
    const head = headOf(call.parameters)
    if (head.url === undefined) throw badRequest({ text: 'The url is missing.', expression: 'url' }, 'required')
    const { path, format } = await fileOf(call, join(uploads, uuid()))
    try {
      const progress = (text: string) => call.progress?.(text)
      const { resource, issues } = await importBeside({ path, format, head, type, indexes }, { progress, signal })
      signal?.throwIfAborted()
      progress('storing')
      const same = (await storage.findCanonical(type, head.url)).find(
        (each) => 'version' in each && each.version === ('version' in resource ? resource.version : undefined),
      )
      const id = same?.id ?? uuid()
      const [changed] = await commit([{ method: 'PUT', type, id, resource: { ...resource, id } }])
      const text = `${type}/${id} was ${changed?.outcome ?? 'written'}, version ${changed?.version.versionId ?? ''}.`
      const told = issue('informational', { severity: 'information', text })
      return { resource: operationOutcome([told, ...issues]), headers: { 'Content-Location': `${type}/${id}` } }
    } finally {
      await rm(path, { force: true })
    }
  },
})

function headOf(parameters: Parameters): ImportTask['head'] {
  const head: ImportTask['head'] = {}
  for (const name of ['url', 'version', 'name'] as const) {
    const value = textParameter(parameters, name)
    if (value !== undefined && value !== '') head[name] = value
  }
  const given = textParameter(parameters, 'status') ?? ''
  if (given === '') return head
  const status = statuses.find((each) => each === given)
  if (!status) throw badRequest({ text: 'The status must be draft, active or retired.', expression: 'status' }, 'value')
  return { ...head, status }
}

/** The file on disk under a name that says its format. */
async function fileOf(
  { body, parameters }: OperationCall,
  place: string,
): Promise<{ path: string; format: ImportTask['format'] }> {
  const attachment = firstParameter(parameters, 'file')?.valueAttachment
  if ((body === undefined) === (attachment === undefined))
    throw badRequest('One file is needed: as the body, or as the parameter file.', 'required')
  const format = formats[body?.contentType ?? attachment?.contentType?.split(';')[0]?.trim().toLowerCase() ?? '']
  if (!format)
    throw badRequest({ text: `The file must be one of ${Object.keys(formats).join(', ')}.`, expression: 'file' })
  await mkdir(dirname(place), { recursive: true, mode: 0o700 })
  const path = `${place}.${format === 'CSV' ? 'csv' : 'ndjson'}`
  if (body?.file !== undefined) await rename(body.file, path)
  else await writeFile(path, body?.bytes ?? Buffer.from(attachment?.data ?? '', 'base64'), { mode: 0o600, flag: 'wx' })
  return { path, format }
}
