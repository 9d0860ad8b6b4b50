import { existsSync, readFileSync } from 'node:fs'
import { isJsonObject } from '../../base/json.ts'
import { artefactName } from '../../fhir/artefact.ts'
import { parseJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import { contentHash } from '../identity.ts'
import type { Gate } from './candidate.ts'

/** Name of an artefact in the record: type, url and version. */
export const recordName = (resource: Resource) => `${resource.resourceType} ${artefactName(resource)}`

/**
 * The way in for the content that is shipped. What is as it was recorded was checked when it was (a test holds it to that), so a
 * first start need not translate its rules; what somebody changed is checked like anything else.
 */
export function ownContentGate(gate: Gate, recorded: Record<string, string>): Gate {
  return {
    ...gate,
    admit: async (resource, beside) =>
      recorded[recordName(resource)] === contentHash(resource)
        ? { resource, issues: [], isRefused: false }
        : gate.admit(resource, beside),
  }
}

/** A record of shipped content: name → hash. Without the file nothing counts as checked. */
export function readRecord(file: string): Record<string, string> {
  const record = existsSync(file) ? parseJson(readFileSync(file)) : {}
  if (!isJsonObject(record)) return {}
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, hash]) => (typeof hash === 'string' ? [[name, hash]] : [])),
  )
}
