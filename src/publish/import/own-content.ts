import { existsSync, readFileSync } from 'node:fs'
import { isJsonObject } from '../../base/json.ts'
import { artefactName, asRefused } from '../../fhir/artefact.ts'
import { parseJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import { contentHash } from '../identity.ts'
import type { Gate } from './candidate.ts'

/** Name of an artefact in the record: type, url and version. */
export const recordName = (resource: Resource) => `${resource.resourceType} ${artefactName(resource)}`

/**
 * The way in for the content that is shipped. What is as it was recorded was checked when it was (a test holds it to that), so a
 * first start need not translate its rules; what somebody changed is checked like anything else. That it was checked is no signature:
 * where the operator wants that of an author, it becomes a draft without one, as anything else does.
 */
export function ownContentGate(gate: Gate, recorded: Record<string, string>): Gate {
  return {
    ...gate,
    async admit(resource, beside) {
      if (recorded[recordName(resource)] !== contentHash(resource)) return gate.admit(resource, beside)
      const missing = await gate.unsigned?.(resource, beside)
      if (missing) return { resource: asRefused(resource), issues: [missing], isRefused: true }
      return { resource, issues: [], isRefused: false }
    },
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
