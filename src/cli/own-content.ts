import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { artefactName } from '../fhir/artefact.ts'
import type { Resource } from '../fhir/types.ts'
import type { Gate } from '../packages/admission.ts'
import { contentHash } from '../publish/identity.ts'
import type { Publish } from '../publish/publish.ts'
import { projectRoot } from '../server.ts'

/** File that names every shipped artefact with the hash of its content; written by `node scripts/record-content.ts`. */
export const contentRecord = join(projectRoot, 'content-record.json')

/** Name of an artefact in the record: type, url and version. */
export const recordName = (resource: Resource) => `${resource.resourceType} ${artefactName(resource)}`

/**
 * The way in for the content that is shipped. What is as it was recorded was checked when it was (a test holds it to that), so a
 * first start need not translate its rules; what somebody changed is checked like anything else.
 */
export function ownContentGate(publish: Publish): Gate {
  const recorded = readRecord()
  return {
    ...publish,
    admit: async (resource, beside) =>
      recorded[recordName(resource)] === contentHash(resource)
        ? { resource, issues: [], isRefused: false }
        : publish.admit(resource, beside),
  }
}

/** The record: name → hash. Without the file nothing counts as checked. */
export function readRecord(): Record<string, string> {
  if (!existsSync(contentRecord)) return {}
  return JSON.parse(readFileSync(contentRecord, 'utf8')) as Record<string, string>
}
