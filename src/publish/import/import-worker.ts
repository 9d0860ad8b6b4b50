/** The process of one import (import-task.ts). */
import { FhirError, unprocessable } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import { readConceptMap } from '../../packages/concept-map/read-concept-map.ts'
import { openSource } from '../../packages/large-code-system/sources.ts'
import { putApart } from './import-code-system.ts'
import type { Imported, ImportMessage, ImportTask } from './import-task.ts'

const tell = (message: ImportMessage) =>
  new Promise<void>((done) => {
    process.send?.(message, () => done())
  })

async function importFile(task: ImportTask): Promise<Imported> {
  return task.type === 'CodeSystem' ? importCodes(task) : importMap(task)
}

async function importCodes({ path, head: { status, ...given }, indexes }: ImportTask): Promise<Imported> {
  const source = openSource(path, given)
  if (!source) throw unprocessable('This is no source of a code system.')
  let toldAt = 0
  const made = await putApart(source, indexes, (done, total) => {
    if (done - toldAt < total / 200) return
    toldAt = done
    void tell({ progress: `${done} of ${total}` })
  })
  // All or nothing: a code that is missing would be taken for one that does not exist.
  if (!made.isComplete)
    throw new FhirError(
      422,
      made.issues.map((each) => ({ ...each, severity: 'error' as const })),
    )
  const resource = status === undefined ? made.resource : { ...made.resource, status }
  return { resource, issues: made.issues }
}

function importMap({ path, format, head }: ImportTask): Imported {
  const base: ConceptMap = { resourceType: 'ConceptMap', status: 'active' }
  const { map, mappings } = readConceptMap(
    path,
    { format, head: { ...base, ...head } },
    (done) => void tell({ progress: `${done} mappings` }),
  )
  const text = `${mappings} mappings in ${map.group?.length ?? 0} groups`
  return { resource: map, issues: [{ severity: 'information', code: 'informational', details: { text } }] }
}

process.once('message', async (task: ImportTask) => {
  try {
    await tell({ imported: await importFile(task) })
  } catch (error) {
    const { status, issues } = error instanceof FhirError ? error : { status: 0, issues: [] }
    await tell(status > 0 ? { refused: { status, issues } } : { failed: String(error) })
  }
})
